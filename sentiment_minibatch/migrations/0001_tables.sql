-- The tables. All of them live in the schema `sentiment`; times are timestamptz and are read and written in UTC.

-- Grain: one row per (message_id, symbol): of all its deliveries the one that counts, which is the least by
-- (created_at, score_micros). That rule does not depend on the order of arrival.
CREATE TABLE sentiment.counted_message (
    message_id   bigint           NOT NULL,
    created_at   timestamptz      NOT NULL,
    score_micros integer          NOT NULL,
    symbol       text COLLATE "C" NOT NULL,
    PRIMARY KEY (message_id, symbol)
);
CREATE INDEX counted_message_created_at ON sentiment.counted_message USING brin (created_at) WITH (autosummarize = on);

-- Grain: one row per row of counted_message, in partitions by day (UTC) of created_at. What arrives more than two minutes
-- late lies apart: the rest is then in time order on disk, where a BRIN index of a few kilobytes finds a minute and reads
-- little else; late rows are few and scattered, which takes a B-tree.
CREATE TABLE sentiment.raw_score (
    message_id   bigint           NOT NULL,
    created_at   timestamptz      NOT NULL,
    score_micros integer          NOT NULL CHECK (score_micros BETWEEN -1000000 AND 1000000),
    late         boolean          NOT NULL,
    symbol       text COLLATE "C" NOT NULL
) PARTITION BY LIST (late);
CREATE TABLE sentiment.raw_score_on_time PARTITION OF sentiment.raw_score FOR VALUES IN (false)
    PARTITION BY RANGE (created_at);
CREATE TABLE sentiment.raw_score_late PARTITION OF sentiment.raw_score FOR VALUES IN (true)
    PARTITION BY RANGE (created_at);
CREATE INDEX raw_score_on_time_created_at ON sentiment.raw_score_on_time USING brin (created_at) WITH (autosummarize = on);
CREATE INDEX raw_score_late_created_at ON sentiment.raw_score_late USING btree (created_at);

-- Grain: one row per minute that one load changed. The load writes it in the transaction of the scores themselves, and
-- the aggregation removes what it can see in the statement that reads those scores, so no change can be missed.
CREATE TABLE sentiment.changed_minute (
    period_ending    timestamptz NOT NULL,
    changed_messages bigint      NOT NULL,
    changed_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX changed_minute_period_ending ON sentiment.changed_minute (period_ending);

-- Grain: one row per (symbol, period_ending) with at least one message in [period_ending - 1 minute, period_ending).
-- Sums are in millionths of a score.
CREATE TABLE sentiment.minute (
    period_ending timestamptz      NOT NULL,
    bullish_sum   bigint           NOT NULL,
    bearish_sum   bigint           NOT NULL,
    bullish_count integer          NOT NULL,
    bearish_count integer          NOT NULL,
    neutral_count integer          NOT NULL,
    symbol        text COLLATE "C" NOT NULL,
    PRIMARY KEY (period_ending, symbol)
);
CREATE INDEX minute_of_symbol ON sentiment.minute (symbol, period_ending);

-- Grain: one row per aggregated minute that has or had a message: the sum of its rows in `minute`, and how it came to be.
CREATE TABLE sentiment.market_minute (
    period_ending timestamptz NOT NULL PRIMARY KEY,
    bullish_sum   bigint      NOT NULL,
    bearish_sum   bigint      NOT NULL,
    bullish_count bigint      NOT NULL,
    bearish_count bigint      NOT NULL,
    neutral_count bigint      NOT NULL,
    symbols       integer     NOT NULL,
    passes        integer     NOT NULL,
    late_messages bigint      NOT NULL,
    aggregated_at timestamptz NOT NULL,
    elapsed       interval    NOT NULL
);

-- Grain: one row in all. `aggregated_through` is the end of the last minute that the job has passed;
-- `revision` grows with every change of the minutes; scores older than `kept_from` have been pruned.
CREATE TABLE sentiment.progress (
    only_row           boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
    aggregated_through timestamptz,
    revision           bigint      NOT NULL DEFAULT 0,
    kept_from          timestamptz NOT NULL DEFAULT '2000-01-01T00:00:00Z'
);
INSERT INTO sentiment.progress DEFAULT VALUES;

-- Grain: one row per delivery that could not be counted: where it stood, what it held, and why it was refused.
CREATE TABLE sentiment.rejected_score (
    rejected_at timestamptz NOT NULL DEFAULT now(),
    source      text        NOT NULL,
    position    bigint      NOT NULL,
    reason      text        NOT NULL,
    message_id  text,
    symbol      text,
    score       text,
    created_at  text
);
-- Loading a file again does not reject its rows twice.
CREATE UNIQUE INDEX rejected_score_once ON sentiment.rejected_score (
    source,
    position,
    md5(coalesce(message_id, E'\x1e') || E'\x1f' || coalesce(symbol, E'\x1e') || E'\x1f'
        || coalesce(score, E'\x1e') || E'\x1f' || coalesce(created_at, E'\x1e'))
);

-- Grain: as `minute`, with sums in score units (6 decimals).
CREATE VIEW sentiment.minute_sentiment AS
SELECT symbol,
       period_ending,
       (bullish_sum / 1000000.0)::numeric(20, 6) AS bullish_sum,
       (bearish_sum / 1000000.0)::numeric(20, 6) AS bearish_sum,
       bullish_count,
       bearish_count,
       neutral_count
FROM sentiment.minute;
