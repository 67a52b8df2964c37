// Shows the API's answers and asks again every few seconds; an unchanged answer costs a 304.
import { showBehind } from "./behind.js";
import { drawCompared, drawIndex, drawVolume, seriesColour } from "./charts.js";
import { age, change, clock, make, number, reading } from "./format.js";
import { ask, history, server, tickerHistory } from "./source.js";
import { listQuery, showMoves, showTickers } from "./tickers.js";
import { onSystemTheme, toggleTheme } from "./theme.js";
import { linkTo, MOST_TICKERS, readAddress, span, symbolOf, view, writeAddress } from "./view.js";

const SECONDS_BETWEEN_ASKS = 5;
const SECONDS_WHILE_OPEN = 2; // where the stream feeds the minute that is still filling
const SECONDS_UNTIL_LATE = 180;
const SEARCH_AFTER_MS = 200;

const state = { now: null, chosen: [], histories: [], drawn: "" };
const element = (id) => document.getElementById(id);

async function refresh() {
  try {
    state.now = await ask(`/api/v1/index?${listQuery()}`);
    const { as_of: asOf, symbols } = state.now;
    element("filled").hidden = asOf === null;
    element("empty").hidden = asOf !== null;
    if (asOf) {
      if (view.tickers.length === 0 && symbols.length) view.tickers = [symbols[0].symbol];
      showMarket();
      showMoves(state.now, choose);
      showList();
      await drawCharts();
    }
    showStatus();
  } catch (error) {
    showStatus(error.message);
  }
}

const showList = () => showTickers(state.now, { choose, compare, again: refresh });

function showStatus(problem) {
  const asOf = state.now?.as_of;
  const behind = asOf ? (Date.now() + server.clockOffset - Date.parse(asOf)) / 1000 : null;
  const late = Boolean(problem) || (behind !== null && behind > SECONDS_UNTIL_LATE);
  const minute = asOf && `${clock(asOf, behind > 43_200)} UTC`;
  element("status").className = late ? "late" : asOf ? "live" : "";
  element("status-text").textContent = problem ? "not updating"
    : behind === null ? "no data yet"
    : late ? `${age(behind)} behind`
    : `live · minute ${minute}`;
  document.body.classList.toggle("stale", late);
  element("banner").hidden = !late;
  element("banner").textContent = late
    ? `Not live: ${problem ?? "no new minute has been aggregated"}${asOf ? `. Shown is ${minute}, ${age(behind)} ago` : ""}.`
    : "";
}

function showMarket() {
  const market = state.now.market;
  const { word, tone } = reading(market.index);
  const known = market.index !== null;
  element("market-index").textContent = known ? number(market.index) : "–";
  element("market-word").textContent = word;
  element("market-word").className = tone;
  element("market-needle").hidden = element("market-band").hidden = !known;
  if (known) {
    element("market-needle").style.left = `${market.index}%`;
    Object.assign(element("market-band").style, { left: `${market.low}%`, right: `${100 - market.high}%` });
  }
  element("market-range").textContent = known ? `${number(market.low, 1)} to ${number(market.high, 1)}` : "–";
  element("market-change").replaceChildren(change(market.change));
  element("market-messages").textContent = number(market.messages);
  element("market-volume").textContent = market.volume_ratio === null ? "–" : `${number(market.volume_ratio, 1)} ×`;
}

async function drawCharts() {
  const asOf = Date.parse(state.now.as_of);
  const shown = span(asOf);
  const wanted = JSON.stringify([asOf, state.now.revision, view.tickers, shown, document.documentElement.dataset.theme]);
  if (wanted === state.drawn) return;
  const hours = { from: new Date(asOf - 6 * 3_600_000), to: new Date(asOf), step: "1m", stepSeconds: 60, live: true };
  const [market, chosen, ...histories] = await Promise.all([
    history("/api/v1/market", hours),
    ask(`/api/v1/index?${new URLSearchParams({ symbols: view.tickers.join(","), limit: MOST_TICKERS })}`),
    ...view.tickers.map((symbol) => tickerHistory(symbol, shown)),
  ]);
  state.chosen = chosen.symbols;
  state.histories = histories.map((known) => ({ ...known, points: withNow(known, shown) }));
  drawIndex(element("market-chart"), market, hours, { height: 230 });
  describe("market-chart", "The market over 6 hours", market);
  showChosen(shown);
  drawChosen(shown);
  await showBehind(view.tickers);
  state.drawn = wanted;
}

// Steps are whole: the last one is not yet over, and the index now is known.
function withNow({ symbol, points }, { live, step }) {
  const row = state.chosen.find((one) => one.symbol === symbol);
  if (!live || step === "1m" || row?.index == null) return points;
  const { index, low, high } = row;
  return [...points, { period_ending: state.now.as_of, index, low, high, bullish_count: 0, bearish_count: 0, neutral_count: 0 }];
}

function drawChosen(shown) {
  const several = state.histories.length > 1;
  const [first] = state.histories;
  const more = { height: several ? 380 : 280, zoom, show: (at) => showPoint(at, several) };
  element("volume-chart").hidden = several;
  if (several) drawCompared(element("ticker-chart"), state.histories, shown, more);
  else {
    drawIndex(element("ticker-chart"), first.points, shown, more);
    drawVolume(element("volume-chart"), first.points, shown, { height: 100, zoom, show: more.show });
  }
  describe("ticker-chart", `${view.tickers.join(", ")} from ${clock(shown.from, true)} to ${clock(shown.to, true)} UTC`, first.points);
  describe("volume-chart", `Messages of ${view.tickers[0]} per ${shown.word}`, []);
  showPoint(null, several);
}

function describe(id, what, points) {
  const known = points.filter((point) => point.index !== null).map((point) => point.index);
  const course = known.length ? `: from ${number(known[0])} to ${number(known.at(-1))}, between ${number(Math.min(...known))} and ${number(Math.max(...known))}` : "";
  element(id).setAttribute("aria-label", what + course);
}

function showPoint(at, several) {
  const [first] = state.histories;
  const point = several ? null : first?.points[at];
  element("point").textContent = !point ? "draw across the chart to zoom in, double-click to go back"
    : `${clock(point.period_ending, true)}: ${point.index === null ? "no data" : `${number(point.index, 1)} (${number(point.low)} to ${number(point.high)})`}` +
      ` · ${number(point.bullish_count)} bullish, ${number(point.neutral_count)} neutral, ${number(point.bearish_count)} bearish`;
}

function showChosen(shown) {
  element("ticker-title").textContent = view.tickers.join(", ");
  element("chosen").replaceChildren(...state.histories.map(chosenTicker));
  element("legend-step").textContent = shown.word;
  element("legend").hidden = state.histories.length > 1;
  for (const button of element("ranges").children) button.setAttribute("aria-pressed", !view.from && button.dataset.range === view.range);
  if (element("span").contains(document.activeElement)) return; // somebody is at it
  element("from").value = shown.from.toISOString().slice(0, 16);
  element("to").value = shown.to.toISOString().slice(0, 16);
}

function chosenTicker({ symbol, unknown }, position, all) {
  const row = state.chosen.find((one) => one.symbol === symbol);
  const { word, tone } = reading(row?.index);
  const mark = make("i", { class: "mark", "aria-hidden": "true" });
  mark.style.background = seriesColour(position);
  const text = unknown ? "unknown: nobody has mentioned it"
    : row?.index == null ? "no data: no opinion in the last half hour"
    : `${number(row.index, 1)} ${word} · ${number(row.low)} to ${number(row.high)} · ${number(row.effective_messages)} messages`;
  const remove = make("button", { type: "button", class: "add", text: "×", "aria-label": `remove ${symbol}`, on: { click: () => look({ tickers: view.tickers.filter((other) => other !== symbol) }) } });
  return make("li", { children: [mark, make("strong", { text: symbol }), ...(row?.name ? [make("small", { text: row.name })] : []),
    make("span", { class: `chip ${tone}`, text }), ...(all.length > 1 ? [remove] : [])] });
}

async function look(changes) {
  Object.assign(view, changes);
  writeAddress();
  if (!state.now?.as_of) return;
  showList();
  await drawCharts().catch((error) => showStatus(error.message));
}

const zoom = (part) => look(part && part.to - part.from >= 300_000 ? part : { from: null, to: null });
const compare = (symbol) => look({ tickers: [...new Set([...view.tickers, symbol])].slice(0, MOST_TICKERS) });

async function choose(symbol) {
  await look({ tickers: [symbol] });
  if (matchMedia("(max-width: 860px)").matches) element("ticker").scrollIntoView({ behavior: "smooth" });
}

async function copyLink() {
  const address = linkTo(span(Date.parse(state.now.as_of)));
  const copied = await navigator.clipboard?.writeText(address).then(() => true, () => false);
  element("link-said").textContent = copied ? "copied: a link to exactly this" : "";
  element("link-text").hidden = Boolean(copied);
  element("link-text").value = address;
  if (!copied) element("link-text").select();
}

function listen() {
  onSystemTheme(refresh);
  element("theme").addEventListener("click", () => { toggleTheme(); refresh(); });
  let waiting;
  element("search").addEventListener("input", (event) => {
    view.search = event.target.value.trim();
    clearTimeout(waiting);
    waiting = setTimeout(() => { writeAddress(); refresh(); }, SEARCH_AFTER_MS);
  });
  element("search").addEventListener("keydown", (event) => {
    const symbol = symbolOf(event.target.value);
    if (event.key === "Enter" && symbol) choose(state.now.symbols.length === 1 ? state.now.symbols[0].symbol : symbol);
  });
  element("lists").addEventListener("click", (event) => { if (event.target.dataset.list) relist({ list: event.target.dataset.list }); });
  element("ranges").addEventListener("click", (event) => { if (event.target.dataset.range) look({ range: event.target.dataset.range, from: null, to: null }); });
  element("span").addEventListener("submit", (event) => {
    event.preventDefault();
    const [from, to] = ["from", "to"].map((id) => new Date(`${element(id).value}Z`));
    if (from < to) look({ from, to });
    else element("to").setCustomValidity("it should lie after the beginning");
    element("to").reportValidity();
    element("to").setCustomValidity("");
  });
  element("link").addEventListener("click", copyLink);
  document.querySelector("thead").addEventListener("click", (event) => {
    const sort = event.target.closest("th")?.dataset.sort;
    if (sort) relist({ sort, ascending: view.sort === sort ? !view.ascending : sort === "symbol" });
  });
  addEventListener("hashchange", start);
}

function relist(changes) {
  Object.assign(view, changes);
  writeAddress();
  refresh();
}

function start() {
  readAddress();
  element("search").value = view.search;
  return refresh();
}

// An answer that does not come must not keep the next question back.
function askAgain() {
  const open = state.now && state.now.as_of !== state.now.closed_through;
  setTimeout(() => { refresh(); askAgain(); }, 1000 * (open ? SECONDS_WHILE_OPEN : SECONDS_BETWEEN_ASKS));
}

listen();
await start();
askAgain();
