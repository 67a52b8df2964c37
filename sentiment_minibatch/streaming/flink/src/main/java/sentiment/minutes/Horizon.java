package sentiment.minutes;

import java.io.Serializable;
import java.time.Duration;

/** Which minutes an operator knows whole, and which are over: the same before a restore and after it. */
final class Horizon implements Serializable {
    private static final long serialVersionUID = 1L;
    /** How far ahead of its arrival a message may be dated (MAXIMUM_CLOCK_SKEW in scores.py). */
    private static final long CLOCK_SKEW = Duration.ofMinutes(10).toMillis();
    /** What a source may have let go between the start of this operator and the first reading of its last shard. */
    private static final long START = Duration.ofHours(1).toMillis();

    /** For how long at least after its arrival a message is remembered, however late it came. */
    private static final long REDELIVERY = Duration.ofHours(1).toMillis();

    private final long lateness;
    private final long redelivery;
    private final long retention;
    private long wholeFrom;
    private long watermark;

    /** A retention of 0 says that the source keeps everything. */
    Horizon(Duration lateness, Duration retention) {
        this.lateness = lateness.toMillis();
        this.redelivery = Math.min(REDELIVERY, this.lateness / 2);
        this.retention = retention.toMillis();
    }

    /** Takes up what all parts of the operator knew; null where there is no state, and it starts to read anew. */
    void start(Iterable<Knowledge> restored, long now) {
        watermark = Long.MIN_VALUE;
        if (restored == null) {
            wholeFrom = retention == 0 ? Long.MIN_VALUE : readableFrom(now) + CLOCK_SKEW;
            return;
        }
        wholeFrom = Long.MIN_VALUE;
        for (Knowledge part : restored) {
            refuseGap(part.at, now);
            wholeFrom = Math.max(wholeFrom, part.wholeFrom);
            watermark = Math.max(watermark, part.watermark);
        }
    }

    Knowledge knowledge(long now) {
        return new Knowledge(wholeFrom, watermark, now);
    }

    void advance(long to) {
        watermark = Math.max(watermark, to);
    }

    /**
     * The minute with which a message is forgotten that came at `arrival`: its own, unless that is about to go. The watermark
     * alone does not tell: another shard may hold it back, and it catches up with this one's arrivals in one step.
     */
    long keptWith(long minute, long arrival) {
        long time = Math.max(watermark, arrival);
        return time < forgetting(minute) - redelivery ? minute : Minutes.ofMillis(time);
    }

    boolean isClosed(long minute) {
        return watermark >= Minutes.last(minute);
    }

    /** When a minute is forgotten, by the watermark. */
    long forgetting(long minute) {
        return Minutes.last(minute) + lateness;
    }

    boolean isForgotten(long minute) {
        return watermark >= forgetting(minute);
    }

    /** Whether a minute without state is one of which no delivery has been read yet, rather than one that was forgotten. */
    boolean isUntouched(long minute) {
        return minute * Minutes.MILLIS >= wholeFrom && !isForgotten(minute);
    }

    private long readableFrom(long now) {
        return now - retention + START;
    }

    private void refuseGap(long snapshot, long now) {
        if (retention != 0 && snapshot < readableFrom(now)) {
            throw new IllegalStateException("this state was written " + Duration.ofMillis(now - snapshot).toHours()
                    + " hours ago, the stream keeps " + Duration.ofMillis(retention).toHours()
                    + ": deliveries between them are gone; start the application without a snapshot");
        }
    }
}
