// The list of tickers: the server sorts and searches, only what is shown is sent.
import { change, make, number, reading } from "./format.js";
import { MOST_TICKERS, toggleWatched, view, watchlist } from "./view.js";

const SHOWN = 60;
const element = (id) => document.getElementById(id);

export function listQuery() {
  const query = new URLSearchParams({ sort: view.sort, order: view.ascending ? "ascending" : "descending", limit: SHOWN });
  if (view.search) query.set("search", view.search);
  if (view.list === "watchlist") query.set("symbols", watchlist().join(","));
  return query;
}

export const isEmptyWatchlist = () => view.list === "watchlist" && watchlist().length === 0;

export function showTickers(now, { choose, compare, again }) {
  const rows = isEmptyWatchlist() ? [] : now.symbols;
  const watched = watchlist();
  element("tickers").replaceChildren(...rows.map((row) => tickerRow(row, watched, { choose, compare, again })));
  element("more").textContent = isEmptyWatchlist() ? "The watchlist is empty: ☆ beside a ticker puts it here."
    : rows.length === 0 ? "No ticker is like that."
    : now.found > SHOWN ? `${SHOWN} of ${number(now.found)} tickers; search to find the others` : "";
  for (const header of document.querySelectorAll("th[data-sort]")) {
    if (header.dataset.sort === view.sort) header.setAttribute("aria-sort", view.ascending ? "ascending" : "descending");
    else header.removeAttribute("aria-sort");
  }
  for (const button of element("lists").children) button.setAttribute("aria-pressed", button.dataset.list === view.list);
}

function tickerRow(row, watched, { choose, compare, again }) {
  const { tone } = reading(row.index);
  const isWatched = watched.includes(row.symbol);
  const shown = view.tickers.includes(row.symbol);
  const star = make("button", {
    type: "button", class: "star", text: isWatched ? "★" : "☆", "aria-label": `watch ${row.symbol}`, "aria-pressed": isWatched,
    on: { click: () => { toggleWatched(row.symbol); again(); } },
  });
  const name = make("button", { type: "button", text: row.symbol, on: { click: () => choose(row.symbol) } });
  const add = make("button", {
    type: "button", class: "add", text: "+", "aria-label": `compare ${row.symbol}`,
    disabled: shown || view.tickers.length >= MOST_TICKERS, on: { click: () => compare(row.symbol) },
  });
  const head = make("th", { scope: "row", children: [star, name, add, ...(row.name ? [make("small", { text: row.name })] : [])] });
  return make("tr", { class: shown ? "chosen" : "", "data-symbol": row.symbol, children: [
    head,
    make("td", { class: tone, text: row.index === null ? "no data" : number(row.index) }),
    make("td", { class: "wide", children: [bar(row, tone)] }),
    make("td", { class: "whole", children: [change(row.change)] }),
    make("td", { text: number(row.messages) }),
    make("td", { class: row.volume_z > 4 ? "whole hot" : "whole", text: row.volume_ratio === null ? "new" : `${number(row.volume_ratio, 1)} ×` }),
  ] });
}

function bar(row, tone) {
  const whole = make("div", { class: `bar ${tone}`, "aria-hidden": "true" });
  if (row.index !== null) {
    const [band, mark] = [make("i"), make("b")];
    Object.assign(band.style, { left: `${row.low}%`, right: `${100 - row.high}%` });
    mark.style.left = `${row.index}%`;
    whole.append(band, mark);
  }
  return whole;
}

export function showMoves(now, choose) {
  const percent = number(100 * now.false_alarm_rate);
  element("moves").replaceChildren(...now.moves.map((move) => make("li", { children: [make("button", {
    type: "button", on: { click: () => choose(move.symbol) },
    children: [
      make("strong", { text: move.symbol }),
      make("small", { text: move.name ?? "" }),
      make("span", { class: move.unusual ? "rare" : "none", text: move.chance === null ? `${number(move.hours)} h known`
        : move.unusual ? `unusual: 1 hour in ${number(1 / move.chance)}` : `1 hour in ${number(1 / move.chance)}` }),
      make("span", { class: "at", text: number(move.index) }),
      change(move.change),
    ],
  })] })));
  element("moves-rate").textContent = `Each is held against the ticker's own hours of 30 days, in standard errors. "Unusual" are those that
    at most ${percent} of 100 such hours surpass: so an ordinary hour of a ticker is called unusual ${percent} time in 100.`;
}
