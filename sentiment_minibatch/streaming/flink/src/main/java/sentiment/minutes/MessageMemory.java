package sentiment.minutes;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;

/**
 * The messages of a symbol: those counted in a minute, which are forgotten with it, and those that were sent alone.
 *
 * <p>Each minute has a list of its messages in pieces of bounded size, so that neither adding a message nor forgetting a
 * minute costs more the more messages there are.
 */
final class MessageMemory {
    private static final int PIECE = 64;
    private static final int PIECES_BITS = 24;

    private final MapState<Long, Counted> counted;
    private final MapState<Long, long[]> lists;
    private final MapState<Long, Counted> alone;

    MessageMemory(RuntimeContext context) {
        TypeInformation<Counted> message = TypeInformation.of(Counted.class);
        counted = context.getMapState(new MapStateDescriptor<>("messages", Types.LONG, message));
        lists = context.getMapState(new MapStateDescriptor<>(
                "messages-of-minutes", Types.LONG, PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
        alone = context.getMapState(new MapStateDescriptor<>("messages-sent-alone", Types.LONG, message));
    }

    Counted counted(long id) throws Exception {
        return counted.get(id);
    }

    Counted alone(long id) throws Exception {
        return alone.get(id);
    }

    void count(long id, Counted message, Totals minute) throws Exception {
        counted.put(id, message);
        list(id, message.keptWith, minute.listed++);
    }

    /** Forgets one message, which no longer counts; its number stays in the list of its minute. */
    void withdraw(long id) throws Exception {
        counted.remove(id);
    }

    void send(long id, Counted message) throws Exception {
        alone.put(id, message);
    }

    /** Forgets the messages counted in a minute. */
    void forget(long minute, Totals totals) throws Exception {
        for (int first = 0; first < totals.listed; first += PIECE) {
            long piece = piece(minute, first);
            for (long id : lists.get(piece)) {
                Counted message = counted.get(id);
                if (message != null && message.keptWith == minute) {
                    counted.remove(id);
                }
            }
            lists.remove(piece);
        }
    }

    /** Forgets the messages sent alone that are kept with this minute or an older one; returns whether any are left. */
    boolean forgetAlone(long minute) throws Exception {
        boolean left = false;
        for (Iterator<Map.Entry<Long, Counted>> all = alone.iterator(); all.hasNext(); ) {
            if (all.next().getValue().keptWith <= minute) {
                all.remove();
            } else {
                left = true;
            }
        }
        if (!left) {
            alone.clear(); // on the heap an empty map would stay
        }
        return left;
    }

    private void list(long id, long minute, int place) throws Exception {
        long piece = piece(minute, place);
        int within = place % PIECE;
        long[] ids = within == 0 ? new long[1] : Arrays.copyOf(lists.get(piece), within + 1);
        ids[within] = id;
        lists.put(piece, ids);
    }

    private static long piece(long minute, int place) {
        return minute << PIECES_BITS | place / PIECE;
    }
}
