CREATE TEMPORARY TABLE IF NOT EXISTS revised (
    symbol text COLLATE "C", period_ending timestamptz, revision bigint, bullish_sum bigint, bearish_sum bigint,
    bullish_count integer, bearish_count integer, neutral_count integer, late_count integer
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS came_too_late (
    message_id bigint, symbol text COLLATE "C", period_ending timestamptz, created_at_micros bigint,
    bullish_micros integer, bearish_micros integer
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS changed (
    symbol text COLLATE "C", period_ending timestamptz
) ON COMMIT DELETE ROWS;
