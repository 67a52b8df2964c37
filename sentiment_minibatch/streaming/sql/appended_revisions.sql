-- Grain: that of minute_revision.
SELECT symbol,
       period_ending,
       revision,
       bullish_sum,
       bearish_sum,
       bullish_count,
       bearish_count,
       neutral_count,
       late_count
FROM appended
WHERE message_id IS NULL
