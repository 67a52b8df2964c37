"use strict";

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

function list(entries) {
  const made = element("ul");
  for (const [name, text] of entries) {
    const item = element("li");
    item.append(element("code", name), text ? ` ${text}` : "");
    made.append(item);
  }
  return made;
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  const operations = document.getElementById("operations");
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of ["get", "post"].filter((name) => name in item)) {
      const operation = item[method];
      operations.append(element("h2", `${method.toUpperCase()} ${path}`), element("p", operation.summary));
      if (operation.description) operations.append(element("p", operation.description));
      if (operation.requestBody) {
        operations.append(element("p", "Body, one of:"), list(Object.keys(operation.requestBody.content).map((kind) => [kind])));
      }
      operations.append(element("p", "Answers:"), list(Object.entries(operation.responses).map(([code, made]) => [code, made.description])));
    }
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    operations.append(element("h2", name), element("pre", JSON.stringify(schema, null, 2)));
  }
}

show();
