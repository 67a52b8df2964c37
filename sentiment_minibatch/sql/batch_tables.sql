CREATE TEMPORARY TABLE delivered (
    position bigint, message_id text, symbol text, score text, created_at text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE judged (
    position bigint, message_id text, symbol text, score text, created_at text,
    id bigint, name text COLLATE "C", micros integer, at timestamptz, reason text
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE counted_now (
    message_id bigint, symbol text COLLATE "C", created_at timestamptz, score_micros integer, withdrawn_from timestamptz
) ON COMMIT DELETE ROWS;
