-- Keeps what was sent alone, each message once: the least (created_at, score) of its deliveries, as everywhere, and of a
-- delivery that was sent twice the earlier position.
WITH kept AS (
    INSERT INTO sentiment.stream_message AS kept (message_id, symbol, created_at, score_micros, position)
    SELECT DISTINCT ON (message_id, symbol)
           message_id, symbol, timestamptz 'epoch' + created_at_micros * interval '1 microsecond', score_micros, position
    FROM change
    WHERE message_id IS NOT NULL
    ORDER BY message_id, symbol, created_at_micros, score_micros, position
    ON CONFLICT (message_id, symbol) DO UPDATE
        SET created_at = excluded.created_at, score_micros = excluded.score_micros, position = excluded.position
        WHERE (excluded.created_at, excluded.score_micros, excluded.position)
            < (kept.created_at, kept.score_micros, kept.position)
    RETURNING new.symbol, new.created_at AS now_at, old.created_at AS before_at
)
INSERT INTO changed
SELECT DISTINCT symbol, sentiment.period_ending_of(at)
FROM kept
CROSS JOIN LATERAL unnest(ARRAY[now_at, before_at]) AS at
WHERE at IS NOT NULL
