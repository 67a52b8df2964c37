package sentiment.minutes;

import java.util.Arrays;

/** What a symbol has still to send: the minutes that changed since it last sent, and when it will. Flink keeps it. */
public final class Agenda {
    private static final long[] NOTHING = {};

    public long[] changed = NOTHING;
    /** Milliseconds of the clock; 0 where no timer is set. */
    public long sendAt;
    public long sentAt;
    /** Whether messages are remembered that were sent one by one. */
    public boolean alone;

    /** Puts a minute on the agenda and returns whether it was not there yet. */
    boolean add(long minute) {
        for (long one : changed) {
            if (one == minute) {
                return false;
            }
        }
        changed = Arrays.copyOf(changed, changed.length + 1);
        changed[changed.length - 1] = minute;
        return true;
    }

    /** Takes a minute off the agenda and returns whether it was there. */
    boolean remove(long minute) {
        int before = changed.length;
        changed = Arrays.stream(changed).filter(one -> one != minute).toArray();
        return changed.length < before;
    }

    /** Empties the agenda and returns what stood on it. */
    long[] take() {
        long[] taken = changed;
        changed = NOTHING;
        return taken;
    }
}
