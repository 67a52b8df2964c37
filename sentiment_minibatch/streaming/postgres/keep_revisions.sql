-- Keeps the latest revision of each minute, and notes which minutes that changed. It is the latest by position first: a
-- job that reads the stream anew, and has not read as far, changes nothing.
WITH kept AS (
    INSERT INTO sentiment.stream_minute AS kept
        (symbol, period_ending, position, revision, final, bullish_sum, bearish_sum, squares_sum,
         bullish_count, bearish_count, neutral_count, late_count)
    SELECT DISTINCT ON (period_ending, symbol)
           symbol, period_ending, position, revision, final, bullish_sum, bearish_sum, squares_sum,
           bullish_count, bearish_count, neutral_count, late_count
    FROM change
    WHERE message_id IS NULL
    ORDER BY period_ending, symbol, position DESC, revision DESC
    ON CONFLICT (period_ending, symbol) DO UPDATE
        SET position = excluded.position, revision = excluded.revision, final = excluded.final,
            bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum, squares_sum = excluded.squares_sum,
            bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
            neutral_count = excluded.neutral_count, late_count = excluded.late_count
        WHERE (excluded.position, excluded.revision) > (kept.position, kept.revision)
    RETURNING kept.symbol, kept.period_ending
)
INSERT INTO changed SELECT symbol, period_ending FROM kept
