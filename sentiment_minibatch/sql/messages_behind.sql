-- Grain: one row per message of the span about the symbol that has a score and still has its text, the strongest first.
SELECT message_score.created_at, message.text, message_score.score_micros, message_score.mark, message_score.model,
       count(*) OVER () AS messages
FROM sentiment.message_score
JOIN sentiment.message USING (delivery)
WHERE message_score.symbol = %(symbol)s
  AND message_score.created_at >= %(start)s
  AND message_score.created_at < %(end)s
ORDER BY abs(message_score.score_micros) DESC, message_score.created_at DESC, message_score.message_id
LIMIT %(at_most)s
