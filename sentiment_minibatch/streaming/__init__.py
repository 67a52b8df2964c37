"""The same minutes, computed as the scores arrive: Kinesis, Lambda, Flink, Firehose, S3."""
