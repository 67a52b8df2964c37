-- Removes where scores came from for the days whose raw scores have been pruned.
DELETE FROM sentiment.message_score
WHERE created_at < (SELECT kept_from FROM sentiment.progress)
