-- Removes raw scores that no longer count. The bounds and the times say which pages of which partitions to look at before
-- anything is joined.
DELETE FROM sentiment.raw_score
USING unnest(%(message_ids)s::bigint[], %(symbols)s::text[], %(times)s::timestamptz[])
    AS gone (message_id, symbol, created_at)
WHERE raw_score.created_at BETWEEN %(first)s AND %(last)s
  AND raw_score.created_at = ANY (%(times)s)
  AND raw_score.created_at = gone.created_at
  AND raw_score.message_id = gone.message_id
  AND raw_score.symbol = gone.symbol
