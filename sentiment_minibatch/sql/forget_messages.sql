-- Removes the messages whose texts are kept no longer, but none that waits to be scored.
DELETE FROM sentiment.message
WHERE created_at < now() - %(retention)s
  AND model IS NOT NULL
