-- Squares in the minutes, and a coarser level: the hour. A history of months reads hours; each is a function of its minutes.

-- The square of a score in millionths, itself in millionths, halves up: at most a million, so that a sum of int4 is exact.
CREATE FUNCTION sentiment.square_of(score_micros integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((score_micros::bigint * score_micros + 500000) / 1000000)::integer;

-- Grain: one row per symbol with a raw score in [ending - 1 minute, ending): its sums and counts.
--
-- A function, because PostgreSQL runs no part of a statement that writes in parallel, but does run a function's query so.
-- It is STABLE: it reads with the snapshot of the statement that calls it. What is asked of every row is little; the rest
-- follows by subtraction, once per symbol. Compiling the query (JIT) takes longer than running it, and a plan made for
-- any minute knows nothing of how full this one is. Both ends of the minute are values when the plan is made, so that the
-- partitions of other days are not even planned for.
DROP FUNCTION sentiment.minute_totals(timestamptz);
CREATE FUNCTION sentiment.minute_totals(ending timestamptz)
RETURNS TABLE (
    symbol text, bullish_sum bigint, bearish_sum bigint, squares_sum bigint,
    bullish_count bigint, bearish_count bigint, neutral_count bigint
)
LANGUAGE plpgsql STABLE
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    beginning timestamptz := ending - interval '1 minute';
BEGIN
    RETURN QUERY
    SELECT summed.symbol,
           coalesce(summed.bullish_sum, 0),
           summed.score_sum - coalesce(summed.bullish_sum, 0),
           summed.squares_sum,
           summed.bullish_count,
           summed.bearish_count,
           summed.messages - summed.bullish_count - summed.bearish_count
    FROM (
        SELECT raw_score.symbol,
               sum(score_micros) FILTER (WHERE score_micros > 0) AS bullish_sum,
               sum(score_micros)                                 AS score_sum,
               sum(sentiment.square_of(score_micros))::bigint    AS squares_sum,
               count(*) FILTER (WHERE score_micros > 0)          AS bullish_count,
               count(*) FILTER (WHERE score_micros < 0)          AS bearish_count,
               count(*)                                          AS messages
        FROM sentiment.raw_score
        WHERE created_at >= beginning
          AND created_at < ending
        GROUP BY raw_score.symbol
    ) AS summed;
END $$;

-- As it was, but safe whichever of its conditions is looked at first: most tables' names do not end in a day.
CREATE OR REPLACE VIEW sentiment.raw_partition AS
SELECT relname AS name, to_date(substring(relname from '^raw_score_[a-z_]+_(\d{8})$'), 'YYYYMMDD') AS day,
       inhparent = 'sentiment.raw_score_late'::regclass AS late
FROM pg_class
JOIN pg_inherits ON inhrelid = oid
WHERE inhparent IN ('sentiment.raw_score_on_time'::regclass, 'sentiment.raw_score_late'::regclass);

-- Grain: as `minute`, with sums in score units (6 decimals).
DROP VIEW sentiment.minute_sentiment;
CREATE VIEW sentiment.minute_sentiment AS
SELECT symbol,
       period_ending,
       (bullish_sum / 1000000.0)::numeric(20, 6) AS bullish_sum,
       (bearish_sum / 1000000.0)::numeric(20, 6) AS bearish_sum,
       (squares_sum / 1000000.0)::numeric(20, 6) AS squares_sum,
       bullish_count,
       bearish_count,
       neutral_count
FROM sentiment.minute;

-- A history of one symbol is read from this index alone: its entries lie together, while its rows lie among those of all
-- others. Insert-only tables are vacuumed by their size; this one is so by the day, for the index to be enough.
DROP INDEX sentiment.minute_of_symbol;
CREATE INDEX minute_of_symbol ON sentiment.minute (symbol, period_ending)
    INCLUDE (bullish_sum, bearish_sum, squares_sum, bullish_count, bearish_count, neutral_count);
ALTER TABLE sentiment.minute SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000);

-- The weight of a minute in the index: half as much for every 15 minutes of age, none from two hours on.
DROP FUNCTION sentiment.index_history, sentiment.index_at, sentiment.market_at, sentiment.index_of, sentiment.decay;
CREATE FUNCTION sentiment.decay(age interval) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN age < interval '2 hours' THEN power(0.5, extract(epoch FROM age)::float8 / 900) ELSE 0 END;

-- The whole hour (by its end) in which the minute that ends at a time lies.
CREATE FUNCTION sentiment.hour_ending_of(period_ending timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', period_ending - interval '1 minute', '2000-01-01T00:00:00Z') + interval '1 hour';

-- Grain: one row per (symbol, whole hour with a message), for hours up to progress.hours_through. `bullish`, `bearish`
-- (>= 0) and `squares` are decayed to the hour's end, in the units of the minutes; `recent_opinions` are those of its
-- last half.
CREATE TABLE sentiment.hour (
    period_ending       timestamptz      NOT NULL,
    bullish             double precision NOT NULL,
    bearish             double precision NOT NULL,
    squares             double precision NOT NULL,
    bullish_count       bigint           NOT NULL,
    bearish_count       bigint           NOT NULL,
    neutral_count       bigint           NOT NULL,
    recent_opinions     bigint           NOT NULL,
    last_message_minute timestamptz      NOT NULL,
    symbol              text COLLATE "C" NOT NULL,
    PRIMARY KEY (symbol, period_ending)
);
CREATE INDEX hour_period_ending ON sentiment.hour (period_ending);

-- Grain: one row per whole hour with a message, as `hour`, for the market; `opinions` are counted and decayed.
CREATE TABLE sentiment.market_hour (
    period_ending   timestamptz      NOT NULL PRIMARY KEY,
    bullish         double precision NOT NULL,
    bearish         double precision NOT NULL,
    squares         double precision NOT NULL,
    opinions        double precision NOT NULL,
    bullish_count   bigint           NOT NULL,
    bearish_count   bigint           NOT NULL,
    neutral_count   bigint           NOT NULL,
    recent_opinions bigint           NOT NULL
);

ALTER TABLE sentiment.progress ADD COLUMN hours_through timestamptz;

-- Writes the hours of `symbols` (all where NULL) that end in (after, through] anew, from their minutes.
CREATE FUNCTION sentiment.write_hours(symbols text[], after timestamptz, through timestamptz) RETURNS void
LANGUAGE plpgsql
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    DELETE FROM sentiment.hour
    WHERE period_ending > after AND period_ending <= through AND (symbols IS NULL OR symbol = ANY (symbols));
    INSERT INTO sentiment.hour
        (symbol, period_ending, bullish, bearish, squares, bullish_count, bearish_count, neutral_count,
         recent_opinions, last_message_minute)
    SELECT symbol, hour_ending, sum(w * bullish_sum), -sum(w * bearish_sum), sum(w * w * squares_sum),
           sum(bullish_count), sum(bearish_count), sum(neutral_count),
           coalesce(sum(bullish_count + bearish_count) FILTER (WHERE period_ending > hour_ending - interval '30 minutes'), 0),
           max(period_ending)
    FROM sentiment.minute
    CROSS JOIN LATERAL (SELECT sentiment.hour_ending_of(period_ending) AS hour_ending) AS place
    CROSS JOIN LATERAL (SELECT sentiment.decay(hour_ending - period_ending) AS w) AS weight
    WHERE period_ending > after AND period_ending <= through AND (symbols IS NULL OR symbol = ANY (symbols))
    GROUP BY symbol, hour_ending;
END $$;

CREATE FUNCTION sentiment.write_market_hours(after timestamptz, through timestamptz) RETURNS void
LANGUAGE plpgsql
SET jit = off
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    DELETE FROM sentiment.market_hour WHERE period_ending > after AND period_ending <= through;
    INSERT INTO sentiment.market_hour
        (period_ending, bullish, bearish, squares, opinions, bullish_count, bearish_count, neutral_count,
         recent_opinions)
    SELECT hour_ending, sum(w * bullish_sum), -sum(w * bearish_sum), sum(w * w * squares_sum),
           sum(w * (bullish_count + bearish_count)), sum(bullish_count), sum(bearish_count), sum(neutral_count),
           coalesce(sum(bullish_count + bearish_count) FILTER (WHERE period_ending > hour_ending - interval '30 minutes'), 0)
    FROM sentiment.market_minute
    CROSS JOIN LATERAL (SELECT sentiment.hour_ending_of(period_ending) AS hour_ending) AS place
    CROSS JOIN LATERAL (SELECT sentiment.decay(hour_ending - period_ending) AS w) AS weight
    WHERE period_ending > after AND period_ending <= through
    GROUP BY hour_ending
    HAVING sum(bullish_count + bearish_count + neutral_count) > 0;
END $$;

-- Triggers keep the hours, whoever writes the minutes. The watermark writes each hour once, when it passes its end;
-- a minute that changes later has the hours of its symbols written again. The row of `progress` orders the writers.
CREATE FUNCTION sentiment.hours_pass() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    passed timestamptz := date_bin('1 hour', NEW.aggregated_through, '2000-01-01T00:00:00Z');
    done   timestamptz := NEW.hours_through;
BEGIN
    IF passed <= done THEN
        RETURN NULL;
    END IF;
    IF done IS NULL THEN
        done := sentiment.hour_ending_of(least((SELECT min(period_ending) FROM sentiment.minute),
                                               (SELECT min(period_ending) FROM sentiment.market_minute)))
                - interval '1 hour';
    END IF;
    WHILE done < passed LOOP -- by the day at most, so that a year needs no more memory than a day
        PERFORM sentiment.write_hours(NULL, done, least(done + interval '1 day', passed));
        PERFORM sentiment.write_market_hours(done, least(done + interval '1 day', passed));
        done := done + interval '1 day';
    END LOOP;
    UPDATE sentiment.progress SET hours_through = passed;
    RETURN NULL;
END $$;
CREATE TRIGGER hours_pass AFTER UPDATE OF aggregated_through ON sentiment.progress
    FOR EACH ROW EXECUTE FUNCTION sentiment.hours_pass();

CREATE FUNCTION sentiment.hours_change() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    known  timestamptz;
    change record;
BEGIN
    SELECT hours_through INTO known FROM sentiment.progress FOR UPDATE;
    FOR change IN
        SELECT sentiment.hour_ending_of(period_ending) AS ending, array_agg(DISTINCT symbol) AS symbols
        FROM changed
        WHERE period_ending <= known
        GROUP BY 1
    LOOP
        PERFORM sentiment.write_hours(change.symbols, change.ending - interval '1 hour', change.ending);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER hours_grow AFTER INSERT ON sentiment.minute REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.hours_change();
CREATE TRIGGER hours_change AFTER UPDATE ON sentiment.minute REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.hours_change();
CREATE TRIGGER hours_shrink AFTER DELETE ON sentiment.minute REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.hours_change();

CREATE FUNCTION sentiment.market_hours_change() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    known  timestamptz;
    ending timestamptz;
BEGIN
    SELECT hours_through INTO known FROM sentiment.progress FOR UPDATE;
    FOR ending IN SELECT DISTINCT sentiment.hour_ending_of(period_ending) FROM changed WHERE period_ending <= known LOOP
        PERFORM sentiment.write_market_hours(ending - interval '1 hour', ending);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER market_hours_grow AFTER INSERT ON sentiment.market_minute REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.market_hours_change();
CREATE TRIGGER market_hours_change AFTER UPDATE ON sentiment.market_minute REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.market_hours_change();
CREATE TRIGGER market_hours_shrink AFTER DELETE ON sentiment.market_minute REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION sentiment.market_hours_change();

-- The hours of what is there already.
UPDATE sentiment.progress SET aggregated_through = aggregated_through WHERE aggregated_through IS NOT NULL;

-- Grain: one row per file of scores that `load` could not read; it goes when the file is read later.
CREATE TABLE sentiment.set_aside_file (
    source       text        NOT NULL PRIMARY KEY,
    reason       text        NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now()
);
