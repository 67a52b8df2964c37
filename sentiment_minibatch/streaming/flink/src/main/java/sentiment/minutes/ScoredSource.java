package sentiment.minutes;

import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.connector.kinesis.source.KinesisStreamsSource;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The scored deliveries: a Kinesis stream, or the lines of a directory's files. Each shard and each file has a watermark of
 * its own, which trails its newest delivery; the operator sees the least of them, and one that is quiet does not count.
 *
 * <p>Not the connector's SQL table: it has neither a watermark per shard nor the sequence numbers of its records.
 */
final class ScoredSource {
    private static final Duration DISORDER = Duration.ofSeconds(30);
    private static final Duration QUIET = Duration.ofSeconds(10);

    private ScoredSource() {}

    static DataStream<Scored> open(StreamExecutionEnvironment environment, Map<String, String> options) {
        return options.containsKey("path") ? files(environment, options) : kinesis(environment, options);
    }

    private static DataStream<Scored> kinesis(StreamExecutionEnvironment environment, Map<String, String> options) {
        KinesisStreamsSource<Scored> source = KinesisStreamsSource.<Scored>builder()
                .setStreamArn(options.get("stream.arn"))
                .setSourceConfig(Configuration.fromMap(options))
                .setDeserializationSchema(new KinesisRecordSchema())
                .build();
        return environment.fromSource(source, watermarks().withIdleness(QUIET), "scored", TypeInformation.of(Scored.class)).uid("scored");
    }

    private static DataStream<Scored> files(StreamExecutionEnvironment environment, Map<String, String> options) {
        FileSource.FileSourceBuilder<String> source =
                FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path(options.get("path")));
        boolean endless = options.containsKey("monitor.millis");
        if (endless) {
            source.monitorContinuously(Duration.ofMillis(Long.parseLong(options.get("monitor.millis"))));
        }
        return environment.fromSource(source.build(), WatermarkStrategy.noWatermarks(), "scored").uid("scored")
                .flatMap(new LineParser()).name("parse").uid("parse")
                // A file that says nothing for a while and has not ended is being read slowly, and not quiet.
                .assignTimestampsAndWatermarks(endless ? watermarks().withIdleness(QUIET) : watermarks()).uid("watermarks");
    }

    private static WatermarkStrategy<Scored> watermarks() {
        return WatermarkStrategy.<Scored>forBoundedOutOfOrderness(DISORDER)
                .withTimestampAssigner((scored, unused) -> scored.eventTime());
    }
}
