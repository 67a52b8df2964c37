INSERT INTO sentiment.rejected_score (source, position, reason, message_id, symbol, score, created_at)
SELECT %(source)s, position, reason, message_id, symbol, score, created_at
FROM judged
WHERE reason IS NOT NULL
ON CONFLICT DO NOTHING
