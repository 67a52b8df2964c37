-- The messages written until the end of the run's date; direct ones have no room. Of several with one id the first by
-- author, room (none before any) and time counts. Grain: one row per message.
SELECT message_id, user_id, room_id, mention_ids, mention_weight, weight
FROM (
    SELECT m.id AS message_id, m.user_id, m.room_id, m.mention_ids, $mention AS mention_weight, $post AS weight,
        row_number() OVER (PARTITION BY m.id ORDER BY m.user_id, m.room_id NULLS FIRST, m.created_at) AS place
    FROM raw_messages AS m
    JOIN users AS u ON u.id = m.user_id
    LEFT JOIN rooms AS r ON r.id = m.room_id
    WHERE m.created_at < $end AND m.id IS NOT NULL AND (m.room_id IS NULL OR r.id IS NOT NULL)
) AS written
WHERE place = 1
