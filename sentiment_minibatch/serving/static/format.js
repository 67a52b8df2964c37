// How the page writes numbers, readings, times and moves.
export const number = (value, digits = 0) =>
  Number(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const WORDS = [[25, "very bearish", "down"], [45, "bearish", "down"], [55, "neutral", "none"], [75, "bullish", "up"], [101, "very bullish", "up"]];

export function reading(index) {
  if (index == null) return { word: "no data", tone: "none" };
  const [, word, tone] = WORDS.find(([limit]) => index < limit);
  return { word, tone };
}

const CLOCK = { hour: "2-digit", minute: "2-digit", timeZone: "UTC" };
const DAY_AND_CLOCK = { day: "numeric", month: "short", ...CLOCK };

export const clock = (time, withDay) => new Date(time).toLocaleString("en-GB", withDay ? DAY_AND_CLOCK : CLOCK);

export function age(seconds) {
  const minutes = seconds / 60;
  return minutes < 120 ? `${number(minutes)} minutes` : minutes < 2880 ? `${number(minutes / 60)} hours` : `${number(minutes / 1440)} days`;
}

// Makes an element: its class, its text or its children, and any other attribute.
export function make(tag, { text, children, on, ...attributes } = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  if (text != null) element.textContent = text;
  if (children) element.append(...children);
  for (const [event, listener] of Object.entries(on ?? {})) element.addEventListener(event, listener);
  return element;
}

export function change(points) {
  const rounded = points == null ? 0 : Math.round(points * 10) / 10;
  const text = points == null ? "–" : rounded > 0 ? `▲ ${number(rounded, 1)}` : rounded < 0 ? `▼ ${number(-rounded, 1)}` : "0.0";
  return make("span", { class: rounded > 0 ? "up" : rounded < 0 ? "down" : "none", text });
}
