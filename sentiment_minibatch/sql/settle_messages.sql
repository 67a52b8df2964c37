-- Notes that the deliveries of a batch have been scored, or why one has no score.
UPDATE sentiment.message
SET model = %(model)s, unscored = settled.unscored
FROM unnest(%(deliveries)s::bigint[], %(reasons)s::text[]) AS settled (delivery, unscored)
WHERE message.delivery = settled.delivery
