// The messages behind a ticker's last hour, and the words that made their scores.
import { clock, make } from "./format.js";
import { ask } from "./source.js";

const element = (id) => document.getElementById(id);
const tone = (value) => (value > 0 ? "up" : value < 0 ? "down" : "none");
const signed = (value, digits) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(digits)}`;

export async function showBehind(tickers) {
  const known = tickers.length === 1 ? await ask(`/api/v1/messages/${encodeURIComponent(tickers[0])}`) : null;
  element("behind").hidden = !known?.messages;
  if (!known?.messages) return;
  element("behind-title").textContent = `Behind ${known.symbol}'s last hour`;
  element("behind-words").replaceChildren(...known.words.map(word));
  element("behind-messages").replaceChildren(...known.strongest.map(message));
}

const word = ({ word, log_odds: odds, messages }) => make("li", { class: tone(odds), title: `in ${messages} of the strongest messages`, text: `${word} ${signed(odds, 1)}` });

function message({ created_at: at, text, score, mark, words }) {
  const why = mark ? `its author marked it ${mark}` : words.map((one) => `${one.word} ${signed(one.log_odds, 1)}`).join(" · ");
  return make("li", { children: [
    make("strong", { class: tone(score), text: signed(score, 2) }),
    make("span", { text }),
    make("small", { text: [`${clock(at)} UTC`, why].filter(Boolean).join(" · ") }),
  ] });
}
