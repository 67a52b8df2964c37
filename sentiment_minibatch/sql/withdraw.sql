-- Removes the rows of one day whose place a better delivery has taken. A statement of its own, after count_messages: only
-- its snapshot surely sees what a load that ran at the same time has committed. The bounds are values when it is planned,
-- so that of the partitions only that day's are looked at, and the array says which times in it before anything is joined.
DELETE FROM sentiment.raw_score
USING counted_now
WHERE raw_score.created_at >= %(start)s
  AND raw_score.created_at < %(end)s
  AND raw_score.created_at = ANY (%(times)s)
  AND raw_score.created_at = counted_now.withdrawn_from
  AND raw_score.message_id = counted_now.message_id
  AND raw_score.symbol = counted_now.symbol
