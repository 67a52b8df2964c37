package sentiment.minutes;

import java.time.Duration;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.TimeDomain;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * The minutes of each symbol. It remembers of each message the delivery that counts, and keeps each minute's totals. A minute
 * that changes is sent as a revision at most once a second, and once more, as final, when the watermark passes its end. Its
 * state goes when the watermark is past it by the lateness.
 *
 * <p>A revision is only sent of a minute that the operator knows whole: it has read all its deliveries and still has its
 * state. A message of any other minute is sent alone, with its position, for readers to add to what they have.
 *
 * <p>Not a ProcessTableFunction: in Flink 2.2 that has no timers of the clock, which the debounce needs, and no state beside
 * that of its keys, in which the watermark, and what is known whole, survive a restore.
 */
final class MinutesFunction extends KeyedProcessFunction<String, Scored, Row> implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;
    private static final long DEBOUNCE_MILLIS = 1_000;

    private final Horizon horizon;
    private final long lateness;

    private transient ListState<Knowledge> knowledge;
    private transient MessageMemory messages;
    private transient MapState<Long, Totals> minutes;
    private transient ValueState<Agenda> agendas;
    private transient Counter late;
    private transient Counter alone;
    private transient Counter repeated;

    MinutesFunction(Duration lateness, Duration retention) {
        this.lateness = lateness.toMillis();
        horizon = new Horizon(lateness, retention);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        knowledge = context.getOperatorStateStore()
                .getUnionListState(new ListStateDescriptor<>("knowledge", Knowledge.class));
        horizon.start(context.isRestored() ? knowledge.get() : null, System.currentTimeMillis());
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        knowledge.update(List.of(horizon.knowledge(System.currentTimeMillis())));
    }

    @Override
    public void open(OpenContext context) {
        messages = new MessageMemory(getRuntimeContext());
        minutes = getRuntimeContext().getMapState(
                new MapStateDescriptor<>("minutes", Types.LONG, TypeInformation.of(Totals.class)));
        agendas = getRuntimeContext().getState(new ValueStateDescriptor<>("agenda", Agenda.class));
        late = OperatorMetrics.counter(getRuntimeContext().getMetricGroup(), "late");
        alone = OperatorMetrics.counter(getRuntimeContext().getMetricGroup(), "alone");
        repeated = OperatorMetrics.counter(getRuntimeContext().getMetricGroup(), "repeated");
    }

    @Override
    public void processElement(Scored scored, Context context, Collector<Row> out) throws Exception {
        TimerService timers = context.timerService();
        horizon.advance(timers.currentWatermark());
        Agenda agenda = agenda();
        Counted counted = messages.counted(scored.messageId);
        Counted before = counted == null && agenda.alone ? messages.alone(scored.messageId) : counted;
        boolean counts = before == null || before.losesTo(scored);
        if (!counts) {
            repeated.inc();
        } else if (counted != null) {
            withdraw(counted, scored, agenda, timers);
        }
        long minute = Minutes.of(scored.createdMicros);
        Totals totals = minutes.get(minute);
        if (totals == null && horizon.isUntouched(minute)) {
            totals = begin(minute, timers);
        }
        if (totals != null) {
            if (counts) {
                count(scored, minute, totals);
            }
            save(minute, totals, scored, agenda, timers);
        } else if (counts) {
            sendAlone(scored, minute, agenda, timers, out);
        }
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Row> out) throws Exception {
        horizon.advance(context.timerService().currentWatermark());
        Agenda agenda = agenda();
        if (context.timeDomain() == TimeDomain.PROCESSING_TIME) {
            if (timestamp == agenda.sendAt) {
                send(agenda, context, out);
            }
        } else {
            close(Minutes.ofMillis(timestamp), agenda, context, out);
            forget(Minutes.ofMillis(timestamp - lateness), agenda, context, out);
        }
    }

    private Totals begin(long minute, TimerService timers) {
        timers.registerEventTimeTimer(horizon.isClosed(minute) ? horizon.forgetting(minute) : Minutes.last(minute));
        return new Totals();
    }

    private void count(Scored scored, long minute, Totals totals) throws Exception {
        Counted message = new Counted(scored, horizon.isClosed(minute), horizon.keptWith(minute, scored.arrival()));
        if (message.late) {
            late.inc();
        }
        messages.count(scored.messageId, message, totals);
        totals.add(message);
    }

    private void withdraw(Counted message, Scored cause, Agenda agenda, TimerService timers) throws Exception {
        long minute = message.minute();
        Totals totals = minutes.get(minute);
        totals.withdraw(message);
        messages.withdraw(cause.messageId);
        save(minute, totals, cause, agenda, timers);
    }

    private void sendAlone(Scored scored, long minute, Agenda agenda, TimerService timers, Collector<Row> out)
            throws Exception {
        alone.inc();
        long keptWith = horizon.keptWith(minute, scored.arrival());
        messages.send(scored.messageId, new Counted(scored, true, keptWith));
        timers.registerEventTimeTimer(horizon.forgetting(keptWith));
        if (!agenda.alone) {
            agenda.alone = true;
            agendas.update(agenda);
        }
        out.collect(Change.message(scored));
    }

    /** Keeps a minute that a delivery changed, or only showed to be known up to there, and sees to it that it is sent. */
    private void save(long minute, Totals totals, Scored cause, Agenda agenda, TimerService timers) throws Exception {
        totals.saw(cause.position);
        minutes.put(minute, totals);
        boolean added = agenda.add(minute);
        if (agenda.sendAt == 0) {
            agenda.sendAt = Math.max(timers.currentProcessingTime(), agenda.sentAt + DEBOUNCE_MILLIS);
            timers.registerProcessingTimeTimer(agenda.sendAt);
            agendas.update(agenda);
        } else if (added) {
            agendas.update(agenda);
        }
    }

    private void send(Agenda agenda, OnTimerContext context, Collector<Row> out) throws Exception {
        for (long minute : agenda.take()) {
            revise(minute, minutes.get(minute), context, out);
        }
        agenda.sendAt = 0;
        agenda.sentAt = context.timerService().currentProcessingTime();
        agendas.update(agenda);
    }

    private void revise(long minute, Totals totals, OnTimerContext context, Collector<Row> out) throws Exception {
        totals.revision = Math.max(totals.revision + 1, context.timerService().currentProcessingTime() * 1_000);
        minutes.put(minute, totals);
        out.collect(Change.revision(context.getCurrentKey(), minute, totals, horizon.isClosed(minute)));
    }

    private void close(long minute, Agenda agenda, OnTimerContext context, Collector<Row> out) throws Exception {
        Totals totals = minutes.get(minute);
        if (totals == null || !horizon.isClosed(minute)) {
            return;
        }
        if (agenda.remove(minute)) {
            agendas.update(agenda);
        }
        revise(minute, totals, context, out);
        context.timerService().registerEventTimeTimer(horizon.forgetting(minute));
    }

    private void forget(long minute, Agenda agenda, OnTimerContext context, Collector<Row> out) throws Exception {
        if (!horizon.isForgotten(minute)) {
            return;
        }
        Totals totals = minutes.get(minute);
        if (totals != null) {
            if (agenda.remove(minute)) {
                revise(minute, totals, context, out);
            }
            long last = messages.forget(minute, totals);
            minutes.remove(minute);
            if (last != 0) {
                agenda.alone = true;
                context.timerService().registerEventTimeTimer(horizon.forgetting(last));
            }
        }
        agenda.alone = agenda.alone && messages.forgetAlone(minute);
        if (minutes.isEmpty() && !agenda.alone) {
            agendas.clear();
        } else {
            agendas.update(agenda);
        }
    }

    private Agenda agenda() throws Exception {
        Agenda agenda = agendas.value();
        return agenda == null ? new Agenda() : agenda;
    }
}
