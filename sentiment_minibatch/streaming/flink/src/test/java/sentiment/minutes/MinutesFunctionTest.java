package sentiment.minutes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;

class MinutesFunctionTest {
    private static final String FIRST = "2026-01-05T12:01:00Z";
    private static final String SECOND = "2026-01-05T12:02:00Z";
    private static final double A_DAY_LATER = 26 * 3_600;

    @Test
    void aMinuteIsSentWhileItFillsAndAsFinalWhenTheWatermarkPassesItsEnd() throws Exception {
        try (Operator operator = new Operator()) {
            operator.deliver(1, 0, 500_000).clock(0);
            assertEquals(List.of(false), finals(operator));
            operator.watermark(59.998);
            assertEquals(1, operator.rows().size());
            operator.watermark(59.999);
            assertEquals(List.of(false, true), finals(operator));
        }
    }

    @Test
    void aMinuteThatChangesAllTheTimeIsSentOnceASecond() throws Exception {
        try (Operator operator = new Operator()) {
            for (int id = 0; id < 1_000; id++) {
                operator.deliver(id, 1, 1).clock(10);
            }
            assertTrue(operator.rows().size() <= 11, operator.rows().size() + " rows in ten seconds");
            operator.clock(1_000);
            assertEquals(Map.of(FIRST, 1_000L), operator.messages());
        }
    }

    @Test
    void aMessageIsRememberedFromItsArrivalOnThoughTheWatermarkHadNotGotThereYet() throws Exception {
        try (Operator operator = new Operator()) {
            // Another shard lags, and so does the watermark; then it is where this shard's arrivals are, in one step.
            double arrival = Operator.LATENESS.toSeconds() + 30;
            operator.watermark(0).deliverAt(arrival, 1, 0, 500_000).clock(0).watermark(arrival + 60);
            operator.deliverAt(arrival + 90, 1, 0, 500_000).clock(1_000);
            assertEquals(Map.of(FIRST, 1L), operator.messages());
            assertEquals(List.of(), operator.alone());
            operator.watermark(arrival + 30 * 3_600);
            assertEquals(0, operator.states());
        }
    }

    @Test
    void theTotalsAreThoseOfTheMiniBatch() throws Exception {
        try (Operator operator = new Operator()) {
            operator.deliver(1, 0, 999_999).deliver(2, 1, -1).deliver(3, 2, 0).deliver(4, 59.999_999, 707).watermark(60);
            Row row = operator.revisions().get(operator.revisions().size() - 1);
            assertEquals(1_000_706L, row.getField("bullish_sum"));
            assertEquals(-1L, row.getField("bearish_sum"));
            assertEquals(999_998L, row.getField("squares_sum")); // 999998, 0, 0, and 707^2 = 499849, which rounds to 0
            assertEquals(List.of(2L, 1L, 1L), List.of(
                    row.getField("bullish_count"), row.getField("bearish_count"), row.getField("neutral_count")));
        }
    }

    @Test
    void theLeastDeliveryOfAMessageCountsWhateverTheOrder() throws Exception {
        for (int[] order : new int[][] {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {0, 2, 1}, {2, 0, 1}}) {
            try (Operator operator = new Operator()) {
                for (int delivery : order) {
                    // Two at the same time with different scores; a third, a minute later.
                    operator.deliver(1, delivery == 2 ? 70 : 10, delivery == 0 ? -5 : 5);
                }
                operator.watermark(200);
                assertEquals(Map.of(FIRST, 1L), operator.messages());
                Row first = operator.revisions().stream().filter(row -> row.getField("period_ending").equals(FIRST))
                        .reduce((one, other) -> other).orElseThrow();
                assertEquals(-5L, first.getField("bearish_sum"));
            }
        }
    }

    @Test
    void aLateMessageRevisesItsClosedMinute() throws Exception {
        try (Operator operator = new Operator()) {
            operator.deliver(1, 0, 1).watermark(3_600).deliver(2, 1, 1).clock(1_000);
            assertEquals(Map.of(FIRST, 2L), operator.messages());
            Row row = operator.revisions().get(operator.revisions().size() - 1);
            assertEquals(true, row.getField("final"));
            assertEquals(1L, row.getField("late_count"));
        }
    }

    @Test
    void aMessageThatComesAfterItsMinuteWasForgottenIsSentAloneOnce() throws Exception {
        try (Operator operator = new Operator()) {
            operator.deliver(1, 0, 1).watermark(A_DAY_LATER);
            operator.deliver(2, 1, 1).deliver(2, 1, 1).deliver(2, 2, 1).clock(1_000);
            assertEquals(List.of(2L), operator.alone());
            assertEquals(Map.of(FIRST, 2L), operator.messages());
        }
    }

    @Test
    void ofConflictingDeliveriesTheTooLateOneThatWinsWithdrawsTheOther() throws Exception {
        try (Operator operator = new Operator()) {
            operator.watermark(A_DAY_LATER - 10).deliver(1, A_DAY_LATER, 5).deliver(1, 0, 5).clock(1_000);
            assertEquals(List.of(1L), operator.alone());
            assertEquals(Map.of(FIRST, 1L), operator.messages());
        }
    }

    @Test
    void ofConflictingDeliveriesTheOneInTimeLosesToOneThatWasTooLate() throws Exception {
        try (Operator operator = new Operator()) {
            operator.watermark(A_DAY_LATER - 10).deliver(1, 0, 5).deliver(1, A_DAY_LATER, 5).clock(1_000);
            assertEquals(Map.of(FIRST, 1L), operator.messages());
        }
    }

    @Test
    void aMessageThatCameJustBeforeItsMinuteWasForgottenIsRememberedAllTheSame() throws Exception {
        try (Operator operator = new Operator()) {
            operator.watermark(25 * 3_600 + 50).deliver(1, 0, 1).watermark(25 * 3_600 + 70).deliver(1, 0, 1).clock(1_000);
            assertTrue(operator.alone().isEmpty());
            assertEquals(Map.of(FIRST, 1L), operator.messages());
            operator.watermark(3 * A_DAY_LATER).clock(5_000);
            assertEquals(0, operator.states());
        }
    }

    @Test
    void stateGoesWithItsMinute() throws Exception {
        try (Operator operator = new Operator()) {
            for (int id = 0; id < 500; id++) {
                operator.deliver(id, id % 120, 1);
            }
            operator.watermark(A_DAY_LATER - 10).deliver(1_000, 0, 1).watermark(3 * A_DAY_LATER).clock(5_000);
            assertEquals(0, operator.states());
        }
    }

    @Test
    void aRestoreForgetsNeitherDeliveriesNorHowFarTimeWas() throws Exception {
        Operator killed = new Operator();
        killed.deliver(1, 0, 1).deliver(2, 61, 1).watermark(A_DAY_LATER);
        try (Operator operator = killed.killedAndRestored()) {
            // The watermark has not come yet: a very late message must open no new state for its old minute.
            operator.deliver(3, 0, 1).clock(1_000);
            assertEquals(List.of(3L), operator.alone());
            assertTrue(operator.revisions().isEmpty());
        }
        killed = new Operator();
        killed.deliver(1, 0, 1).deliver(2, 61, 1).watermark(100);
        try (Operator operator = killed.killedAndRestored()) {
            operator.deliver(1, 0, 1).deliver(2, 61, -1).deliver(3, 62, 1).watermark(130).clock(2_000);
            assertEquals(Map.of(FIRST, 1L, SECOND, 2L), operator.messages());
        }
    }

    @Test
    void revisionsGrowAcrossARestore() throws Exception {
        Operator killed = new Operator();
        killed.clock(50_000).deliver(1, 0, 1).clock(1);
        Row before = killed.revisions().get(0);
        try (Operator operator = killed.killedAndRestored()) { // with a clock that runs behind
            operator.deliver(2, 0, 1).watermark(60);
            Row after = operator.revisions().get(0);
            assertTrue((Long) after.getField("revision") > (Long) before.getField("revision"));
        }
    }

    @Test
    void withoutStateAMinuteThatIsNotKnownWholeIsNeverRevised() throws Exception {
        try (Operator operator = new Operator(Duration.ofHours(24), null, 0)) {
            // Read from a stream that keeps 24 hours: what lies about as far back may have had deliveries that are gone.
            double yesterday = System.currentTimeMillis() / 1e3 - Operator.NOON / 1e3 - 23 * 3_600;
            operator.deliver(1, yesterday, 1).deliver(2, yesterday + 2 * 3_600, 1).clock(1_000);
            assertEquals(List.of(1L), operator.alone());
            assertEquals(1, operator.revisions().size());
            assertFalse(operator.revisions().stream().anyMatch(row -> Operator.count(row) != 1));
        }
    }

    @Test
    void aStateOlderThanTheStreamIsRefused() throws Exception {
        Horizon horizon = new Horizon(Operator.LATENESS, Duration.ofHours(24));
        horizon.start(null, 0);
        Knowledge old = horizon.knowledge(0);
        horizon.start(List.of(old), Duration.ofHours(22).toMillis());
        IllegalStateException error = assertThrows(IllegalStateException.class,
                () -> horizon.start(List.of(old), Duration.ofHours(30).toMillis()));
        assertTrue(error.getMessage().contains("written 30 hours ago, the stream keeps 24"), error.getMessage());
    }

    @Test
    void aMessageDatedAheadMovesTheWatermarkNoFurtherThanItsArrival() {
        Scored scored = new Scored();
        scored.createdMicros = (Operator.NOON + 600_000) * 1_000;
        scored.arrivedMillis = Operator.NOON;
        assertEquals(Operator.NOON, scored.eventTime());
    }

    @Test
    void theStateOfTwoPartsIsOne() throws Exception {
        Horizon horizon = new Horizon(Operator.LATENESS, Duration.ZERO);
        horizon.start(List.of(new Knowledge(5, 10, 0), new Knowledge(7, 9, 0)), 0);
        assertEquals(List.of(7L, 10L), List.of(horizon.knowledge(0).wholeFrom, horizon.knowledge(0).watermark));
    }

    @Test
    void positionsAreComparedAsNumbers() {
        Totals totals = new Totals();
        for (String position : List.of("9", "10", "2")) {
            totals.saw(position);
        }
        assertEquals("10", totals.position);
    }

    private static List<Boolean> finals(Operator operator) {
        return operator.revisions().stream().map(row -> (Boolean) row.getField("final")).toList();
    }
}
