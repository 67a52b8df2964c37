-- Notes that the messages of a batch have been scored, or why one has no score.
UPDATE sentiment.message
SET model = %(model)s, unscored = settled.unscored
FROM unnest(%(batch)s::bigint[], %(reasons)s::text[]) AS settled (message_id, unscored)
WHERE message.message_id = settled.message_id
