-- Grain: one row per (message_id, symbol) of the batch: its score, and by which version of the model.
INSERT INTO sentiment.message_score
    (message_id, symbol, delivery, created_at, score_micros, model_score_micros, mark, model)
SELECT *, %(model)s
FROM unnest(%(message_ids)s::bigint[], %(symbols)s::text[], %(deliveries)s::bigint[], %(times)s::timestamptz[], %(micros)s::integer[],
            %(model_micros)s::integer[], %(marks)s::text[])
ON CONFLICT (message_id, symbol) DO UPDATE
    SET delivery = excluded.delivery, model_score_micros = excluded.model_score_micros, mark = excluded.mark, model = excluded.model
