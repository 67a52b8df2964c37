-- The stream delivers revisions of minutes that it knows whole, and messages of other minutes one by one; each with its
-- position in the stream, by which they are put together whatever the order in which they come.

-- Grain: one row per (symbol, period_ending): the revision with the greatest (position, revision). It knows of all the
-- symbol's deliveries up to `position`. While it is not final, its minute is open.
ALTER TABLE sentiment.stream_minute
    ADD COLUMN position numeric NOT NULL DEFAULT 0,
    ADD COLUMN squares_sum bigint NOT NULL DEFAULT 0,
    ADD COLUMN final boolean NOT NULL DEFAULT true;
ALTER TABLE sentiment.stream_minute ALTER COLUMN position DROP DEFAULT, ALTER COLUMN squares_sum DROP DEFAULT,
    ALTER COLUMN final DROP DEFAULT;
CREATE INDEX stream_minute_open ON sentiment.stream_minute (period_ending) WHERE NOT final;

-- Grain: one row per (message_id, symbol) that was sent alone: of its deliveries the least (created_at, score_micros). It
-- counts unless its minute's revision knows of it, which its position tells.
ALTER TABLE sentiment.stream_too_late RENAME TO stream_message;
ALTER INDEX sentiment.stream_too_late_minute RENAME TO stream_message_minute;
ALTER TABLE sentiment.stream_message ADD COLUMN position numeric NOT NULL DEFAULT 1;
ALTER TABLE sentiment.stream_message ALTER COLUMN position DROP DEFAULT;

-- Grain: one row per shard of the stream of revisions that is or was read: what was read last, in the transaction of the rows.
CREATE TABLE sentiment.stream_shard (
    stream          text        NOT NULL,
    shard           text        NOT NULL,
    sequence_number text        NOT NULL,
    finished        boolean     NOT NULL,
    read_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, shard)
);
DROP TABLE sentiment.stream_object;

-- `open_through` is the end of the minute that is still filling, which the stream shows before it is over; minutes after
-- `aggregated_through` are open.
ALTER TABLE sentiment.progress ADD COLUMN open_through timestamptz;
