-- Keeps the latest revision of each minute, and notes which minutes that changed.
WITH kept AS (
    INSERT INTO sentiment.stream_minute AS kept
        (symbol, period_ending, revision, bullish_sum, bearish_sum, bullish_count, bearish_count, neutral_count, late_count)
    SELECT DISTINCT ON (period_ending, symbol) *
    FROM revised
    ORDER BY period_ending, symbol, revision DESC
    ON CONFLICT (period_ending, symbol) DO UPDATE
        SET revision = excluded.revision,
            bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum,
            bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
            neutral_count = excluded.neutral_count, late_count = excluded.late_count
        WHERE excluded.revision > kept.revision
    RETURNING kept.symbol, kept.period_ending
)
INSERT INTO changed SELECT symbol, period_ending FROM kept
