"use strict";
// All that comes from the server is put into the page as text, never as HTML.

const ROOT = location.pathname.replace(/\/$/, "");
const MAX_BYTES = 1024 * 1024;
const SHOWN_BYTES = 512;
const BYTES_PER_LINE = 16;
const MAX_SEEN = 200;
const SEEN = { study: "0020000D", series: "0020000E", instance: "00080018" };

function made(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// What stands between backticks is code.
function prose(text) {
  return text.split("`").map((each, number) => (number % 2 ? made("code", {}, each) : each));
}

function resolved(api, thing) {
  if (!thing.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((place, key) => place[key], api);
}

// ---- the fields of a request

let fields = 0;

function control(parameter) {
  const schema = parameter.schema;
  if (parameter.name === "match") {
    return made("textarea", { rows: 2, spellcheck: false, placeholder: "PatientName=doe*" });
  }
  if (schema.type === "boolean") {
    const options = ["", "true", "false"].map((each) => made("option", { value: each }, each || "not said"));
    return made("select", {}, ...options);
  }
  const field = made("input", { type: "text", spellcheck: false, autocomplete: "off" });
  if (schema.type === "integer") Object.assign(field, { inputMode: "numeric", pattern: "[0-9]*" });
  if (schema.pattern) field.pattern = schema.pattern;
  if (parameter.in === "path" && SEEN[parameter.name]) {
    field.setAttribute("list", `seen-${parameter.name}`);
    field.dataset.seen = parameter.name;
  }
  field.required = Boolean(parameter.required);
  return field;
}

function fieldOf(parameter) {
  const id = `field-${++fields}`;
  const input = Object.assign(control(parameter), { id });
  input.setAttribute("aria-describedby", `${id}-hint`);
  const name = parameter.name === "match" ? "attributes to match, one per line" : parameter.name;
  const label = made("label", { htmlFor: id }, parameter.required ? `${name} (required)` : name);
  const hint = made("p", { className: "hint", id: `${id}-hint` }, ...prose(parameter.description));
  const wide = parameter.name === "match" ? " wide" : "";
  return { parameter, input, element: made("div", { className: `field${wide}` }, label, hint, input) };
}

function acceptField(operation) {
  const types = Object.keys(operation.responses["200"]?.content ?? {});
  const id = `field-${++fields}`;
  const select = made("select", { id }, ...types.map((each) => made("option", { value: each }, each)));
  return { select, element: made("div", { className: "field" }, made("label", { htmlFor: id }, "Accept"), select) };
}

// ---- the request

function pathOf(template, asked) {
  return template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = asked.find((each) => each.parameter.name === name).input.value.trim();
    return encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%2F", "/");
  });
}

function queryOf(asked) {
  const query = new URLSearchParams();
  for (const { parameter, input } of asked) {
    if (parameter.in !== "query" || !input.value.trim()) continue;
    if (parameter.name !== "match") {
      query.append(parameter.name, input.value.trim());
      continue;
    }
    for (const line of input.value.split("\n").filter((each) => each.trim())) {
      const [name, ...value] = line.trim().split("=");
      query.append(name.trim(), value.join("=").trim());
    }
  }
  return query.size ? `?${query}` : "";
}

function requestOf(template, asked, accept) {
  const headers = { Accept: accept };
  for (const { parameter, input } of asked) {
    if (parameter.in === "header" && input.value.trim()) headers[parameter.name] = input.value.trim();
  }
  const path = template === "/" ? "/" : pathOf(template, asked);
  return { url: `${location.origin}${ROOT}${path}${queryOf(asked)}`, headers };
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curlOf({ url, headers }) {
  const said = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return ["curl", ...said, quoted(url)].join(" ");
}

// ---- the answer

async function bytesOf(response) {
  const reader = response.body?.getReader();
  const chunks = [];
  let length = 0;
  while (reader && length < MAX_BYTES) {
    const { done, value } = await reader.read();
    if (done) return { chunks, length, isWhole: true };
    chunks.push(value);
    length += value.length;
  }
  await reader?.cancel();
  return { chunks, length, isWhole: !reader };
}

function hexOf(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN_BYTES); at += BYTES_PER_LINE) {
    const row = [...bytes.slice(at, at + BYTES_PER_LINE)];
    const hex = row.map((each) => each.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((each) => (each > 31 && each < 127 ? String.fromCharCode(each) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(BYTES_PER_LINE * 3)} ${text}`);
  }
  return lines.join("\n");
}

function remember(answers) {
  for (const data of Array.isArray(answers) ? answers : []) {
    for (const [level, tag] of Object.entries(SEEN)) {
      const uid = data?.[tag]?.Value?.[0];
      const list = document.getElementById(`seen-${level}`);
      const isNew = uid && ![...list.options].some((each) => each.value === uid);
      if (!isNew || list.options.length >= MAX_SEEN) continue;
      list.append(made("option", { value: uid }));
      for (const input of document.querySelectorAll(`[data-seen="${level}"]`)) input.value ||= uid;
    }
  }
}

function shown(response, { chunks, length, isWhole }) {
  const type = response.headers.get("Content-Type") ?? "";
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) { bytes.set(chunk, at); at += chunk.length; }
  const size = `${length}${isWhole ? "" : " or more"} bytes`;
  if (/^[^;]*(json|xml)|^text\//.test(type) || type.includes("dicom+xml")) {
    const text = new TextDecoder().decode(bytes);
    if (isWhole && /^[^;]*json/.test(type)) {
      const data = JSON.parse(text);
      remember(data);
      return [size, JSON.stringify(data, null, 2)];
    }
    return [size, text];
  }
  return [`${size}, the first ${Math.min(length, SHOWN_BYTES)} of them`, hexOf(bytes)];
}

function answerOf(response, body, tookMs) {
  const [size, text] = shown(response, body);
  const rows = [...response.headers].map(([name, value]) =>
    made("tr", {}, made("th", { scope: "row" }, name), made("td", {}, made("code", {}, value))));
  const className = `status ${response.ok || response.status === 304 ? "good" : "bad"}`;
  const status = made("span", { className }, `${response.status} ${response.statusText}`);
  const pre = made("pre", { tabIndex: 0 }, text || "nothing");
  pre.setAttribute("aria-label", "Body of the answer");
  const outcome = [status, ` after ${Math.round(tookMs)} ms, ${size}`];
  return [outcome, [
    made("h3", {}, "Headers"), made("table", {}, ...rows),
    made("h3", {}, "Body"), pre,
  ]];
}

// `outcome` is read out when it changes; the body might be endless to listen to.
async function send(request, { outcome, place, button }) {
  button.disabled = true;
  const began = performance.now();
  try {
    const response = await fetch(request.url, { headers: request.headers, cache: "no-store" });
    const body = await bytesOf(response);
    const [told, parts] = answerOf(response, body, performance.now() - began);
    outcome.replaceChildren(...told);
    place.replaceChildren(...parts);
  } catch (error) {
    outcome.replaceChildren(made("span", { className: "status bad" }, `No answer: ${error.message}`));
    place.replaceChildren();
  } finally {
    button.disabled = false;
  }
}

// ---- the resources

function trying(template, operation, asked) {
  const { select, element } = acceptField(operation);
  const button = made("button", { type: "submit" }, "Send");
  const copy = made("button", { type: "button", className: "plain" }, "Copy as curl");
  const command = made("pre", { tabIndex: 0 });
  command.setAttribute("aria-label", "The request as a curl command");
  const outcome = made("p", {}, "none yet");
  outcome.setAttribute("role", "status");
  const place = made("div");
  const request = () => requestOf(template, asked, select.value);
  const tell = () => { command.textContent = curlOf(request()); };
  const form = made("form", {},
    made("div", { className: "fields" }, ...asked.map((each) => each.element), element),
    made("h3", {}, "Request"), command,
    made("div", { className: "actions" }, button, copy));
  form.addEventListener("input", tell);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell();
    send(request(), { outcome, place, button });
  });
  copy.addEventListener("click", async () => {
    tell();
    await navigator.clipboard?.writeText(command.textContent);
    copy.textContent = navigator.clipboard ? "Copied" : "Select it above";
  });
  return { parts: [form, made("section", {}, made("h3", {}, "Answer"), outcome, place)], tell };
}

function answersOf(api, operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const { description, content } = resolved(api, answer);
    const types = Object.keys(content ?? {}).join(", ");
    return made("tr", {}, made("th", { scope: "row" }, status), made("td", {}, ...prose(description)),
      made("td", {}, made("code", {}, types)));
  });
  return made("details", {}, made("summary", {}, "Answers that there are"),
    made("div", { className: "body" }, made("table", {}, ...rows)));
}

function section(api, template, method, operation) {
  const parameters = operation.parameters.map((each) => resolved(api, each));
  const body = made("div", { className: "body" }, made("p", {}, ...prose(operation.description)));
  const whole = made("details", {},
    made("summary", {},
      made("span", { className: `method ${method}` }, method.toUpperCase()),
      made("code", {}, template),
      made("span", { className: "name" }, operation.summary)), body);
  if (method === "get") {
    // `accept` and Accept say the same.
    const asked = parameters.filter((each) => each.name !== "accept").map(fieldOf);
    const { parts, tell } = trying(template, operation, asked);
    body.append(...parts);
    whole.addEventListener("toggle", () => whole.open && tell());
  } else {
    body.append(made("p", { className: "hint" }, "Not tried from here: it is no GET."));
  }
  body.append(made("h3", {}, "Description"), answersOf(api, operation));
  return whole;
}

function show(api) {
  const groups = new Map();
  for (const [template, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const name = operation.tags[0];
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(section(api, template, method, operation));
    }
  }
  const place = document.getElementById("resources");
  place.replaceChildren(...[...groups].flatMap(([name, each]) => [made("h2", {}, name[0].toUpperCase() + name.slice(1)), ...each]));
  place.querySelector("details").open = true;
  place.setAttribute("aria-busy", "false");
}

async function begin() {
  document.getElementById("openapi").href = `${ROOT}/openapi.json`;
  try {
    const response = await fetch(`${ROOT}/openapi.json`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    show(await response.json());
  } catch (error) {
    document.getElementById("state").textContent = `The description cannot be read: ${error.message}`;
  }
}

begin();
