-- Grain: one row per (message_id, symbol) of the batch that is new, or whose delivery in this batch beats the one that
-- counted so far: the least (created_at, score_micros) counts. Rows go in key order, so two loads cannot deadlock.
WITH counted AS (
    INSERT INTO sentiment.counted_message AS kept (message_id, symbol, created_at, score_micros)
    SELECT DISTINCT ON (message_id, symbol)
           message_id, symbol, created_at AT TIME ZONE 'UTC', score_micros
    FROM judged
    ORDER BY message_id, symbol, created_at, score_micros
    ON CONFLICT (message_id, symbol) DO UPDATE
        SET created_at = excluded.created_at, score_micros = excluded.score_micros
        WHERE (excluded.created_at, excluded.score_micros) < (kept.created_at, kept.score_micros)
    RETURNING new.message_id, new.symbol, new.created_at, new.score_micros, old.created_at AS withdrawn_from
)
INSERT INTO counted_now SELECT * FROM counted
