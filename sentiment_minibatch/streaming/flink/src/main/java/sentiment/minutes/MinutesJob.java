package sentiment.minutes;

import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.types.Row;

/** What the Python job calls: from the scored deliveries to the view `change`, which SQL sends on. */
public final class MinutesJob {
    private MinutesJob() {}

    /**
     * Defines the view `change` over a source with these options.
     *
     * @param latenessSeconds for how long after its end a minute is kept
     * @param retentionSeconds for how long the source keeps a delivery; 0 where it keeps everything
     */
    public static void define(
            StreamExecutionEnvironment environment, StreamTableEnvironment tables, Map<String, String> source,
            long latenessSeconds, long retentionSeconds) {
        MinutesFunction minutes =
                new MinutesFunction(Duration.ofSeconds(latenessSeconds), Duration.ofSeconds(retentionSeconds));
        DataStream<Row> changes = ScoredSource.open(environment, source)
                .keyBy(scored -> scored.symbol)
                .process(minutes, Change.type())
                .name("minutes")
                .uid("minutes");
        tables.createTemporaryView("change", changes);
    }

    /** Gives what SQL planned the names by which a savepoint finds it again; the rest has them already. */
    public static void identify(Iterable<Transformation<?>> transformations) {
        for (Transformation<?> transformation : transformations) {
            for (Transformation<?> one : transformation.getTransitivePredecessors()) {
                if (one.getUid() == null) {
                    one.setUid("sql: " + one.getName());
                }
            }
        }
    }
}
