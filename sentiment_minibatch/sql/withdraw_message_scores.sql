-- Takes back the scores of a batch of messages that are to be other ones now, or none: those that still count as this
-- table says, for a score that somebody else delivered stays. Every minute that loses one is noted. The scores that are
-- new now are loaded after this, in the same transaction. Returned: what is to be removed from the raw scores.
WITH obsolete AS (
    SELECT kept.message_id, kept.symbol, kept.created_at, kept.score_micros
    FROM sentiment.message_score AS kept
    LEFT JOIN unnest(%(message_ids)s::bigint[], %(symbols)s::text[], %(times)s::timestamptz[], %(micros)s::integer[])
        AS fresh (message_id, symbol, created_at, score_micros)
        ON fresh.message_id = kept.message_id AND fresh.symbol = kept.symbol
    WHERE kept.message_id = ANY (%(batch)s)
      AND (fresh.created_at, fresh.score_micros) IS DISTINCT FROM (kept.created_at, kept.score_micros)
    ORDER BY kept.message_id, kept.symbol
),
uncounted AS (
    DELETE FROM sentiment.counted_message
    USING obsolete
    WHERE (counted_message.message_id, counted_message.symbol) = (obsolete.message_id, obsolete.symbol)
      AND (counted_message.created_at, counted_message.score_micros) = (obsolete.created_at, obsolete.score_micros)
    RETURNING counted_message.message_id, counted_message.symbol, counted_message.created_at
),
forgotten AS (
    DELETE FROM sentiment.message_score
    USING obsolete
    WHERE (message_score.message_id, message_score.symbol) = (obsolete.message_id, obsolete.symbol)
),
noted AS (
    INSERT INTO sentiment.changed_minute (period_ending, changed_messages)
    SELECT sentiment.period_ending_of(created_at), count(*)
    FROM uncounted
    GROUP BY 1
)
SELECT message_id, symbol, created_at FROM uncounted
