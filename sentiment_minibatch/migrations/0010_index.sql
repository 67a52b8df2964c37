-- The sentiment index: 0 to 100, 50 is neutral, higher is more bullish. sentiment_minibatch/README.md explains it and
-- sentiment_minibatch/index.py cites the sources of the formulas.

-- What a thin ticker is drawn towards weighs as much as this many messages of average strength.
CREATE FUNCTION sentiment.prior_messages() RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 20::float8;

-- The index from decayed sums: `bullish` and `bearish` of scores (both >= 0, in millionths), `squares` of the scores
-- times their weights, squared (in millionths), and the number of opinions behind them, not decayed. The prior is worth
-- `prior_messages()` messages of strength `strength` (millionths), a share `mean` of them bullish. The band is Wilson's
-- 95% interval of the share of score that is bullish, for the effective number of messages (Kish); the prior moves the
-- index within its band and never out of it. It is a table of one row, because PostgreSQL plans such a function as a part
-- of the query that calls it, where one that returns a row would be run anew for each.
CREATE FUNCTION sentiment.index_of(
    bullish double precision, bearish double precision, squares double precision, opinions double precision,
    mean double precision, strength double precision
)
RETURNS TABLE (
    index double precision, low double precision, high double precision, effective_messages double precision
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT least(greatest(100 * drawn, band.low), band.high), band.low, band.high, effective
    FROM (
        SELECT greatest(bullish, 0) / nullif(greatest(bullish, 0) + greatest(bearish, 0), 0) AS share,
               (greatest(bullish, 0) + sentiment.prior_messages() * strength * mean)
                   / (greatest(bullish, 0) + greatest(bearish, 0) + sentiment.prior_messages() * strength) AS drawn,
               -- Squares of weak scores are rounded away: there are never more effective messages than opinions.
               nullif(least(opinions, power(bullish + bearish, 2) / nullif(greatest(squares, 0) * 1e6, 0)), 0) AS effective,
               3.841458820694124::float8 AS z2
    ) AS estimate
    CROSS JOIN LATERAL (
        SELECT 100 * greatest(0, (share + z2 / (2 * effective)
                   - sqrt(z2 * (share * (1 - share) / effective + z2 / (4 * effective ^ 2)))) / (1 + z2 / effective)) AS low,
               100 * least(1, (share + z2 / (2 * effective)
                   + sqrt(z2 * (share * (1 - share) / effective + z2 / (4 * effective ^ 2)))) / (1 + z2 / effective)) AS high
    ) AS band;
END;

-- What tickers are drawn towards, from the market's decayed sums: its bullish share, itself drawn towards one half by
-- the prior, and its mean strength of an opinion.
CREATE FUNCTION sentiment.market_prior(
    bullish double precision, bearish double precision, decayed_opinions double precision
)
RETURNS TABLE (mean double precision, strength double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (bullish + sentiment.prior_messages() * s / 2) / (bullish + bearish + sentiment.prior_messages() * s), s
    FROM (SELECT coalesce((bullish + bearish) / nullif(decayed_opinions, 0), 500000) AS s) AS average;
END;

-- Grain: one row per symbol with a message in the two hours or the 24 whole hours before `as_of`. `index` and its band are
-- NULL (no data) where no message took a side in the last 30 minutes. Volume is the messages of the last 15 minutes
-- against what the 24 whole hours before them make one expect; its z-score is Anscombe's for a Poisson count.
-- It reads two hours of minutes and 24 hours of hours, whatever there is.
CREATE FUNCTION sentiment.index_at(as_of timestamptz)
RETURNS TABLE (
    symbol text, index numeric, low numeric, high numeric, effective_messages numeric,
    messages bigint, expected_messages numeric, volume_ratio numeric, volume_z numeric, last_message_minute timestamptz
)
LANGUAGE plpgsql STABLE
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    first_minute timestamptz := as_of - interval '2 hours';
    last_hour    timestamptz := date_bin('1 hour', as_of - interval '15 minutes', '2000-01-01T00:00:00Z');
    first_hour   timestamptz := last_hour - interval '24 hours';
BEGIN
    RETURN QUERY
    WITH prior AS (
        SELECT of_market.*
        FROM (
            SELECT sum(w * bullish_sum) AS bullish, -sum(w * bearish_sum) AS bearish,
                   sum(w * (bullish_count + bearish_count)) AS opinions
            FROM sentiment.market_minute
            CROSS JOIN LATERAL (SELECT sentiment.decay(as_of - market_minute.period_ending) AS w) AS weight
            WHERE market_minute.period_ending > first_minute AND market_minute.period_ending <= as_of
        ) AS market
        CROSS JOIN LATERAL sentiment.market_prior(
            coalesce(market.bullish, 0), coalesce(market.bearish, 0), coalesce(market.opinions, 0)
        ) AS of_market
    ),
    history AS (
        SELECT greatest(1, extract(epoch FROM last_hour - min(market_hour.period_ending)) / 3600 + 1) AS hours
        FROM sentiment.market_hour
        WHERE market_hour.period_ending > first_hour AND market_hour.period_ending <= last_hour
    ),
    before AS (
        SELECT hour.symbol, sum(bullish_count + bearish_count + neutral_count) AS messages,
               max(hour.last_message_minute) AS last_message_minute
        FROM sentiment.hour
        WHERE hour.period_ending > first_hour AND hour.period_ending <= last_hour
        GROUP BY hour.symbol
    ),
    recent AS (
        SELECT minute.symbol,
               sum(w * bullish_sum) AS bullish,
               -sum(w * bearish_sum) AS bearish,
               sum(w * w * squares_sum) AS squares,
               sum(bullish_count + bearish_count) AS opinions,
               coalesce(sum(bullish_count + bearish_count)
                        FILTER (WHERE period_ending > as_of - interval '30 minutes'), 0) > 0 AS fresh,
               coalesce(sum(bullish_count + bearish_count + neutral_count)
                        FILTER (WHERE period_ending > as_of - interval '15 minutes'), 0) AS messages,
               max(period_ending) AS last_message_minute
        FROM sentiment.minute
        CROSS JOIN LATERAL (SELECT sentiment.decay(as_of - period_ending) AS w) AS weight
        WHERE period_ending > first_minute AND period_ending <= as_of
        GROUP BY minute.symbol
    )
    SELECT coalesce(recent.symbol, before.symbol),
           CASE WHEN fresh THEN estimate.index::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.low::numeric(5, 2) END,
           CASE WHEN fresh THEN estimate.high::numeric(5, 2) END,
           coalesce(estimate.effective_messages, 0)::numeric(20, 1),
           coalesce(recent.messages, 0)::bigint,
           expected::numeric(20, 2),
           (coalesce(recent.messages, 0) / nullif(expected, 0))::numeric(20, 2),
           (2 * (sqrt(coalesce(recent.messages, 0) + 0.375) - sqrt(expected + 0.375)))::numeric(20, 2),
           greatest(recent.last_message_minute, before.last_message_minute)
    FROM recent
    FULL JOIN before ON before.symbol = recent.symbol
    CROSS JOIN history
    CROSS JOIN prior
    CROSS JOIN LATERAL (SELECT coalesce(before.messages, 0) / (4 * history.hours) AS expected) AS own
    CROSS JOIN LATERAL sentiment.index_of(
        recent.bullish, recent.bearish, recent.squares, recent.opinions::float8, prior.mean, prior.strength
    ) AS estimate;
END $$;

-- Grain: one row per step in (from_time, to_time], oldest first, for one symbol, or for the whole market where
-- `of_symbol` is NULL. A row says what the index was at `period_ending`, and how many messages came in the step before.
-- Both times are whole steps since 2000-01-01 UTC; a step divides the hour, or is whole hours.
--
-- One pass, whatever the number of points. The steps' own sums, decayed to their ends, are added up in stretches as long as
-- the window of two hours, weighted from the stretch's beginning (forward decay); a point's sum is what its own stretch
-- has come to, and of the stretch before what is still in the window: all of it less what it had come to by then. Steps of
-- an hour or more are made of `hour`, shorter ones of `minute`.
CREATE FUNCTION sentiment.index_history(
    of_symbol text, from_time timestamptz, to_time timestamptz, step interval
)
RETURNS TABLE (
    period_ending timestamptz, index numeric, low numeric, high numeric, effective_messages numeric,
    bullish_count bigint, bearish_count bigint, neutral_count bigint
)
LANGUAGE plpgsql STABLE
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    window_steps integer          := ceil(extract(epoch FROM interval '2 hours') / extract(epoch FROM step));
    recent_steps integer          := ceil(extract(epoch FROM interval '30 minutes') / extract(epoch FROM step));
    kept         double precision := power(0.5, extract(epoch FROM step)::float8 / 900);
    span         double precision := kept ^ window_steps;
    by_hours     boolean          := step >= interval '1 hour';
    start        timestamptz      := from_time - window_steps * step;
BEGIN
    RETURN QUERY
    WITH piece AS (
        SELECT false AS of_market, m.period_ending, m.bullish_sum::float8 AS bullish, -m.bearish_sum::float8 AS bearish,
               m.squares_sum::float8 AS squares, 0::float8 AS opinions, m.bullish_count::bigint AS ups,
               m.bearish_count::bigint AS downs, m.neutral_count::bigint AS neutrals,
               (m.bullish_count + m.bearish_count)::bigint AS recent
        FROM sentiment.minute AS m
        WHERE NOT by_hours AND m.symbol = of_symbol AND m.period_ending > start AND m.period_ending <= to_time
        UNION ALL
        SELECT false, h.period_ending, h.bullish, h.bearish, h.squares, 0, h.bullish_count, h.bearish_count,
               h.neutral_count, h.recent_opinions
        FROM sentiment.hour AS h
        WHERE by_hours AND h.symbol = of_symbol AND h.period_ending > start AND h.period_ending <= to_time
        UNION ALL
        SELECT true, m.period_ending, m.bullish_sum::float8, -m.bearish_sum::float8, m.squares_sum::float8,
               (m.bullish_count + m.bearish_count)::float8, m.bullish_count, m.bearish_count, m.neutral_count,
               m.bullish_count + m.bearish_count
        FROM sentiment.market_minute AS m
        WHERE NOT by_hours AND m.period_ending > start AND m.period_ending <= to_time
        UNION ALL
        SELECT true, h.period_ending, h.bullish, h.bearish, h.squares, h.opinions, h.bullish_count, h.bearish_count,
               h.neutral_count, h.recent_opinions
        FROM sentiment.market_hour AS h
        WHERE by_hours AND h.period_ending > start AND h.period_ending <= to_time
    ),
    block AS (
        SELECT piece.of_market, place.at,
               sum(w * piece.bullish) AS bullish, sum(w * piece.bearish) AS bearish, sum(w * w * piece.squares) AS squares,
               sum(w * piece.opinions) AS opinions,
               sum(ups + downs) FILTER (WHERE age < interval '2 hours') AS behind,
               sum(recent) FILTER (WHERE age < interval '30 minutes') AS recent,
               sum(ups) AS ups, sum(downs) AS downs, sum(neutrals) AS neutrals
        FROM piece
        CROSS JOIN LATERAL (
            SELECT date_bin(step, piece.period_ending - interval '1 minute', from_time) + step AS at
        ) AS place
        CROSS JOIN LATERAL (SELECT place.at - piece.period_ending AS age) AS since
        CROSS JOIN LATERAL (SELECT sentiment.decay(age) AS w) AS weight
        GROUP BY piece.of_market, place.at
    ),
    grid AS (
        SELECT side.of_market, point.at, (point.number - 1) / window_steps AS stretch,
               power(kept, (point.number - 1) % window_steps + 1) AS weight,
               coalesce(block.bullish, 0) AS bullish, coalesce(block.bearish, 0) AS bearish,
               coalesce(block.squares, 0) AS squares, coalesce(block.opinions, 0) AS opinions,
               coalesce(block.behind, 0) AS behind, coalesce(block.recent, 0) AS recent,
               coalesce(block.ups, 0) AS ups, coalesce(block.downs, 0) AS downs, coalesce(block.neutrals, 0) AS neutrals
        FROM (SELECT true UNION SELECT of_symbol IS NULL) AS side (of_market)
        CROSS JOIN generate_series(start + step, to_time, step) WITH ORDINALITY AS point (at, number)
        LEFT JOIN block ON block.of_market = side.of_market AND block.at = point.at
    ),
    run AS (
        SELECT grid.of_market, grid.at, grid.ups, grid.downs, grid.neutrals, grid.weight,
               sum(grid.behind) OVER (steps ROWS window_steps - 1 PRECEDING) AS behind,
               sum(grid.recent) OVER (steps ROWS recent_steps - 1 PRECEDING) AS recent,
               sum(grid.bullish / weight) OVER so_far AS bullish, sum(grid.bullish / weight) OVER whole AS all_bullish,
               sum(grid.bearish / weight) OVER so_far AS bearish, sum(grid.bearish / weight) OVER whole AS all_bearish,
               sum(grid.squares / weight ^ 2) OVER so_far AS squares, sum(grid.squares / weight ^ 2) OVER whole AS all_squares,
               sum(grid.opinions / weight) OVER so_far AS opinions, sum(grid.opinions / weight) OVER whole AS all_opinions
        FROM grid
        WINDOW steps AS (PARTITION BY grid.of_market ORDER BY grid.at),
               so_far AS (PARTITION BY grid.of_market, grid.stretch ORDER BY grid.at),
               whole AS (PARTITION BY grid.of_market, grid.stretch)
    ),
    state AS (
        -- What two hours without an opinion leave is rounding, and no sum.
        SELECT run.of_market, run.at, run.ups, run.downs, run.neutrals, run.behind, run.recent,
               sign(run.behind) * weight * (bullish + span * lag(all_bullish - bullish, window_steps, 0::float8) OVER steps)
                   AS bullish,
               sign(run.behind) * weight * (bearish + span * lag(all_bearish - bearish, window_steps, 0::float8) OVER steps)
                   AS bearish,
               sign(run.behind) * weight ^ 2
                   * (squares + span ^ 2 * lag(all_squares - squares, window_steps, 0::float8) OVER steps) AS squares,
               sign(run.behind) * weight * (opinions + span * lag(all_opinions - opinions, window_steps, 0::float8) OVER steps)
                   AS opinions
        FROM run
        WINDOW steps AS (PARTITION BY run.of_market ORDER BY run.at)
    )
    SELECT state.at,
           CASE WHEN state.recent > 0 THEN estimate.index::numeric(5, 2) END,
           CASE WHEN state.recent > 0 THEN estimate.low::numeric(5, 2) END,
           CASE WHEN state.recent > 0 THEN estimate.high::numeric(5, 2) END,
           coalesce(estimate.effective_messages, 0)::numeric(20, 1),
           state.ups::bigint, state.downs::bigint, state.neutrals::bigint
    FROM state
    JOIN state AS market ON market.of_market AND market.at = state.at
    CROSS JOIN LATERAL sentiment.market_prior(market.bullish, market.bearish, market.opinions) AS prior
    CROSS JOIN LATERAL sentiment.index_of(
        state.bullish, state.bearish, state.squares, state.behind::float8,
        CASE WHEN of_symbol IS NULL THEN 0.5 ELSE prior.mean END, prior.strength
    ) AS estimate
    WHERE state.at > from_time AND state.of_market = (of_symbol IS NULL)
    ORDER BY state.at;
END $$;

-- Grain: one row per symbol whose company has a name; an operator loads it (`companies`).
CREATE TABLE sentiment.company (
    symbol text COLLATE "C" NOT NULL PRIMARY KEY,
    name   text             NOT NULL
);
