-- Messages and what the model makes of them. Their scores are counted as delivered scores are; these tables say whence.

-- Grain: one row per different delivery of a message. All are kept, for which counts is settled by ticker, as with scores:
-- the least (created_at, score). `text` is kept for as long as its own retention says. `model` is the version that scored
-- the delivery last, NULL while it waits to be scored.
CREATE TABLE sentiment.message (
    delivery   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id bigint      NOT NULL CHECK (message_id BETWEEN 0 AND 999999999999999999),
    created_at timestamptz NOT NULL,
    text       text COLLATE "C" NOT NULL CHECK (length(text) <= 10000),
    mark       text COLLATE "C" CHECK (mark IN ('bullish', 'bearish')),
    model      text,
    unscored   text
);
COMMENT ON COLUMN sentiment.message.mark IS 'What the author marked the message as, if anything: it is then the score.';
COMMENT ON COLUMN sentiment.message.unscored IS 'Why a delivery that was read has no score.';
CREATE UNIQUE INDEX message_once ON sentiment.message (message_id, created_at, md5(text), coalesce(mark, ''));
CREATE INDEX message_created_at ON sentiment.message (created_at);
CREATE INDEX message_waiting ON sentiment.message (created_at) WHERE model IS NULL;

-- Grain: one row per (message_id, symbol) that deliveries in the table above gave a score: of the one that counts the score
-- (the author's mark where there is one), and what the model of that version makes of the words.
CREATE TABLE sentiment.message_score (
    message_id         bigint           NOT NULL,
    symbol             text COLLATE "C" NOT NULL,
    delivery           bigint           NOT NULL,
    created_at         timestamptz      NOT NULL,
    score_micros       integer          NOT NULL,
    model_score_micros integer          NOT NULL,
    mark               text COLLATE "C",
    model              text             NOT NULL,
    PRIMARY KEY (message_id, symbol)
);
CREATE INDEX message_score_of_symbol ON sentiment.message_score (symbol, created_at);
CREATE INDEX message_score_created_at ON sentiment.message_score (created_at);
