CREATE TEMPORARY TABLE IF NOT EXISTS change (
    symbol text COLLATE "C", period_ending timestamptz, position numeric, revision bigint, final boolean,
    bullish_sum bigint, bearish_sum bigint, squares_sum bigint,
    bullish_count integer, bearish_count integer, neutral_count integer, late_count integer,
    message_id bigint, created_at_micros bigint, score_micros integer
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS changed (
    symbol text COLLATE "C", period_ending timestamptz
) ON COMMIT DELETE ROWS;
