package sentiment.minutes;

import java.io.IOException;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kinesis.source.serialization.KinesisDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.kinesis.model.Record;

/** Reads the scored deliveries of a Kinesis stream. What is no delivery is counted and logged, and stops nothing. */
final class KinesisRecordSchema implements KinesisDeserializationSchema<Scored> {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(KinesisRecordSchema.class);
    private final ScoredParser parser = new ScoredParser();
    private transient Counter unreadable;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        unreadable = OperatorMetrics.counter(context.getMetricGroup(), "unreadable");
    }

    @Override
    public void deserialize(Record record, String stream, String shard, Collector<Scored> out) {
        try {
            Scored scored = parser.parse(record.data().asByteArrayUnsafe());
            scored.position = record.sequenceNumber();
            scored.arrivedMillis = record.approximateArrivalTimestamp().toEpochMilli();
            out.collect(scored);
        } catch (IOException error) {
            unreadable.inc();
            LOG.warn("record {} of {} is no scored delivery: {}", record.sequenceNumber(), shard, error.getMessage());
        }
    }

    @Override
    public TypeInformation<Scored> getProducedType() {
        return TypeInformation.of(Scored.class);
    }
}
