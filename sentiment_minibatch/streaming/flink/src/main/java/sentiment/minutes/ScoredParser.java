package sentiment.minutes;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** Reads the JSON of a scored delivery, field by field; fields that it does not know are passed over. */
final class ScoredParser implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final JsonFactory JSON = new JsonFactory();

    /** Returns the delivery, or throws IOException where the bytes are something else. */
    Scored parse(byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            return read(parser);
        }
    }

    /** As above, of text. */
    Scored parse(String json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            return read(parser);
        }
    }

    private static Scored read(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new IOException("it is no JSON object");
        }
        Scored scored = new Scored();
        boolean identified = false;
        boolean dated = false;
        for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
            JsonToken value = parser.nextToken();
            switch (field) {
                case "message_id" -> {
                    scored.messageId = parser.getLongValue();
                    identified = true;
                }
                case "symbol" -> scored.symbol = parser.getText();
                case "created_at_micros" -> {
                    scored.createdMicros = parser.getLongValue();
                    dated = true;
                }
                case "bullish_micros", "bearish_micros" -> scored.scoreMicros += parser.getIntValue();
                case "arrived_at_millis" -> scored.arrivedMillis = parser.getLongValue();
                case "sequence_number" -> scored.position = parser.getText();
                default -> {
                    if (value.isStructStart()) {
                        parser.skipChildren();
                    }
                }
            }
        }
        if (!identified || !dated || scored.symbol == null) {
            throw new IOException("message_id, symbol or created_at_micros is missing");
        }
        return scored;
    }
}
