-- Brings sentiment.minute up to date for the minutes that changed: a minute is its latest revision and the messages sent
-- alone that stand after it in the stream; those before it, the revision knows of.
-- Grain of sentiment.minute: one row per (symbol, period_ending) with a message in that minute.
WITH changed_once AS (
    SELECT DISTINCT symbol, period_ending FROM changed
),
part AS (
    SELECT symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
    FROM sentiment.stream_minute
    JOIN changed_once USING (symbol, period_ending)
    UNION ALL
    SELECT changed_once.symbol, changed_once.period_ending, greatest(score_micros, 0), least(score_micros, 0),
           (score_micros::bigint * score_micros + 500000) / 1000000,
           (score_micros > 0)::integer, (score_micros < 0)::integer, (score_micros = 0)::integer
    FROM sentiment.stream_message AS message
    JOIN changed_once ON message.symbol = changed_once.symbol
                     AND sentiment.period_ending_of(message.created_at) = changed_once.period_ending
    WHERE NOT EXISTS (SELECT FROM sentiment.stream_minute AS revised
                      WHERE revised.symbol = changed_once.symbol
                        AND revised.period_ending = changed_once.period_ending
                        AND revised.position >= message.position)
),
total AS (
    SELECT symbol, period_ending, sum(bullish_sum) AS bullish_sum, sum(bearish_sum) AS bearish_sum,
           sum(squares_sum) AS squares_sum, sum(bullish_count) AS bullish_count, sum(bearish_count) AS bearish_count,
           sum(neutral_count) AS neutral_count
    FROM part
    GROUP BY symbol, period_ending
    HAVING sum(bullish_count + bearish_count + neutral_count) > 0
),
emptied AS (
    DELETE FROM sentiment.minute
    USING changed_once
    WHERE minute.symbol = changed_once.symbol
      AND minute.period_ending = changed_once.period_ending
      AND NOT EXISTS (SELECT FROM total
                      WHERE total.symbol = minute.symbol AND total.period_ending = minute.period_ending)
)
INSERT INTO sentiment.minute
    (symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count)
SELECT * FROM total
ON CONFLICT (period_ending, symbol) DO UPDATE
    SET bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum, squares_sum = excluded.squares_sum,
        bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
        neutral_count = excluded.neutral_count
