-- Grain: one row per (symbol, period_ending, revision). Readers take the latest revision; one without any message says
-- that the minute has none any more. Sums are in millionths of a score, a revision is numbered by the
-- time of its emission in microseconds.
CREATE TABLE minute_revision (
    symbol        STRING,
    period_ending STRING,
    revision      BIGINT,
    bullish_sum   BIGINT,
    bearish_sum   BIGINT,
    bullish_count BIGINT,
    bearish_count BIGINT,
    neutral_count BIGINT,
    late_count    BIGINT
)
