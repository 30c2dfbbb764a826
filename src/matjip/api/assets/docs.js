"use strict";
// Everything from the description goes in as text, never as HTML.
const make = (tag, fields = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), fields);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};
const show = (value) => JSON.stringify(value, null, 2);

function exampleOf(api, schema, depth = 0) {
  if (!schema || depth > 8) return null;
  if (schema.$ref) return exampleOf(api, api.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  if (schema.examples) return schema.examples[0];
  if ("default" in schema) return schema.default;
  if ("const" in schema) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choice = schema.anyOf || schema.oneOf;
  if (choice) return exampleOf(api, choice[0], depth + 1);
  if (schema.type === "array") return [exampleOf(api, schema.items, depth + 1)];
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, exampleOf(api, inner, depth + 1)]));
  }
  if (schema.format === "date-time") return "2026-11-23T12:00:00Z";
  return { string: "text", integer: 1, number: 1, boolean: true }[schema.type] ?? null;
}

function inputs(operation) {
  return (operation.parameters || []).map((parameter) => {
    const schema = parameter.schema || {};
    const input = make("input", { placeholder: schema.default === undefined ? "" : String(schema.default) });
    const about = parameter.description || schema.description || "";
    const name = make("code", { textContent: parameter.name + (parameter.required ? " *" : "") });
    return { parameter, input, node: make("label", {}, name, " ", input, " ", make("small", { textContent: `${parameter.in}. ${about}` })) };
  });
}

function toRequest(path, fields, body) {
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of fields) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.append(parameter.name, input.value);
    else if (input.value && parameter.in === "header") headers[parameter.name] = input.value;
  }
  if (body) headers["Content-Type"] = "application/json";
  return [query.size ? `${path}?${query}` : path, headers];
}

async function send(method, path, fields, body, out) {
  const [url, headers] = toRequest(path, fields, body);
  out.replaceChildren("…");
  try {
    const answer = await fetch(url, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
    const text = await answer.text();
    const isJson = (answer.headers.get("content-type") || "").includes("json");
    const status = make("p", { className: answer.ok ? "good" : "bad", textContent: `${answer.status} ${answer.statusText}  ${method.toUpperCase()} ${url}` });
    out.replaceChildren(status, make("pre", { textContent: isJson ? show(JSON.parse(text)) : text }));
  } catch (error) {
    out.replaceChildren(make("p", { className: "bad", textContent: String(error) }));
  }
}

function answers(api, operation) {
  return Object.entries(operation.responses || {}).map(([status, answer]) => {
    const content = Object.values(answer.content || {})[0];
    const sample = content && (content.example ?? exampleOf(api, content.schema));
    const title = make("summary", {}, make("code", { textContent: status }), " " + (answer.description || ""));
    return make("details", {}, title, sample === undefined ? null : make("pre", { textContent: typeof sample === "string" ? sample : show(sample) }));
  });
}

function draw(api, path, method, operation) {
  const fields = inputs(operation);
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const body = schema ? make("textarea", { value: show(exampleOf(api, schema)), spellcheck: false }) : null;
  const out = make("div");
  const button = make("button", { textContent: "Send", onclick: () => send(method, path, fields, body, out) });
  const title = make("summary", {}, make("code", { textContent: `${method.toUpperCase()} ${path}` }), " " + (operation.summary || ""));
  return make("details", { id: operation.operationId }, title, make("p", { textContent: operation.description || "" }),
    ...fields.map((field) => field.node), body, button, out, make("h4", { textContent: "Answers" }), ...answers(api, operation));
}

async function start() {
  const api = await (await fetch("/openapi.json")).json();
  document.getElementById("about").textContent = `${api.info.version}. ${api.info.description || ""}`;
  const place = document.getElementById("operations");
  for (const tag of api.tags) {
    const mine = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).filter(([, operation]) => (operation.tags || []).includes(tag.name)).map(([method, operation]) => draw(api, path, method, operation)));
    place.append(make("h2", { id: tag.name, textContent: tag.name }), make("p", { textContent: tag.description }), ...mine);
    document.getElementById("nav").append(make("a", { href: `#${tag.name}`, textContent: tag.name }));
  }
  document.getElementById("nav").append(make("a", { href: "#errors", textContent: "errors" }));
}

start();
