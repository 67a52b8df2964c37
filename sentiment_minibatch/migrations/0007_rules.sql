-- Deliveries are judged before they reach the database: sentiment_minibatch/scores.py has the rules.
DROP FUNCTION sentiment.message_id_of, sentiment.symbol_of, sentiment.score_micros_of, sentiment.time_of;
