-- Where the scorer count leads on from a connection: to the rooms closest to that one, with W(connection, room).
-- Grain: one row per (source_id, item_id).
SELECT 0 AS is_room, user_id AS source_id, room_id AS item_id, weight FROM closest_rooms
