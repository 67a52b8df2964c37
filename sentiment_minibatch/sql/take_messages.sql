-- Grain: one row per delivery of the messages that are to be scored: those with a delivery that waits, or with `again` also
-- one that another version has scored. Messages that another run is at are passed over, whole.
WITH waiting AS (
    SELECT DISTINCT message_id
    FROM (
        SELECT message_id
        FROM sentiment.message
        WHERE (model IS NULL OR %(again)s AND model <> %(model)s)
          AND created_at >= %(start)s
          AND created_at < %(end)s
        ORDER BY created_at
        LIMIT %(at_most)s
        FOR UPDATE SKIP LOCKED
    ) AS earliest
),
taken AS (
    SELECT message.*
    FROM sentiment.message
    WHERE message_id IN (SELECT message_id FROM waiting)
    FOR UPDATE SKIP LOCKED
)
SELECT delivery, message_id, created_at, text, mark
FROM (SELECT *, count(*) OVER (PARTITION BY message_id) AS locked FROM taken) AS counted
JOIN (
    SELECT message_id, count(*) AS deliveries
    FROM sentiment.message
    WHERE message_id IN (SELECT message_id FROM waiting)
    GROUP BY message_id
) AS whole USING (message_id)
WHERE locked = deliveries
