-- Forgets how minutes came together, from before a day (UTC); the minutes stay.
WITH kept AS (
    UPDATE sentiment.progress
    SET kept_from = greatest(kept_from, date_trunc('day', clock_timestamp() - %(retention)s, 'UTC'))
    RETURNING kept_from
),
messages AS (
    DELETE FROM sentiment.stream_message USING kept WHERE created_at < kept_from
)
DELETE FROM sentiment.stream_minute USING kept WHERE period_ending <= kept_from
