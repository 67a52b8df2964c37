-- Sums the minutes that changed over all symbols. Grain of sentiment.market_minute: one row per minute.
WITH changed_once AS (
    SELECT DISTINCT period_ending FROM changed
),
late AS (
    SELECT period_ending, sum(late_count) AS late_messages
    FROM sentiment.stream_minute
    JOIN changed_once USING (period_ending)
    GROUP BY period_ending
),
alone AS (
    SELECT changed_once.period_ending, count(*) AS late_messages
    FROM changed_once
    JOIN sentiment.stream_message ON created_at >= period_ending - interval '1 minute' AND created_at < period_ending
    GROUP BY changed_once.period_ending
)
INSERT INTO sentiment.market_minute AS kept
    (period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count, symbols, passes,
     late_messages, aggregated_at, elapsed)
SELECT period_ending, coalesce(sum(bullish_sum), 0), coalesce(sum(bearish_sum), 0), coalesce(sum(squares_sum), 0),
       coalesce(sum(bullish_count), 0), coalesce(sum(bearish_count), 0), coalesce(sum(neutral_count), 0),
       count(minute.symbol), 1, coalesce(max(late.late_messages), 0) + coalesce(max(alone.late_messages), 0),
       clock_timestamp(), clock_timestamp() - statement_timestamp()
FROM changed_once
LEFT JOIN sentiment.minute USING (period_ending)
LEFT JOIN late USING (period_ending)
LEFT JOIN alone USING (period_ending)
GROUP BY period_ending
ON CONFLICT (period_ending) DO UPDATE
    SET bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum, squares_sum = excluded.squares_sum,
        bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
        neutral_count = excluded.neutral_count, symbols = excluded.symbols, passes = kept.passes + 1,
        late_messages = excluded.late_messages, aggregated_at = excluded.aggregated_at, elapsed = excluded.elapsed
