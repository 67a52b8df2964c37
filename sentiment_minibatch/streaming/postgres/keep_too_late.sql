-- Keeps what came too late, each message once: the least (created_at, score) of its deliveries, as everywhere.
WITH kept AS (
    INSERT INTO sentiment.stream_too_late AS kept (message_id, symbol, created_at, score_micros)
    SELECT DISTINCT ON (message_id, symbol)
           message_id, symbol, timestamptz 'epoch' + created_at_micros * interval '1 microsecond',
           bullish_micros + bearish_micros
    FROM came_too_late
    ORDER BY message_id, symbol, created_at_micros, bullish_micros + bearish_micros
    ON CONFLICT (message_id, symbol) DO UPDATE
        SET created_at = excluded.created_at, score_micros = excluded.score_micros
        WHERE (excluded.created_at, excluded.score_micros) < (kept.created_at, kept.score_micros)
    RETURNING new.symbol, new.created_at AS now_at, old.created_at AS before_at
)
INSERT INTO changed
SELECT DISTINCT symbol, sentiment.period_ending_of(at)
FROM kept
CROSS JOIN LATERAL unnest(ARRAY[now_at, before_at]) AS at
WHERE at IS NOT NULL
