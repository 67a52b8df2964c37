-- Grain: one row per message delivered. Of several deliveries of a message the least (created_at, text, mark) counts; one
-- that takes another's place waits to be scored again. Rows go in key order, so two loads cannot deadlock.
INSERT INTO sentiment.message AS kept (message_id, created_at, text, mark)
SELECT DISTINCT ON (message_id) message_id, created_at, text, mark
FROM unnest(%(message_ids)s::bigint[], %(times)s::timestamptz[], %(texts)s::text[], %(marks)s::text[])
         AS delivered (message_id, created_at, text, mark)
WHERE created_at >= %(kept_from)s
ORDER BY message_id, created_at, text COLLATE "C", coalesce(mark, '') COLLATE "C"
ON CONFLICT (message_id) DO UPDATE
    SET created_at = excluded.created_at, text = excluded.text, mark = excluded.mark, model = NULL, unscored = NULL
    WHERE (excluded.created_at, excluded.text, coalesce(excluded.mark, ''))
        < (kept.created_at, kept.text, coalesce(kept.mark, ''))
RETURNING old.message_id IS NULL AS is_new
