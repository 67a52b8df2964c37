package sentiment.minutes;

/** What a symbol's minute holds; sums are in millionths of a score. Flink keeps it in its state. */
public final class Totals {
    public long bullishSum;
    public long bearishSum;
    public long squaresSum;
    public long bullishCount;
    public long bearishCount;
    public long neutralCount;
    public long lateCount;
    /** The position of the last delivery of this minute that was read, whether it changed anything or not. */
    public String position = Scored.NO_POSITION;
    /** Of the last revision that was sent, 0 before the first. */
    public long revision;
    /** How many messages were ever counted here: so many numbers stand in the minute's list. */
    public int listed;

    void add(Counted message) {
        change(message, 1);
    }

    void withdraw(Counted message) {
        change(message, -1);
    }

    /** Notes that a delivery of this minute was read. */
    void saw(String other) {
        if (isAfter(other, position)) {
            position = other;
        }
    }

    private void change(Counted message, int by) {
        long score = message.scoreMicros;
        squaresSum += by * ((score * score + 500_000) / 1_000_000);
        lateCount += message.late ? by : 0;
        if (score > 0) {
            bullishSum += by * score;
            bullishCount += by;
        } else if (score < 0) {
            bearishSum += by * score;
            bearishCount += by;
        } else {
            neutralCount += by;
        }
    }

    /** Compares positions, which are whole numbers without leading zeros, too long for a long. */
    private static boolean isAfter(String one, String other) {
        return one.length() != other.length() ? one.length() > other.length() : one.compareTo(other) > 0;
    }
}
