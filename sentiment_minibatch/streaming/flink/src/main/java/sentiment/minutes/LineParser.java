package sentiment.minutes;

import java.io.IOException;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.util.Collector;

/** Reads the scored deliveries of a file, a line of JSON each. */
final class LineParser implements FlatMapFunction<String, Scored> {
    private static final long serialVersionUID = 1L;
    private final ScoredParser parser = new ScoredParser();

    @Override
    public void flatMap(String line, Collector<Scored> out) throws IOException {
        out.collect(parser.parse(line));
    }
}
