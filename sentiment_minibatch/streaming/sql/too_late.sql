-- Grain: one row per delivery that came after its minute's state was given up; readers count it beside the revisions.
CREATE TABLE too_late (
    message_id        BIGINT,
    symbol            STRING,
    period_ending     STRING, -- of the minute it missed
    created_at_micros BIGINT,
    bullish_micros    INT,
    bearish_micros    INT
)
