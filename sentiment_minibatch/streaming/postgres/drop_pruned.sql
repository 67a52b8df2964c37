-- Leaves out what belongs to minutes that have been pruned: their other rows are gone, so it could not be put together.
-- The row of progress is locked first, here and by whoever else writes: the triggers that keep the hours lock it too, and
-- would do so after the rows of minutes, for which another writer that holds it may be waiting.
DELETE FROM change
USING (SELECT kept_from FROM sentiment.progress FOR UPDATE) AS progress
WHERE period_ending <= kept_from
