-- Grain: one row per message that is to be scored: one that waits, or with `again` also one that another version has
-- scored. What another run is at is passed over.
SELECT message_id, created_at, text, mark
FROM sentiment.message
WHERE (model IS NULL OR %(again)s AND model <> %(model)s)
  AND created_at >= %(start)s
  AND created_at < %(end)s
ORDER BY created_at, message_id
LIMIT %(at_most)s
FOR UPDATE SKIP LOCKED
