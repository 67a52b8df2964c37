INSERT INTO sentiment.set_aside_file (source, reason) VALUES (%(source)s, %(reason)s)
ON CONFLICT (source) DO UPDATE SET reason = excluded.reason, set_aside_at = excluded.set_aside_at
