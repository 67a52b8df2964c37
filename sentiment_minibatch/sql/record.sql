-- Keeps the rows that count, in time order, and notes every minute that they change.
WITH kept AS (
    INSERT INTO sentiment.raw_score (message_id, created_at, score_micros, late, symbol)
    SELECT message_id, created_at, score_micros, created_at < now() - interval '2 minutes', symbol
    FROM counted_now
    ORDER BY created_at
)
INSERT INTO sentiment.changed_minute (period_ending, changed_messages)
SELECT sentiment.period_ending_of(changed_at), count(*)
FROM (
    SELECT created_at AS changed_at FROM counted_now
    UNION ALL
    SELECT withdrawn_from FROM counted_now WHERE withdrawn_from IS NOT NULL
) AS change
GROUP BY 1
