-- Grain: one row per (symbol, period_ending) of [start, end) where the minutes and a recomputation from the raw scores
-- differ. Minutes that the job has yet to do, and knows of, are no difference. One statement, hence one moment.
WITH passed AS (
    SELECT aggregated_through FROM sentiment.progress
),
recomputed AS (
    SELECT symbol,
           sentiment.period_ending_of(created_at)          AS period_ending,
           sum(greatest(score_micros, 0))                  AS bullish_sum,
           sum(least(score_micros, 0))                     AS bearish_sum,
           sum(sentiment.square_of(score_micros))          AS squares_sum,
           sum((score_micros > 0)::integer)                AS bullish_count,
           sum((score_micros < 0)::integer)                AS bearish_count,
           sum((score_micros = 0)::integer)                AS neutral_count
    FROM sentiment.raw_score
    WHERE created_at >= %(start)s AND created_at < %(end)s
      AND created_at < (SELECT aggregated_through FROM passed)
    GROUP BY 1, 2
),
kept AS (
    SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
    FROM sentiment.minute
    WHERE period_ending > %(start)s AND period_ending <= %(end)s
      AND period_ending <= (SELECT aggregated_through FROM passed)
)
SELECT period_ending, symbol, to_jsonb(kept) - ARRAY['symbol', 'period_ending'] AS kept,
       to_jsonb(recomputed) - ARRAY['symbol', 'period_ending'] AS recomputed
FROM kept
FULL JOIN recomputed USING (symbol, period_ending)
WHERE (kept.bullish_sum, kept.bearish_sum, kept.squares_sum, kept.bullish_count, kept.bearish_count,
       kept.neutral_count)
      IS DISTINCT FROM (recomputed.bullish_sum, recomputed.bearish_sum, recomputed.squares_sum,
                        recomputed.bullish_count, recomputed.bearish_count, recomputed.neutral_count)
  AND NOT EXISTS (SELECT FROM sentiment.changed_minute WHERE changed_minute.period_ending = coalesce(kept.period_ending, recomputed.period_ending))
ORDER BY period_ending, symbol
