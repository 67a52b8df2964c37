-- What the stream delivers (sentiment_minibatch/streaming). A database is fed by the stream or by the mini-batch, not both.

-- Grain: one row per (symbol, period_ending): the latest revision of that minute. A row without messages says that the
-- minute has none any more. Sums are in millionths of a score.
CREATE TABLE sentiment.stream_minute (
    period_ending timestamptz      NOT NULL,
    revision      bigint           NOT NULL,
    bullish_sum   bigint           NOT NULL,
    bearish_sum   bigint           NOT NULL,
    bullish_count integer          NOT NULL,
    bearish_count integer          NOT NULL,
    neutral_count integer          NOT NULL,
    late_count    integer          NOT NULL,
    symbol        text COLLATE "C" NOT NULL,
    PRIMARY KEY (period_ending, symbol)
);

-- Grain: one row per (message_id, symbol) that reached Flink after it had given up the state of the message's minute.
CREATE TABLE sentiment.stream_too_late (
    message_id   bigint           NOT NULL,
    created_at   timestamptz      NOT NULL,
    score_micros integer          NOT NULL,
    symbol       text COLLATE "C" NOT NULL,
    PRIMARY KEY (message_id, symbol)
);
CREATE INDEX stream_too_late_minute ON sentiment.stream_too_late (symbol, sentiment.period_ending_of(created_at));

-- Grain: one row per object that has been read.
CREATE TABLE sentiment.stream_object (
    key     text        NOT NULL PRIMARY KEY,
    read_at timestamptz NOT NULL DEFAULT now()
);
