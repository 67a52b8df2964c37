-- Grain: one row per delivery of the batch, with what its fields mean and the first reason against it, if any.
-- The reasons are those of sentiment_minibatch/scores.py.
INSERT INTO judged
SELECT delivered.*,
       id, name, micros, at,
       CASE
           WHEN btrim(coalesce(message_id, ''), E' \t\r\n') = '' THEN 'message_id is missing'
           WHEN id IS NULL THEN 'message_id is not a whole number of at most 18 digits'
           WHEN btrim(coalesce(symbol, ''), E' \t\r\n') = '' THEN 'symbol is missing'
           WHEN name IS NULL THEN 'symbol is not a ticker symbol'
           WHEN btrim(coalesce(score, ''), E' \t\r\n') = '' THEN 'score is missing'
           WHEN micros IS NULL THEN 'score is not a number in [-1, 1]'
           WHEN btrim(coalesce(created_at, ''), E' \t\r\n') = '' THEN 'created_at is missing'
           WHEN at IS NULL THEN 'created_at is not an RFC 3339 time with an offset'
           WHEN at > now() + interval '10 minutes' THEN 'created_at lies in the future'
           WHEN at < kept_from THEN 'created_at is older than the scores that are kept'
       END
FROM delivered
CROSS JOIN LATERAL (
    SELECT sentiment.message_id_of(message_id) AS id,
           sentiment.symbol_of(symbol)         AS name,
           sentiment.score_micros_of(score)    AS micros,
           sentiment.time_of(created_at)       AS at
    OFFSET 0 -- so that each field is read once
) AS meaning
CROSS JOIN sentiment.progress
