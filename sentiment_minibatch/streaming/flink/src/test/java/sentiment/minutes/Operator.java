package sentiment.minutes;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.KeyedProcessOperator;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.types.Row;

/** The operator in Flink's harness, and what it has sent: a test says what comes, and when by which clock. */
final class Operator implements AutoCloseable {
    static final Duration LATENESS = Duration.ofHours(25);
    static final long NOON = 1_767_614_400_000L; // 2026-01-05T12:00:00Z

    private final KeyedOneInputStreamOperatorTestHarness<String, Scored, Row> harness;
    private int position;

    Operator() throws Exception {
        this(Duration.ZERO, null, 0);
    }

    Operator(Duration retention, OperatorSubtaskState restored, int position) throws Exception {
        harness = new KeyedOneInputStreamOperatorTestHarness<>(
                new KeyedProcessOperator<>(new MinutesFunction(LATENESS, retention)), scored -> scored.symbol, Types.STRING);
        this.position = position;
        harness.setup(Change.type().createSerializer(harness.getExecutionConfig().getSerializerConfig()));
        if (restored != null) {
            harness.initializeState(restored);
        }
        harness.setProcessingTime(1_000_000);
        harness.open();
    }

    /** Starts another operator from a snapshot of this one, which ends as one that was killed. */
    Operator killedAndRestored() throws Exception {
        OperatorSubtaskState snapshot = harness.snapshot(1, 1);
        harness.close();
        return new Operator(Duration.ZERO, snapshot, position);
    }

    OperatorSubtaskState snapshot() throws Exception {
        return harness.snapshot(1, 1);
    }

    /** A delivery of TSLA, so many seconds after noon. */
    Operator deliver(long id, double seconds, int score) throws Exception {
        return deliver(id, seconds, score, Scored.NO_ARRIVAL);
    }

    /** The same, which the stream took so many seconds after noon. */
    Operator deliverAt(double arrival, long id, double seconds, int score) throws Exception {
        return deliver(id, seconds, score, NOON + Math.round(arrival * 1_000));
    }

    private Operator deliver(long id, double seconds, int score, long arrivedMillis) throws Exception {
        Scored scored = new Scored();
        scored.messageId = id;
        scored.symbol = "TSLA";
        scored.createdMicros = NOON * 1_000 + Math.round(seconds * 1_000_000);
        scored.scoreMicros = score;
        scored.arrivedMillis = arrivedMillis;
        scored.position = Integer.toString(++position);
        harness.processElement(scored, scored.eventTime());
        return this;
    }

    /** Moves the watermark so many seconds after noon. */
    Operator watermark(double seconds) throws Exception {
        harness.processWatermark(NOON + Math.round(seconds * 1_000));
        return this;
    }

    /** Moves the clock forward by so many milliseconds. */
    Operator clock(long millis) throws Exception {
        harness.setProcessingTime(harness.getProcessingTime() + millis);
        return this;
    }

    /** All rows so far. */
    List<Row> rows() {
        return new ArrayList<>(harness.extractOutputValues());
    }

    List<Row> revisions() {
        return rows().stream().filter(row -> row.getField("message_id") == null).toList();
    }

    List<Long> alone() {
        return rows().stream().map(row -> (Long) row.getField("message_id")).filter(id -> id != null).toList();
    }

    /** What readers would have now: minute by minute the messages of the latest revision, and those alone after it. */
    Map<String, Long> messages() {
        Map<String, Row> latest = new HashMap<>();
        for (Row row : revisions()) {
            latest.put((String) row.getField("period_ending"), row);
        }
        Map<String, Long> messages = new HashMap<>();
        latest.forEach((minute, row) -> messages.put(minute, count(row)));
        for (Row row : rows()) {
            String minute = (String) row.getField("period_ending");
            if (row.getField("message_id") != null
                    && (!latest.containsKey(minute) || position(latest.get(minute)) < position(row))) {
                messages.merge(minute, 1L, Long::sum);
            }
        }
        messages.values().removeIf(count -> count == 0);
        return messages;
    }

    int states() {
        return harness.numKeyedStateEntries();
    }

    static long count(Row row) {
        return (Long) row.getField("bullish_count") + (Long) row.getField("bearish_count")
                + (Long) row.getField("neutral_count");
    }

    private static int position(Row row) {
        return Integer.parseInt((String) row.getField("position"));
    }

    @Override
    public void close() throws Exception {
        harness.close();
    }
}
