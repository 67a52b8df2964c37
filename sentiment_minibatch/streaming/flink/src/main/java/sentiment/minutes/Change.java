package sentiment.minutes;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;

/** The rows that the operator sends: a revision of a minute, or a message that stands alone. The other's fields are null. */
final class Change {
    private static final String[] NAMES = {
        "symbol", "period_ending", "position", "revision", "final", "bullish_sum", "bearish_sum", "squares_sum",
        "bullish_count", "bearish_count", "neutral_count", "late_count", "message_id", "created_at_micros", "score_micros"
    };

    private Change() {}

    static TypeInformation<Row> type() {
        TypeInformation<?>[] types = new TypeInformation<?>[NAMES.length];
        java.util.Arrays.fill(types, Types.LONG);
        types[0] = types[1] = types[2] = Types.STRING;
        types[4] = Types.BOOLEAN;
        return Types.ROW_NAMED(NAMES, types);
    }

    static Row revision(String symbol, long minute, Totals totals, boolean closed) {
        return Row.of(
                symbol, Minutes.ending(minute), totals.position, totals.revision, closed,
                totals.bullishSum, totals.bearishSum, totals.squaresSum,
                totals.bullishCount, totals.bearishCount, totals.neutralCount, totals.lateCount,
                null, null, null);
    }

    static Row message(Scored scored) {
        return Row.of(
                scored.symbol, Minutes.ending(Minutes.of(scored.createdMicros)), scored.position, null, null,
                null, null, null, null, null, null, null,
                scored.messageId, scored.createdMicros, (long) scored.scoreMicros);
    }
}
