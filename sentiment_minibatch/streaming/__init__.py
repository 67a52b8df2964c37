"""The same minutes, computed as the scores arrive: Kinesis, Lambda, Flink SQL, Firehose, S3."""
