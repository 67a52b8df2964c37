-- Recomputes one minute, [period_ending - 1 minute, period_ending), whole, from its raw scores.
-- Grain of sentiment.minute: one row per (symbol, period_ending) with a message in that minute.
--
-- It is one statement, hence one snapshot: the changes that it takes off the list are exactly those whose scores it
-- reads. Scores committed later leave their own entry, for the next run.
WITH taken AS (
    DELETE FROM sentiment.changed_minute
    WHERE period_ending = %(period_ending)s
    RETURNING changed_messages
),
total AS MATERIALIZED (
    SELECT * FROM sentiment.minute_totals(%(period_ending)s)
),
emptied AS ( -- a better delivery may have moved a symbol's last message to another minute
    DELETE FROM sentiment.minute
    WHERE period_ending = %(period_ending)s
      AND NOT EXISTS (SELECT FROM total WHERE total.symbol = minute.symbol)
),
upserted AS (
    INSERT INTO sentiment.minute AS kept
        (symbol, period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count)
    SELECT symbol, %(period_ending)s, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count
    FROM total
    ON CONFLICT (period_ending, symbol) DO UPDATE
        SET bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum, squares_sum = excluded.squares_sum,
            bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
            neutral_count = excluded.neutral_count
        WHERE (kept.bullish_sum, kept.bearish_sum, kept.squares_sum, kept.bullish_count, kept.bearish_count,
               kept.neutral_count)
           <> (excluded.bullish_sum, excluded.bearish_sum, excluded.squares_sum, excluded.bullish_count,
               excluded.bearish_count, excluded.neutral_count)
),
advanced AS (
    UPDATE sentiment.progress
    SET aggregated_through = greatest(aggregated_through, %(period_ending)s), revision = revision + 1
),
market AS (
    SELECT coalesce(sum(bullish_sum), 0) AS bullish_sum, coalesce(sum(bearish_sum), 0) AS bearish_sum,
           coalesce(sum(squares_sum), 0) AS squares_sum, coalesce(sum(bullish_count), 0) AS bullish_count, coalesce(sum(bearish_count), 0) AS bearish_count,
           coalesce(sum(neutral_count), 0) AS neutral_count, count(*) AS symbols,
           CASE WHEN %(late)s THEN coalesce((SELECT sum(changed_messages) FROM taken), 0) ELSE 0 END AS late_messages
    FROM total
)
INSERT INTO sentiment.market_minute AS kept
    (period_ending, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count, symbols,
     passes, late_messages, aggregated_at, elapsed)
SELECT %(period_ending)s, bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count, symbols,
       1, late_messages, clock_timestamp(), clock_timestamp() - statement_timestamp()
FROM market
ON CONFLICT (period_ending) DO UPDATE
    SET bullish_sum = excluded.bullish_sum, bearish_sum = excluded.bearish_sum, squares_sum = excluded.squares_sum,
        bullish_count = excluded.bullish_count, bearish_count = excluded.bearish_count,
        neutral_count = excluded.neutral_count, symbols = excluded.symbols, passes = kept.passes + 1,
        late_messages = kept.late_messages + excluded.late_messages,
        aggregated_at = excluded.aggregated_at, elapsed = excluded.elapsed
RETURNING symbols, bullish_count + bearish_count + neutral_count AS messages,
          CASE WHEN %(late)s THEN (SELECT coalesce(sum(changed_messages), 0) FROM taken) ELSE 0 END AS late_messages
