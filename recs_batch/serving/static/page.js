"use strict";

const byId = (id) => document.getElementById(id);
const KINDS = ["users", "rooms"];
const NAMES = { users: "user", rooms: "room" };

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function ask(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

function inWords(reason) {
  const weight = Number(reason.weight.toPrecision(3));
  if (reason.kind === "overall") return `popular: ${reason.weight} are linked`;
  if (reason.kind === "followers") return `the user's followers (${weight})`;
  return `${reason.kind === "room" ? "room" : "user"} ${reason.id} (${weight})`;
}

function bar(reasons) {
  const made = element("div", "bar");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", `because of ${reasons.map(inWords).join(", ")}`);
  const total = reasons.reduce((sum, reason) => sum + reason.weight, 0) || 1;
  for (const reason of reasons) {
    const part = element("span", reason.kind);
    part.style.width = `${(100 * reason.weight) / total}%`;
    part.title = inWords(reason);
    made.append(part);
  }
  return made;
}

function moved(item, before) {
  const was = before.find((other) => other.id === item.id);
  if (!was) return "new";
  return was.rank === item.rank ? "" : `was ${was.rank}`;
}

function card(kind, item, before) {
  const made = element("li");
  const words = element("div", "words");
  words.append(element("span", "", `${item.rank}.`), element("strong", "", `${NAMES[kind]} ${item.id}`));
  if (before) words.append(element("span", "moved", moved(item, before)));
  words.append(element("span", "score", item.score ? Number(item.score.toPrecision(3)) : ""));
  const more = item.reasons.length > 4 ? ` and ${item.reasons.length - 4} more` : "";
  const because = element("div", "reasons", `by ${item.reasons.slice(0, 4).map(inWords).join(", ")}${more}`);
  made.append(words, bar(item.reasons), because);
  return made;
}

async function recommended(user, kind, of) {
  const address = `/api/v1/users/${encodeURIComponent(user)}/recommendations?kind=${kind}&limit=100`;
  return ask(of ? `${address}&of=${encodeURIComponent(of)}` : address);
}

async function show(user, of) {
  let arm = null;
  for (const kind of KINDS) {
    const answer = await recommended(user, kind);
    const { items } = answer;
    arm = answer.arm;
    const before = of ? (await recommended(user, kind, of)).items : null;
    byId(kind).replaceChildren(...items.map((item) => card(kind, item, before)));
    const gone = (before || []).filter((other) => !items.some((item) => item.id === other.id));
    byId(`${kind}-gone`).textContent = gone.length ? `no longer: ${gone.map((other) => other.id).join(", ")}` : "";
    if (!items.length) byId(kind).append(element("li", "", "nothing"));
  }
  return arm;
}

async function update(event) {
  if (event) event.preventDefault();
  const user = byId("user").value.trim();
  const status = byId("status");
  status.className = "";
  status.textContent = "…";
  history.replaceState(null, "", `?user=${encodeURIComponent(user)}`);
  try {
    const arm = await show(user, byId("of").value);
    status.textContent = arm ? `user ${user}, in the arm ${arm}` : `user ${user}`;
  } catch (error) {
    for (const kind of KINDS) {
      byId(kind).replaceChildren();
      byId(`${kind}-gone`).textContent = "";
    }
    status.className = "problem";
    status.textContent = error.message;
  }
}

async function list() {
  const { publications } = await ask("/api/v1/publications");
  for (const one of publications) {
    if (one.latest) byId("night").textContent = `The night of ${one.date} (${one.night}), published ${one.published_at}.`;
    else byId("of").append(new Option(`${one.date} (${one.night.slice(0, 6)})`, one.run));
  }
}

byId("choose").addEventListener("submit", update);
byId("of").addEventListener("change", () => { if (byId("user").value) update(); });
list().catch((error) => { byId("night").textContent = error.message; });
const asked = new URLSearchParams(location.search).get("user");
if (asked) {
  byId("user").value = asked;
  update();
}
