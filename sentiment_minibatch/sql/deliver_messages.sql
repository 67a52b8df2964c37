-- Grain: one row per different delivery of a message that was not there. Rows go in key order, so two loads cannot deadlock.
INSERT INTO sentiment.message (message_id, created_at, text, mark)
SELECT message_id, created_at, text, mark
FROM unnest(%(message_ids)s::bigint[], %(times)s::timestamptz[], %(texts)s::text[], %(marks)s::text[])
         AS delivered (message_id, created_at, text, mark)
WHERE created_at >= %(kept_from)s
ORDER BY message_id, created_at, md5(text), mark
ON CONFLICT DO NOTHING
