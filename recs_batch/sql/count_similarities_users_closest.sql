-- Where the scorer count leads on from a connection: to whoever is closest to that one, with W(connection, item).
-- Grain: one row per (source_id, item_id).
SELECT 0 AS is_room, user_id AS source_id, other_id AS item_id, weight FROM closest_users
