package sentiment.minutes;

/** What is remembered of a message: the delivery of it that counts. Flink keeps it in its state. */
public final class Counted {
    public long createdMicros;
    public int scoreMicros;
    /** Whether it came after its minute had closed. */
    public boolean late;
    /** The minute with which it is forgotten. */
    public int keptWith;

    public Counted() {}

    Counted(Scored scored, boolean late, long keptWith) {
        createdMicros = scored.createdMicros;
        scoreMicros = scored.scoreMicros;
        this.late = late;
        this.keptWith = Math.toIntExact(keptWith);
    }

    /** Of the deliveries of a message the least by time and then by score counts, in whatever order they come. */
    boolean losesTo(Scored other) {
        return other.createdMicros < createdMicros
                || other.createdMicros == createdMicros && other.scoreMicros < scoreMicros;
    }
}
