-- Leaves out what belongs to minutes that have been pruned: their other rows are gone, so it could not be put together.
DELETE FROM change
USING sentiment.progress
WHERE period_ending <= kept_from
