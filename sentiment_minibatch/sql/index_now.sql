-- Grain: one row per symbol with a message in the 24 hours before `as_of`: its index, and how far that moved in an hour.
SELECT now.*, (now.index - earlier.index) AS change
FROM sentiment.index_at(%(as_of)s) AS now
LEFT JOIN sentiment.index_at(%(as_of)s::timestamptz - interval '1 hour') AS earlier USING (symbol)
ORDER BY now.messages DESC, now.effective_messages DESC, now.symbol
