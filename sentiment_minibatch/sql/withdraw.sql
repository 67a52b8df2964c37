-- Removes the rows whose place a better delivery has taken. A statement of its own, after count_messages: only its
-- snapshot surely sees what a load that ran at the same time has committed. The array says which times to look at before
-- anything is joined, so that of the partitions only those are opened, and of these a few pages read.
DELETE FROM sentiment.raw_score
USING counted_now
WHERE raw_score.created_at = ANY (ARRAY(SELECT withdrawn_from FROM counted_now WHERE withdrawn_from IS NOT NULL))
  AND raw_score.created_at = counted_now.withdrawn_from
  AND raw_score.message_id = counted_now.message_id
  AND raw_score.symbol = counted_now.symbol
