// Shows the API's answers and asks again every few seconds; an unchanged answer costs a 304.
import { drawMarket, drawTicker } from "./charts.js";
import { onSystemTheme, toggleTheme } from "./theme.js";

const SECONDS_BETWEEN_ASKS = 2;
const SECONDS_UNTIL_LATE = 180;
const TICKERS_SHOWN = 60;
const STEPS = { 1: "1m", 6: "1m", 24: "5m", 168: "1h" };
const STEP_WORDS = { "1m": "minute", "5m": "5 minutes", "1h": "hour" };

const CLOCK = { hour: "2-digit", minute: "2-digit" };
const DAY_AND_CLOCK = { day: "numeric", month: "short", ...CLOCK };

const state = { now: null, symbol: null, hours: 6, sort: "messages", ascending: false, search: "", clockOffset: 0, drawn: "" };
const element = (id) => document.getElementById(id);
const number = (value, digits = 0) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const WORDS = [[25, "very bearish", "down"], [45, "bearish", "down"], [55, "neutral", "none"], [75, "bullish", "up"], [101, "very bullish", "up"]];
const reading = (index) => {
  if (index === null) return { word: "no data", tone: "none" };
  const [, word, tone] = WORDS.find(([limit]) => index < limit);
  return { word, tone };
};

async function ask(address) {
  const answer = await fetch(address, { cache: "no-cache" }).catch(() => { throw new Error("the server does not answer"); });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? `the server answers ${answer.status}`), { status: answer.status });
  state.clockOffset = Date.parse(answer.headers.get("Date")) - Date.now();
  return body;
}

async function refresh() {
  try {
    state.now = await ask("/api/v1/index");
    element("filled").hidden = state.now.as_of === null;
    element("empty").hidden = state.now.as_of !== null;
    showMarket();
    showMovers();
    showTickers();
    state.symbol ??= decodeURIComponent(location.hash.slice(1)) || state.now.symbols[0]?.symbol || null;
    await drawCharts();
    showStatus();
  } catch (error) {
    showStatus(error.message);
  }
}

function showStatus(problem) {
  const asOf = state.now?.as_of;
  const behind = asOf ? (Date.now() + state.clockOffset - Date.parse(asOf)) / 1000 : null;
  const late = Boolean(problem) || (behind !== null && behind > SECONDS_UNTIL_LATE);
  const minute = asOf && `${new Date(asOf).toLocaleString("en-GB", { timeZone: "UTC", ...(behind < 43_200 ? CLOCK : DAY_AND_CLOCK) })} UTC`;
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

function age(seconds) {
  const minutes = seconds / 60;
  return minutes < 120 ? `${number(minutes)} minutes` : minutes < 2880 ? `${number(minutes / 60)} hours` : `${number(minutes / 1440)} days`;
}

function showMarket() {
  const market = state.now.market;
  const { word, tone } = reading(market?.index ?? null);
  element("market-index").textContent = market?.index == null ? "–" : number(market.index);
  element("market-word").textContent = word;
  element("market-word").className = tone;
  if (!market) return;
  const known = market.index !== null;
  element("market-needle").hidden = !known;
  element("market-needle").style.left = `${known ? market.index : 50}%`;
  element("market-band").style.cssText = known ? `left:${market.low}%;right:${100 - market.high}%` : "";
  element("market-range").textContent = known ? `${number(market.low, 1)} to ${number(market.high, 1)}` : "–";
  element("market-change").replaceChildren(change(market.change));
  element("market-messages").textContent = number(market.messages);
  element("market-volume").textContent = market.volume_ratio === null ? "–" : `${number(market.volume_ratio, 1)} ×`;
}

function change(points) {
  const span = document.createElement("span");
  const rounded = points === null ? 0 : Math.round(points * 10) / 10;
  span.className = rounded > 0 ? "up" : rounded < 0 ? "down" : "none";
  span.textContent = points === null ? "–" : rounded > 0 ? `▲ ${number(rounded, 1)}` : rounded < 0 ? `▼ ${number(-rounded, 1)}` : "0.0";
  return span;
}

function showMovers() {
  // A move counts where enough messages stand behind it, so that noise does not lead the list.
  const moved = state.now.symbols.filter((row) => row.change !== null && row.effective_messages >= 10);
  const lists = { rising: moved.filter((row) => row.change > 0).sort((a, b) => b.change - a.change),
                  falling: moved.filter((row) => row.change < 0).sort((a, b) => a.change - b.change) };
  for (const [id, rows] of Object.entries(lists)) {
    element(id).replaceChildren(...rows.slice(0, 6).map((row) => {
      const button = document.createElement("button");
      const name = document.createElement("strong");
      const now = document.createElement("small");
      name.textContent = row.symbol;
      now.textContent = number(row.index);
      button.type = "button";
      button.append(name, now, change(row.change));
      button.addEventListener("click", () => choose(row.symbol));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
  }
}

function showTickers() {
  const { sort, ascending, search } = state;
  const found = state.now.symbols.filter((row) => row.symbol.includes(search));
  found.sort((a, b) => {
    if (a[sort] === null || b[sort] === null) return (a[sort] === null) - (b[sort] === null);
    const order = sort === "symbol" ? a.symbol.localeCompare(b.symbol) : a[sort] - b[sort];
    return ascending ? order : -order;
  });
  element("tickers").replaceChildren(...found.slice(0, TICKERS_SHOWN).map(tickerRow));
  element("more").textContent = found.length > TICKERS_SHOWN ? `${TICKERS_SHOWN} of ${number(found.length)} tickers; search to find the others` : "";
  for (const button of document.querySelectorAll("[data-sort]")) {
    if (button.dataset.sort === sort) button.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    else button.removeAttribute("aria-sort");
  }
}

function tickerRow(row) {
  const line = document.createElement("tr");
  line.dataset.symbol = row.symbol;
  line.className = row.symbol === state.symbol ? "chosen" : "";
  const head = document.createElement("th");
  head.scope = "row";
  const name = document.createElement("button");
  name.type = "button";
  name.textContent = row.symbol;
  head.append(name);
  line.append(head);
  const { tone } = reading(row.index);
  const cell = (content, className = "") => {
    const td = document.createElement("td");
    td.className = className;
    td.append(content);
    line.append(td);
  };
  cell(row.index === null ? "no data" : number(row.index), tone);
  const bar = document.createElement("div");
  bar.className = `bar ${tone}`;
  if (row.index !== null) {
    const [band, mark] = [document.createElement("i"), document.createElement("b")];
    band.style.cssText = `left:${row.low}%;right:${100 - row.high}%`;
    mark.style.left = `${row.index}%`;
    bar.append(band, mark);
  }
  cell(bar, "wide");
  cell(change(row.change), "whole");
  cell(number(row.messages));
  cell(row.volume_ratio === null ? "new" : `${number(row.volume_ratio, 1)} ×`, row.volume_z > 4 ? "whole hot" : "whole");
  line.addEventListener("click", () => choose(row.symbol));
  return line;
}

async function drawCharts() {
  if (!state.now.as_of || !state.symbol) return;
  const wanted = `${state.now.as_of} ${state.now.revision} ${state.symbol} ${state.hours} ${document.documentElement.dataset.theme}`;
  if (wanted === state.drawn) return;
  const from = (hours) => new Date(Date.parse(state.now.as_of) - hours * 3_600_000).toISOString();
  const [market, ticker] = await Promise.all([
    ask(`/api/v1/market?from=${from(6)}&step=1m`),
    ask(`/api/v1/index/${encodeURIComponent(state.symbol)}?from=${from(state.hours)}&step=${STEPS[state.hours]}`).catch(unknownTicker),
  ]);
  drawMarket(element("market-chart"), market, 6);
  drawTicker(element("ticker-chart"), ticker, state.hours);
  showTicker();
  state.drawn = wanted;
}

function unknownTicker(error) {
  if (![400, 404].includes(error.status)) throw error;
  return { points: [] };
}

function showTicker() {
  const row = state.now.symbols.find((found) => found.symbol === state.symbol);
  const { word, tone } = reading(row?.index ?? null);
  element("ticker-title").textContent = state.symbol;
  element("ticker-reading").className = `chip ${tone}`;
  element("ticker-reading").textContent = row?.index == null ? "no data: no opinion in the last half hour"
    : `${number(row.index, 1)} ${word} · ${number(row.low)} to ${number(row.high)} · ${number(row.effective_messages)} messages`;
  element("legend-step").textContent = STEP_WORDS[STEPS[state.hours]];
  for (const button of element("ranges").children) button.setAttribute("aria-pressed", Number(button.dataset.hours) === state.hours);
}

async function choose(symbol) {
  state.symbol = symbol;
  history.replaceState(null, "", `#${encodeURIComponent(symbol)}`);
  showTickers();
  await drawCharts().catch((error) => showStatus(error.message));
  if (matchMedia("(max-width: 860px)").matches) element("ticker").scrollIntoView({ behavior: "smooth" });
}

onSystemTheme(refresh);
element("theme").addEventListener("click", () => { toggleTheme(); refresh(); });
element("search").addEventListener("input", (event) => { state.search = event.target.value.trim().replace(/^\$/, "").toUpperCase(); if (state.now) showTickers(); });
element("ranges").addEventListener("click", (event) => {
  if (!event.target.dataset.hours) return;
  state.hours = Number(event.target.dataset.hours);
  drawCharts().catch((error) => showStatus(error.message));
});
document.querySelector("thead").addEventListener("click", (event) => {
  const sort = event.target.dataset.sort;
  if (!sort || !state.now) return;
  state.ascending = state.sort === sort ? !state.ascending : sort === "symbol";
  state.sort = sort;
  showTickers();
});

await refresh();
setInterval(refresh, SECONDS_BETWEEN_ASKS * 1000);
