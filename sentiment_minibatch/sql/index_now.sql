-- Grain: one row per symbol that `index_at` knows: its index, and how far that moved in an hour, in points and in
-- standard errors of the difference (a quarter of a band is nearly one).
SELECT now.*,
       company.name,
       now.index - earlier.index AS change,
       ((now.index - earlier.index)
        / nullif(sqrt((now.high - now.low) ^ 2 + (earlier.high - earlier.low) ^ 2) / 3.92, 0))::numeric(20, 2) AS change_z
FROM sentiment.index_at(%(as_of)s) AS now
LEFT JOIN sentiment.index_at(%(as_of)s::timestamptz - interval '1 hour') AS earlier USING (symbol)
LEFT JOIN sentiment.company USING (symbol)
ORDER BY now.messages DESC, now.effective_messages DESC, now.symbol
