-- Grain: as `scored`, with the place of each delivery in time, judged by the watermark when it arrived:
-- `late` (0 or 1) if its minute had closed already, `too_late` if the state of its minute may be gone.
CREATE TEMPORARY VIEW placed AS
SELECT message_id,
       symbol,
       created_at_micros,
       event_time,
       bullish_micros,
       bearish_micros,
       CASE WHEN CURRENT_WATERMARK(event_time) >= FLOOR(event_time TO MINUTE) + INTERVAL '1' MINUTE
            THEN 1 ELSE 0 END AS late,
       COALESCE(
           CURRENT_WATERMARK(event_time) >= TIMESTAMPADD(SECOND, $lateness_seconds, FLOOR(event_time TO MINUTE)), FALSE
       ) AS too_late
FROM scored
