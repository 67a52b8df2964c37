-- Grain: one row per symbol that is asked about: over how many whole hours of the 30 days before the hour to `as_of` its
-- index is known at both ends, and in how many of these it moved at least as far, in standard errors, as `moves` says.
WITH asked AS (
    SELECT * FROM unnest(%(symbols)s::text[], %(moves)s::float8[]) AS asked (symbol, move)
),
market AS (
    SELECT period_ending,
           bullish + coalesce(sum(bullish) OVER hour_before, 0) / 16 AS bullish,
           bearish + coalesce(sum(bearish) OVER hour_before, 0) / 16 AS bearish,
           opinions + coalesce(sum(opinions) OVER hour_before, 0) / 16 AS opinions
    FROM sentiment.market_hour
    WHERE period_ending > %(as_of)s::timestamptz - interval '30 days'
      AND period_ending <= %(as_of)s::timestamptz - interval '1 hour'
    WINDOW hour_before AS (ORDER BY period_ending RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' PRECEDING)
),
own AS (
    SELECT symbol, period_ending, recent_opinions,
           bullish + coalesce(sum(bullish) OVER hour_before, 0) / 16 AS bullish,
           bearish + coalesce(sum(bearish) OVER hour_before, 0) / 16 AS bearish,
           squares + coalesce(sum(squares) OVER hour_before, 0) / 256 AS squares,
           bullish_count + bearish_count + coalesce(sum(bullish_count + bearish_count) OVER hour_before, 0) AS opinions
    FROM asked
    CROSS JOIN LATERAL (
        SELECT period_ending, recent_opinions, bullish, bearish, squares, bullish_count, bearish_count
        FROM sentiment.hour
        WHERE hour.symbol = asked.symbol
          AND period_ending > %(as_of)s::timestamptz - interval '30 days'
          AND period_ending <= %(as_of)s::timestamptz - interval '1 hour'
        OFFSET 0  -- a ticker at a time, by its key: the planner would read all tickers' hours
    ) AS hours
    WINDOW hour_before AS (PARTITION BY symbol ORDER BY period_ending
                           RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' PRECEDING)
),
known AS (
    SELECT symbol, period_ending, estimate.index, estimate.high - estimate.low AS width
    FROM own
    JOIN market USING (period_ending)
    CROSS JOIN LATERAL sentiment.market_prior(market.bullish, market.bearish, market.opinions) AS prior
    CROSS JOIN LATERAL sentiment.index_of(
        own.bullish, own.bearish, own.squares, own.opinions::float8, prior.mean, prior.strength
    ) AS estimate
    WHERE recent_opinions > 0
),
moved AS (
    SELECT symbol,
           abs(index - sum(index) OVER hour_before) * 3.92
               / sqrt(width ^ 2 + sum(width) OVER hour_before ^ 2) AS move
    FROM known
    WINDOW hour_before AS (PARTITION BY symbol ORDER BY period_ending
                           RANGE BETWEEN '1 hour' PRECEDING AND '1 hour' PRECEDING)
)
SELECT symbol, count(moved.move) AS hours, count(*) FILTER (WHERE moved.move >= asked.move) AS as_far
FROM asked
LEFT JOIN moved USING (symbol)
GROUP BY symbol
