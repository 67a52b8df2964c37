-- Grain: that of too_late.
SELECT message_id,
       symbol,
       period_ending,
       created_at_micros,
       bullish_micros,
       bearish_micros
FROM appended
WHERE message_id IS NOT NULL
