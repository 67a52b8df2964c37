-- Grain: one row per delivery that `preprocess` let through; a message may be delivered more than once.
-- The watermark trails the newest event time by the disorder that a window waits for before it closes.
CREATE TABLE scored (
    message_id        BIGINT,
    symbol            STRING,
    created_at_micros BIGINT, -- since 1970
    bullish_micros    INT,
    bearish_micros    INT,
    event_time AS TO_TIMESTAMP_LTZ(created_at_micros / 1000, 3),
    WATERMARK FOR event_time AS event_time - INTERVAL '30' SECOND
)
