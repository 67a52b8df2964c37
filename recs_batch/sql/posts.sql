-- The messages written until the end of the run's date. Grain: one row per message.
SELECT m.id AS message_id, m.user_id, m.room_id, m.mention_ids, $mention AS mention_weight, $post AS weight
FROM raw_messages AS m
JOIN users AS u ON u.id = m.user_id
JOIN rooms AS r ON r.id = m.room_id
WHERE m.created_at < $end AND m.id IS NOT NULL
