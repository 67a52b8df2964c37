package sentiment.minutes;

/** One scored delivery as the stream carries it: times since 1970, the score in millionths. */
public final class Scored {
    /** A position of a delivery whose source has none. */
    static final String NO_POSITION = "0";

    public long messageId;
    public String symbol;
    public long createdMicros;
    public int scoreMicros;
    /** Milliseconds; when the stream took it, or far in the future where the source does not say. */
    public long arrivedMillis = Long.MAX_VALUE;
    /** Where it stands in the stream: a whole number that grows along a symbol's deliveries (Kinesis' sequence number). */
    public String position = NO_POSITION;

    /**
     * The time, in milliseconds, by which a delivery moves the watermark. A clock that runs ahead moves nothing: no delivery
     * counts as younger than its arrival.
     */
    long eventTime() {
        return Math.min(createdMicros / 1_000, arrivedMillis);
    }
}
