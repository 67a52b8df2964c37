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
  const percent = `${(100 * answer.probability).toFixed(1)}%`;
  const bar = element("progress", `bar ${answer.class}`);
  bar.value = answer.probability;
  bar.setAttribute("aria-label", `probability ${percent}`);
  const words = element("div", "words");
  words.append(
    element("span", `class ${answer.class}`, answer.class),
    element("span", "unsure", answer.confident ? "" : answer.neither ? "neither chart nor meme" : "not confident"),
    element("span", "percent", percent),
    bar,
  );
  item.prepend(words);
}

function figure(content, caption) {
  const made = element("figure");
  made.append(content, element("figcaption", "", caption));
  return made;
}

function image(className, source, alternative) {
  const made = element("img", className);
  made.src = URL.createObjectURL(source);
  made.alt = alternative;
  return made;
}

async function classify(file) {
  const item = element("li");
  const name = file.name || "pasted image";
  answers.prepend(item);
  try {
    const answer = await (await send("/predict", file)).json();
    const map = figure(element("div", "waiting"), `orange speaks for ${answer.class}, blue against it`);
    item.append(figure(image("", file, name), name), map);
    describe(item, answer);
    const drawn = await (await send("/explain", file)).blob();
    map.firstChild.replaceWith(image("map", drawn, `which parts made the answer ${answer.class}`));
  } catch (error) {
    item.prepend(element("p", "words problem", `${name}: ${error.message}`));
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
