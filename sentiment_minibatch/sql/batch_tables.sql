DROP TABLE IF EXISTS pg_temp.judged, pg_temp.counted_now;
CREATE TEMPORARY TABLE judged ( -- its created_at is in UTC
    message_id bigint, symbol text COLLATE "C", created_at timestamp, score_micros integer
);
CREATE TEMPORARY TABLE counted_now (
    message_id bigint, symbol text COLLATE "C", created_at timestamptz, score_micros integer, withdrawn_from timestamptz
);
