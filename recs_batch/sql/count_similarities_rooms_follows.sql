-- Where the scorer count leads on from a connection: to the rooms that one has joined. Grain: one row per (source_id, item_id).
SELECT 0 AS is_room, s.user_id AS source_id, s.room_id AS item_id, CAST(1 AS BIGINT) AS weight
FROM subscriptions AS s
JOIN items AS i ON i.id = s.room_id AND i.active
