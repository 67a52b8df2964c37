-- Grain: one row per revision of a minute, and one per message that stands alone: one of a minute that the job does not
-- know whole. The fields of the other kind are absent. Sums and scores are in millionths. `position` is that of the last
-- delivery that a revision knows of, or of the message itself: a number that grows along a symbol's deliveries. Readers
-- take the revision with the greatest (position, revision) and add the messages that stand after it.
CREATE TABLE revision (
    symbol            STRING,
    period_ending     STRING,
    `position`        STRING,
    revision          BIGINT,
    final             BOOLEAN, -- the watermark had passed the minute's end
    bullish_sum       BIGINT,
    bearish_sum       BIGINT,
    squares_sum       BIGINT,
    bullish_count     BIGINT,
    bearish_count     BIGINT,
    neutral_count     BIGINT,
    late_count        BIGINT,
    message_id        BIGINT,
    created_at_micros BIGINT,
    score_micros      BIGINT
)
