"""Files of records, scores or messages: CSV with a header, NDJSON or Parquet, read so that nothing blocks the rest."""
