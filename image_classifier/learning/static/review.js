"use strict";

const labels = { c: "chart", m: "meme", n: "neither" };
const picture = document.getElementById("picture");
const words = document.getElementById("answer");
const progress = document.getElementById("status");
let waiting = [];
const decided = [];
let busy = false;

async function ask(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error((await response.json()).detail);
  return response;
}

async function show() {
  picture.hidden = !waiting.length;
  words.textContent = "";
  if (!waiting.length) {
    progress.textContent = `Nothing is left to review; ${decided.length} reviewed`;
    return;
  }
  const path = `/samples/${waiting[0]}`;
  picture.src = `${path}/image`;
  const answer = await (await ask(path)).json();
  const said = answer.neither ? "neither" : answer.class;
  picture.alt = `an image that was answered ${said}`;
  words.textContent = `answered ${said}, ${(100 * answer.probability).toFixed(1)}%, version ${answer.model_version}` + (answer.claim ? `; a user says ${answer.claim}` : "");
  progress.textContent = `${waiting.length} to review, ${decided.length} reviewed`; // last: from now on a key counts
}

async function decide(label) {
  if (!waiting.length) return;
  await ask(`/samples/${waiting[0]}/review`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ class: label }),
  });
  decided.push(waiting.shift());
}

async function undo() {
  if (!decided.length) return;
  await ask(`/samples/${decided[decided.length - 1]}/review`, { method: "DELETE" });
  waiting.unshift(decided.pop());
}

async function act(key) {
  if (busy) return;
  busy = true;
  try {
    if (labels[key]) await decide(labels[key]);
    else if (key === "u") await undo();
    else if (key === "s" && waiting.length) waiting.push(waiting.shift());
    else return;
    await show();
  } catch (error) {
    progress.textContent = error.message;
  } finally {
    busy = false;
  }
}

document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) act(event.key.toLowerCase());
});
for (const name of ["chart", "meme", "neither", "skip", "undo"]) {
  document.getElementById(name).addEventListener("click", () => act(name[0]));
}
ask("/samples").then((response) => response.json()).then((found) => {
  waiting = found;
  return show();
}).catch((error) => { progress.textContent = error.message; });
