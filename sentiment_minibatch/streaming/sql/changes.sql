-- Grain: one row per change of a minute, and one per change of what came too late; what only the other has is NULL.
-- Both are one query: what leaves SQL is planned by itself, and two would read and deduplicate every delivery twice.
SELECT symbol,
       period_ending,
       bullish_sum,
       bearish_sum,
       bullish_count,
       bearish_count,
       neutral_count,
       late_count,
       CAST(NULL AS BIGINT) AS message_id,
       CAST(NULL AS BIGINT) AS created_at_micros,
       CAST(NULL AS INT)    AS bullish_micros,
       CAST(NULL AS INT)    AS bearish_micros
FROM minutes
UNION ALL
SELECT symbol,
       period_ending,
       CAST(NULL AS BIGINT),
       CAST(NULL AS BIGINT),
       CAST(NULL AS BIGINT),
       CAST(NULL AS BIGINT),
       CAST(NULL AS BIGINT),
       CAST(NULL AS BIGINT),
       message_id,
       created_at_micros,
       bullish_micros,
       bearish_micros
FROM came_too_late
