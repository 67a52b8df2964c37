package sentiment.minutes;

/** What a part of the operator knows beyond its symbols; every part reads all of these after a restore. */
public final class Knowledge {
    /** Milliseconds: the operator has read every delivery created from here on. */
    public long wholeFrom;
    /** The latest watermark by which it judged. */
    public long watermark;
    /** Milliseconds of the clock when this was written. */
    public long at;

    public Knowledge() {}

    Knowledge(long wholeFrom, long watermark, long at) {
        this.wholeFrom = wholeFrom;
        this.watermark = watermark;
        this.at = at;
    }
}
