-- The sentiment index: 0 to 100, 50 is neutral, higher is more bullish. sentiment_minibatch/README.md explains it and
-- cites the sources of the formulas.

-- The weight of a minute: half as much for every `half_life` of age.
CREATE FUNCTION sentiment.decay(age interval, half_life interval) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN power(0.5, extract(epoch FROM age)::float8 / extract(epoch FROM half_life)::float8);

-- The index from decayed sums. `bullish` and `bearish` are sums of scores (both >= 0, in any one unit), `opinions` is
-- the decayed count of messages that took a side, `opinions_squared` the sum of the squares of their weights. The prior
-- is worth `prior_messages` messages of strength `strength`, a share `mean` of them bullish. The band is Wilson's 95%
-- interval for the effective number of messages (Kish) and the prior's.
CREATE FUNCTION sentiment.index_of(
    bullish double precision, bearish double precision, opinions double precision, opinions_squared double precision,
    mean double precision, strength double precision, prior_messages double precision,
    OUT index double precision, OUT low double precision, OUT high double precision,
    OUT effective_messages double precision
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT 100 * p,
           100 * greatest(0, (p + z2 / (2 * n) - sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))) / (1 + z2 / n)),
           100 * least(1, (p + z2 / (2 * n) + sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n)))) / (1 + z2 / n)),
           effective
    FROM (
        SELECT greatest(0, least(1, (bullish + prior_messages * strength * mean)
                                    / (bullish + bearish + prior_messages * strength))) AS p,
               effective,
               effective + prior_messages AS n,
               3.841458820694124::float8 AS z2
        FROM (SELECT coalesce(opinions * opinions / nullif(opinions_squared, 0), 0) AS effective) AS kish
    ) AS estimate;
END;

-- Grain: one row. The market's decayed sums at a time, and what thin tickers are shrunk towards: the market's bullish
-- share (itself shrunk towards one half) and its mean strength of an opinion.
CREATE FUNCTION sentiment.market_at(as_of timestamptz, half_life interval, prior_messages double precision)
RETURNS TABLE (
    bullish double precision, bearish double precision, opinions double precision, opinions_squared double precision,
    mean double precision, strength double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.bullish, s.bearish, s.opinions, s.opinions_squared,
           (s.bullish + prior_messages * s.strength / 2) / (s.bullish + s.bearish + prior_messages * s.strength),
           s.strength
    FROM (
        SELECT coalesce(sum(w * bullish_sum), 0) AS bullish,
               coalesce(-sum(w * bearish_sum), 0) AS bearish,
               coalesce(sum(w * (bullish_count + bearish_count)), 0) AS opinions,
               coalesce(sum(w * w * (bullish_count + bearish_count)), 0) AS opinions_squared,
               coalesce(sum(w * (bullish_sum - bearish_sum)) / nullif(sum(w * (bullish_count + bearish_count)), 0),
                        500000) AS strength
        FROM (
            SELECT market_minute.*, sentiment.decay(as_of - period_ending, half_life) AS w
            FROM sentiment.market_minute
            WHERE period_ending > as_of - 8 * half_life AND period_ending <= as_of
        ) AS weighted
    ) AS s;
END;

-- Grain: one row per symbol with a message in the 24 hours before `as_of`. `index` and its band are NULL (no data) where
-- no message took a side in the last two half-lives. Volume is the messages of the last 15 minutes against what the 24
-- hours before them make one expect; its z-score is Anscombe's for a Poisson count.
CREATE FUNCTION sentiment.index_at(
    as_of timestamptz, half_life interval DEFAULT interval '15 minutes', prior_messages double precision DEFAULT 20
)
RETURNS TABLE (
    symbol text, index numeric, low numeric, high numeric, effective_messages numeric,
    messages bigint, expected_messages numeric, volume_ratio numeric, volume_z numeric, last_message_minute timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH history AS (
        SELECT greatest(1, least(1440, extract(epoch FROM as_of - interval '15 minutes' - min(period_ending)) / 60 + 1))
               AS minutes
        FROM sentiment.market_minute
        WHERE period_ending > as_of - interval '1455 minutes' AND period_ending <= as_of - interval '15 minutes'
    ),
    summed AS (
        SELECT minute.symbol,
               coalesce(sum(w * bullish_sum), 0) AS bullish,
               coalesce(-sum(w * bearish_sum), 0) AS bearish,
               coalesce(sum(w * (bullish_count + bearish_count)), 0) AS opinions,
               coalesce(sum(w * w * (bullish_count + bearish_count)), 0) AS opinions_squared,
               coalesce(sum(bullish_count + bearish_count)
                        FILTER (WHERE period_ending > as_of - 2 * half_life), 0) > 0 AS fresh,
               coalesce(sum(bullish_count + bearish_count + neutral_count)
                        FILTER (WHERE period_ending > as_of - interval '15 minutes'), 0) AS messages,
               coalesce(sum(bullish_count + bearish_count + neutral_count)
                        FILTER (WHERE period_ending <= as_of - interval '15 minutes'), 0) AS messages_before,
               max(period_ending) AS last_message_minute
        FROM (
            SELECT minute.*,
                   CASE WHEN period_ending > as_of - 8 * half_life
                        THEN sentiment.decay(as_of - period_ending, half_life) ELSE 0 END AS w
            FROM sentiment.minute
            WHERE period_ending > as_of - interval '1455 minutes' AND period_ending <= as_of
        ) AS minute
        GROUP BY minute.symbol
    )
    SELECT summed.symbol,
           CASE WHEN fresh THEN estimate.index::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.low::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.high::numeric(5, 2) END,
           estimate.effective_messages::numeric(20, 1),
           messages::bigint,
           expected::numeric(20, 2),
           (messages / nullif(expected, 0))::numeric(20, 2),
           (2 * (sqrt(messages + 0.375) - sqrt(expected + 0.375)))::numeric(20, 2),
           last_message_minute
    FROM summed
    CROSS JOIN history
    CROSS JOIN sentiment.market_at(as_of, half_life, prior_messages) AS market
    CROSS JOIN LATERAL (SELECT messages_before * 15 / history.minutes AS expected) AS own
    CROSS JOIN LATERAL sentiment.index_of(
        summed.bullish, summed.bearish, summed.opinions, summed.opinions_squared, mean, strength, prior_messages
    ) AS estimate;
END;

-- Grain: one row per step in (from_time, to_time], oldest first, for one symbol, or for the whole market where
-- `of_symbol` is NULL. A row says what the index was at `period_ending`, and how many messages came in the step before.
CREATE FUNCTION sentiment.index_history(
    of_symbol text, from_time timestamptz, to_time timestamptz, step interval,
    half_life interval DEFAULT interval '15 minutes', prior_messages double precision DEFAULT 20
)
RETURNS TABLE (
    period_ending timestamptz, index numeric, low numeric, high numeric, effective_messages numeric,
    bullish_count bigint, bearish_count bigint, neutral_count bigint
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH source AS MATERIALIZED (
        SELECT m.period_ending, m.bullish_sum, m.bearish_sum, m.bullish_count::bigint, m.bearish_count::bigint,
               m.neutral_count::bigint
        FROM sentiment.minute AS m
        WHERE m.symbol = of_symbol
          AND m.period_ending > from_time - greatest(8 * half_life, step) AND m.period_ending <= to_time
        UNION ALL
        SELECT m.period_ending, m.bullish_sum, m.bearish_sum, m.bullish_count, m.bearish_count, m.neutral_count
        FROM sentiment.market_minute AS m
        WHERE of_symbol IS NULL
          AND m.period_ending > from_time - greatest(8 * half_life, step) AND m.period_ending <= to_time
    )
    SELECT grid.at,
           CASE WHEN fresh THEN estimate.index::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.low::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.high::numeric(5, 2) END,
           estimate.effective_messages::numeric(20, 1),
           s.bullish_count, s.bearish_count, s.neutral_count
    FROM generate_series(from_time + step, to_time, step) AS grid(at)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(w * bullish_sum), 0) AS bullish,
               coalesce(-sum(w * bearish_sum), 0) AS bearish,
               coalesce(sum(w * (source.bullish_count + source.bearish_count)), 0) AS opinions,
               coalesce(sum(w * w * (source.bullish_count + source.bearish_count)), 0) AS opinions_squared,
               coalesce(sum(source.bullish_count + source.bearish_count)
                        FILTER (WHERE source.period_ending > grid.at - 2 * half_life), 0) > 0 AS fresh,
               coalesce(sum(source.bullish_count) FILTER (WHERE source.period_ending > grid.at - step), 0)::bigint
                   AS bullish_count,
               coalesce(sum(source.bearish_count) FILTER (WHERE source.period_ending > grid.at - step), 0)::bigint
                   AS bearish_count,
               coalesce(sum(source.neutral_count) FILTER (WHERE source.period_ending > grid.at - step), 0)::bigint
                   AS neutral_count
        FROM source
        CROSS JOIN LATERAL (
            SELECT CASE WHEN source.period_ending > grid.at - 8 * half_life
                        THEN sentiment.decay(grid.at - source.period_ending, half_life) ELSE 0 END AS w
        ) AS weight
        WHERE source.period_ending > grid.at - greatest(8 * half_life, step) AND source.period_ending <= grid.at
    ) AS s
    CROSS JOIN LATERAL sentiment.market_at(grid.at, half_life, prior_messages) AS market
    CROSS JOIN LATERAL sentiment.index_of(
        s.bullish, s.bearish, s.opinions, s.opinions_squared,
        CASE WHEN of_symbol IS NULL THEN 0.5 ELSE market.mean END, market.strength, prior_messages
    ) AS estimate
    ORDER BY grid.at;
END;
