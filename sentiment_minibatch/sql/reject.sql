INSERT INTO sentiment.rejected_score (source, position, reason, message_id, symbol, score, created_at)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
ON CONFLICT DO NOTHING
