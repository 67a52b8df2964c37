-- The likes given until the end of the run's date, with the author of what was liked and its room, if it has one.
-- Grain: one row per (user_id, message_id).
SELECT l.user_id, l.message_id, p.user_id AS author_id, p.room_id, max($like) AS weight
FROM raw_likes AS l
JOIN users AS u ON u.id = l.user_id
JOIN posts AS p ON p.message_id = l.message_id
WHERE l.created_at < $end
GROUP BY l.user_id, l.message_id, p.user_id, p.room_id
