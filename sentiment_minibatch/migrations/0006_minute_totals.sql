-- Grain: one row per symbol with a raw score in [ending - 1 minute, ending): its sums and counts.
--
-- A function, because PostgreSQL runs no part of a statement that writes in parallel, but does run a function's query so.
-- It is STABLE: it reads with the snapshot of the statement that calls it. What is asked of every row is little; the rest
-- follows by subtraction, once per symbol. Compiling the query (JIT) takes longer than running it, and a plan made for
-- any minute knows nothing of how full this one is.
CREATE FUNCTION sentiment.minute_totals(ending timestamptz)
RETURNS TABLE (
    symbol text, bullish_sum bigint, bearish_sum bigint, bullish_count bigint, bearish_count bigint, neutral_count bigint
)
LANGUAGE plpgsql STABLE
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT summed.symbol,
           coalesce(summed.bullish_sum, 0),
           summed.score_sum - coalesce(summed.bullish_sum, 0),
           summed.bullish_count,
           summed.bearish_count,
           summed.messages - summed.bullish_count - summed.bearish_count
    FROM (
        SELECT raw_score.symbol,
               sum(score_micros) FILTER (WHERE score_micros > 0) AS bullish_sum,
               sum(score_micros)                                 AS score_sum,
               count(*) FILTER (WHERE score_micros > 0)          AS bullish_count,
               count(*) FILTER (WHERE score_micros < 0)          AS bearish_count,
               count(*)                                          AS messages
        FROM sentiment.raw_score
        WHERE created_at >= ending - interval '1 minute'
          AND created_at < ending
        GROUP BY raw_score.symbol
    ) AS summed;
END $$;
