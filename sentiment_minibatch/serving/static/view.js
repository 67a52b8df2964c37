// What is looked at: tickers, time, list. It lives in the address, so that a link shows the same again.
export const RANGES = { "1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720, "1y": 8760 };
export const MOST_TICKERS = 4;
const STEPS = { "1m": 1, "5m": 5, "15m": 15, "1h": 60, "1d": 1440 };
const STEP_WORDS = { "1m": "minute", "5m": "5 minutes", "15m": "15 minutes", "1h": "hour", "1d": "day" };
const MOST_POINTS = 750;
const SORTS = ["symbol", "index", "change", "messages", "volume_z"];
const SYMBOL = /^[A-Z][A-Z0-9._-]{0,14}$/;

export const symbolOf = (text) => {
  const symbol = text.trim().replace(/^\$/, "").toUpperCase();
  return SYMBOL.test(symbol) ? symbol : null;
};

export const view = { tickers: [], range: "6h", from: null, to: null, sort: "messages", ascending: false, search: "", list: "all" };

export function readAddress() {
  const hash = location.hash.slice(1);
  const given = new URLSearchParams(hash.includes("=") ? hash : `t=${hash}`);
  const tickers = (given.get("t") ?? "").split(",").map(symbolOf).filter(Boolean);
  const [from, to] = [given.get("from"), given.get("to")].map((time) => (Date.parse(time) ? new Date(time) : null));
  Object.assign(view, {
    tickers: [...new Set(tickers)].slice(0, MOST_TICKERS),
    range: given.get("range") in RANGES ? given.get("range") : "6h",
    ...(from && to && from < to ? { from, to } : { from: null, to: null }),
    sort: SORTS.includes(given.get("sort")) ? given.get("sort") : "messages",
    ascending: given.get("order") === "ascending",
    search: given.get("search") ?? "",
    list: given.get("list") === "watchlist" ? "watchlist" : "all",
  });
}

function parameters(fixed) {
  const given = new URLSearchParams();
  if (view.tickers.length) given.set("t", view.tickers.join(","));
  if (fixed ?? view.from) {
    const { from, to } = fixed ?? view;
    given.set("from", from.toISOString());
    given.set("to", to.toISOString());
  } else if (view.range !== "6h") given.set("range", view.range);
  if (view.sort !== "messages") given.set("sort", view.sort);
  if (view.ascending) given.set("order", "ascending");
  if (view.search) given.set("search", view.search);
  if (view.list !== "all") given.set("list", view.list);
  return given.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

export const writeAddress = () => history.replaceState(null, "", `#${parameters()}`);

// A link to exactly the time that is shown, whenever it is followed.
export const linkTo = (span) => `${location.origin}${location.pathname}#${parameters(span)}`;

// The time that is shown, and the step in which it is.
export function span(asOf) {
  const to = view.from ? new Date(Math.min(view.to, asOf)) : new Date(asOf);
  const from = view.from ?? new Date(to - RANGES[view.range] * 3_600_000);
  const step = Object.keys(STEPS).find((name) => (to - from) / 60_000 / STEPS[name] <= MOST_POINTS) ?? "1d";
  return { from, to, step, stepSeconds: STEPS[step] * 60, word: STEP_WORDS[step], live: !view.from };
}

// The tickers that a reader watches stay in the browser.
export const watchlist = () => JSON.parse(localStorage.getItem("watchlist") ?? "[]");
export function toggleWatched(symbol) {
  const watched = watchlist();
  const next = watched.includes(symbol) ? watched.filter((other) => other !== symbol) : [...watched, symbol].slice(-50);
  localStorage.setItem("watchlist", JSON.stringify(next));
}
