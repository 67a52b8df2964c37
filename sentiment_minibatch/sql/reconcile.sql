-- Grain: one row per (symbol, period_ending) of the range where the minutes and a recomputation from the raw scores
-- differ. Minutes that the job has yet to do, and knows of, are no difference. One statement, hence one moment.
WITH settled AS (
    SELECT greatest(%(start)s::timestamptz, kept_from) AS start, least(%(end)s, aggregated_through) AS end
    FROM sentiment.progress
),
recomputed AS (
    SELECT symbol,
           sentiment.period_ending_of(created_at)          AS period_ending,
           sum(greatest(score_micros, 0))                  AS bullish_sum,
           sum(least(score_micros, 0))                     AS bearish_sum,
           sum((score_micros > 0)::integer)                AS bullish_count,
           sum((score_micros < 0)::integer)                AS bearish_count,
           sum((score_micros = 0)::integer)                AS neutral_count
    FROM sentiment.raw_score
    WHERE created_at >= (SELECT start FROM settled) AND created_at < (SELECT settled.end FROM settled)
    GROUP BY 1, 2
),
kept AS (
    SELECT symbol, period_ending, bullish_sum, bearish_sum, bullish_count, bearish_count, neutral_count
    FROM sentiment.minute
    WHERE period_ending > (SELECT start FROM settled) AND period_ending <= (SELECT settled.end FROM settled)
)
SELECT period_ending, symbol, to_jsonb(kept) - ARRAY['symbol', 'period_ending'] AS kept,
       to_jsonb(recomputed) - ARRAY['symbol', 'period_ending'] AS recomputed
FROM kept
FULL JOIN recomputed USING (symbol, period_ending)
WHERE (kept.bullish_sum, kept.bearish_sum, kept.bullish_count, kept.bearish_count, kept.neutral_count)
      IS DISTINCT FROM (recomputed.bullish_sum, recomputed.bearish_sum, recomputed.bullish_count,
                        recomputed.bearish_count, recomputed.neutral_count)
  AND NOT EXISTS (SELECT FROM sentiment.changed_minute WHERE changed_minute.period_ending = coalesce(kept.period_ending, recomputed.period_ending))
ORDER BY period_ending, symbol
