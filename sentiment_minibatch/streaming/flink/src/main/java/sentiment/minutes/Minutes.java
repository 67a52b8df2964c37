package sentiment.minutes;

import java.time.Instant;

/** Minutes since 1970, half-open: [start, end). */
final class Minutes {
    static final long MILLIS = 60_000;

    private Minutes() {}

    static long of(long micros) {
        return ofMillis(Math.floorDiv(micros, 1_000));
    }

    static long ofMillis(long millis) {
        return Math.floorDiv(millis, MILLIS);
    }

    /** The minute's last millisecond: it is over when the watermark is there. */
    static long last(long minute) {
        return (minute + 1) * MILLIS - 1;
    }

    /** The minute's end as readers see it, such as 2026-01-05T14:31:00Z. */
    static String ending(long minute) {
        return Instant.ofEpochMilli((minute + 1) * MILLIS).toString();
    }
}
