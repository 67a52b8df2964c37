-- Grain: one row per message that came after the state of its minute was given up.
SELECT message_id,
       symbol,
       created_at_micros,
       bullish_micros,
       bearish_micros
FROM counted
WHERE too_late
