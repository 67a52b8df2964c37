"""The social graph as compressed rows in memory, built from Parquet tables in one pass over each."""
