"use strict";

const drop = document.getElementById("drop");
const pick = document.getElementById("pick");
const answers = document.getElementById("answers");
const progress = document.getElementById("status");

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function send(path, file) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
  if (!response.ok) throw new Error((await response.json()).detail);
  return response;
}

function describe(item, answer) {
  const words = element("div", "words");
  const percent = `${(100 * answer.probability).toFixed(1)}%`;
  words.append(element("span", `class ${answer.class}`, answer.class), ` ${percent}`);
  if (!answer.confident) words.append(element("span", "unsure", " · not confident"));
  const meter = element("meter");
  meter.min = 0.5;
  meter.max = 1;
  meter.value = answer.probability;
  meter.title = `probability ${percent}`;
  words.append(meter);
  item.prepend(words);
}

async function classify(file) {
  const item = element("li");
  const picture = element("img");
  picture.src = URL.createObjectURL(file);
  picture.alt = file.name || "pasted image";
  item.append(picture);
  answers.prepend(item);
  try {
    describe(item, await (await send("/predict", file)).json());
    const map = element("img", "map");
    map.alt = "what made the answer: orange for it, blue against it";
    map.src = URL.createObjectURL(await (await send("/explain", file)).blob());
    item.append(map);
  } catch (error) {
    item.prepend(element("p", "words problem", error.message));
  }
}

async function classifyAll(files) {
  for (const [place, file] of [...files].entries()) {
    progress.textContent = `${place + 1} of ${files.length}…`;
    await classify(file);
  }
  progress.textContent = "";
}

pick.addEventListener("change", () => classifyAll(pick.files));
drop.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") pick.click(); });
document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  classifyAll(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => classifyAll(event.clipboardData.files));
fetch("/readyz").then((response) => response.json()).then((ready) => {
  document.getElementById("version").textContent = ready.model_version;
});
