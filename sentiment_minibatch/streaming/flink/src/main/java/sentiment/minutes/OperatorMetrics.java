package sentiment.minutes;

import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Counters that Managed Service for Apache Flink sends to CloudWatch: it takes those of this one group. */
final class OperatorMetrics {
    private OperatorMetrics() {}

    static Counter counter(MetricGroup group, String name) {
        return group.addGroup("kinesisanalytics").addGroup("Program", "sentiment-minutes").counter(name);
    }
}
