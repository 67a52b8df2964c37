-- Where the scorer count leads on from a connection: to whomever that one follows. Grain: one row per (source_id, item_id).
SELECT 0 AS is_room, f.user_id AS source_id, f.other_id AS item_id, CAST(1 AS BIGINT) AS weight
FROM follows AS f
JOIN items AS i ON i.id = f.other_id AND i.active
