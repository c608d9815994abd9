// SPDX-License-Identifier: Apache-2.0
// The page at /docs: the server's own description of its API, /openapi.json, made readable. It knows of OpenAPI what this
// description uses: forms, JSON answers, references into components.
import { make, text } from "/words.js";

const words = text.docs;
const main = document.getElementById("main");

let description;

// What a {"$ref": "#/components/…"} stands for; anything else stands for itself.
function resolve(value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, key) => at[key], description);
}

const nameOf = (reference) => reference.$ref.split("/").pop();
const code = (words) => make("code", "", words);

// `code` is all that descriptions have of Markdown.
function prose(words, tag = "p") {
  const parts = words.split(/`([^`]*)`/);
  return make(tag, "", ...parts.map((part, i) => i % 2 ? code(part) : part));
}

function schemaLink(reference) {
  const link = make("a", "", nameOf(reference));
  link.href = `#schema-${nameOf(reference)}`;
  return link;
}

// A schema's type in words: a text, or elements where it names other schemas.
function typeOf(schema) {
  if (schema.$ref) return [schemaLink(schema)];
  if (schema.anyOf) return schema.anyOf.flatMap((one, i) => i ? [" | ", ...typeOf(one)] : typeOf(one));
  if (schema.type === "array") return words.listOf("|").split("|").flatMap((part, i) => i ? [...typeOf(schema.items), part] : [part]);
  if ("const" in schema) return [code(JSON.stringify(schema.const))];
  if (schema.enum && schema.enum.length < 5) return schema.enum.flatMap((value, i) => [i ? " | " : "", code(JSON.stringify(value))]);
  return [schema.format === "binary" ? "file" : schema.format ?? schema.type];
}

function limits(schema) {
  const notes = [];
  if (schema.minItems && schema.maxItems) notes.push(words.entries(schema.minItems, schema.maxItems));
  if ("minimum" in schema && "maximum" in schema) notes.push(words.range(schema.minimum, schema.maximum));
  if ("default" in schema) notes.push(words.byDefault(schema.default));
  return notes.join(", ");
}

// A table that can be scrolled sideways, also from the keyboard, when a phone is too narrow for it.
function table(label, columns, rows) {
  const head = make("tr", "", ...columns.map((words) => make("th", "", words)));
  for (const cell of head.children) cell.scope = "col";
  const body = rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", ...[cell].flat()))));
  const frame = make("div", "table", make("table", "", make("thead", "", head), make("tbody", "", ...body)));
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", label);
  return frame;
}

function properties(label, schema) {
  const { field, type, about } = words.columns;
  return table(label, [field, type, about], Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const needed = schema.required?.includes(name);
    const about = [prose(property.description ?? resolve(property).description ?? "", "span")];
    if (limits(property)) about.push(make("small", "", limits(property)));
    return [[code(name), make("small", "", needed ? words.required : words.optional)], typeOf(property), about];
  }));
}

function block(words) {
  const pre = make("pre", "", code(words));
  pre.tabIndex = 0;
  return pre;
}

function curl(path, form) {
  const parts = [`curl ${location.origin}${path}`];
  for (const [name, field] of Object.entries(form?.properties ?? {})) {
    if (field.format === "binary") parts.push(`-F ${name}=@photo.jpg`);
    else if (field.type === "array") parts.push(`-F ${name}=@one.jpg -F ${name}=@two.jpg`);
    else if (field.examples) parts.push(`-F ${name}=${field.examples[0]}`);
  }
  return parts.join(" \\\n  ");
}

function errorRows(responses) {
  return Object.entries(responses).filter(([status]) => status >= 400).map(([status, response]) => {
    const examples = Object.values(response.content["application/json"].examples);
    const headers = Object.keys(response.headers).filter((name) => name !== "X-Request-Id");
    return [code(status), examples.map((example) => make("div", "", example.value.error)), headers.join(", ")];
  });
}

function endpoint(path, method, operation) {
  const section = make("section", "endpoint");
  const title = make("h3", "", make("span", `method ${method}`, method.toUpperCase()), " ", code(path));
  const form = operation.requestBody?.content["multipart/form-data"].schema;
  const { content } = operation.responses["200"];
  const { schema, example } = content["application/json"];
  const result = schema.properties?.data ?? schema;
  const { status, when, header } = words.columns;
  section.id = operation.operationId;
  section.append(title, make("p", "summary", operation.summary), prose(operation.description));
  if (form) section.append(make("h4", "", words.request), properties(`${path}: ${words.request}`, form));
  section.append(make("h4", "", words.tryIt), block(curl(path, form)));
  section.append(make("h4", "", words.answers), make("p", "", code("200"), " ", form ? code('{"success": true, "data": … }') : "", " ", schemaLink(result)));
  if (example) section.append(make("details", "", make("summary", "", words.example), block(JSON.stringify(example, null, 2))));
  section.append(table(`${path}: ${words.answers}`, [status, when, header], errorRows(operation.responses)));
  return section;
}

function schemaSection(name, schema) {
  const section = make("section", "schema");
  section.id = `schema-${name}`;
  section.append(make("h3", "", name), prose(schema.description));
  if (schema.properties) section.append(properties(name, schema));
  if (schema.enum) section.append(make("p", "words", ...schema.enum.flatMap((value) => [code(value), " "])));
  if (schema.example) section.append(make("details", "", make("summary", "", words.example), block(JSON.stringify(schema.example, null, 2))));
  return section;
}

function headerRows() {
  return Object.entries(description.components.headers).map(([name, header]) => [code(name), prose(header.description, "span"), code(String(header.example))]);
}

// Those that take a photo first: they are what people come for.
function operations() {
  const all = Object.entries(description.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })));
  return all.sort((a, b) => Boolean(b.operation.requestBody) - Boolean(a.operation.requestBody));
}

function contents() {
  const list = make("ul", "", ...operations().map(({ path, method, operation }) => {
    const link = make("a", "", make("span", `method ${method}`, method.toUpperCase()), " ", path);
    link.href = `#${operation.operationId}`;
    return make("li", "", link);
  }));
  const nav = make("nav", "contents", make("h2", "", words.contents), list);
  nav.setAttribute("aria-label", words.contents);
  return nav;
}

function render() {
  const raw = make("a", "", words.raw);
  raw.href = "/openapi.json";
  const { header, about } = words.columns;
  main.replaceChildren(
    make("div", "hero", make("h1", "", words.title), make("p", "lead", words.lead), make("p", "", raw, ` · ${description.info.version}`)),
    make("div", "about", ...description.info.description.split("\n\n").map((part) => prose(part))),
    contents(),
    make("h2", "", words.endpoints), ...operations().map(({ path, method, operation }) => endpoint(path, method, operation)),
    make("h2", "", words.headers), table(words.headers, [header, about, words.example], headerRows()),
    make("h2", "", words.schemas), ...Object.entries(description.components.schemas).map(([name, schema]) => schemaSection(name, schema)),
  );
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

async function start() {
  document.documentElement.lang = text.language;
  document.getElementById("skip").textContent = words.skip;
  document.getElementById("home").textContent = words.home;
  main.append(make("p", "lead", words.loading));
  try {
    description = await (await fetch("/openapi.json")).json();
    render();
  } catch {
    main.replaceChildren(make("h1", "", words.title), make("p", "banner", words.failed));
  }
}

start();
