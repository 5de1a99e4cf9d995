"use strict";
// What every page is made of: data, words and figures in the reader's language, elements, tables.

const read = (id) => JSON.parse(document.getElementById(id).textContent);
const setup = read("setup");
const model = read("model") ?? {};
const firms = (model.firms ?? []).filter(Boolean);
const firmOf = new Map(firms.map((firm) => [String(firm.party), firm]));
const LANGUAGE_KEY = "headrace.report.language";
let language = recall() ?? setup.language;

function recall() {
  try { // storage may be forbidden for a file
    const kept = sessionStorage.getItem(LANGUAGE_KEY);
    return kept === "en" || kept === "zh" ? kept : null;
  } catch { return null; }
}

function remember() {
  try { sessionStorage.setItem(LANGUAGE_KEY, language); } catch { /* it lasts for this visit */ }
}

// ---- words ----

const NONE = "–";
const say = (text) => text?.[language] ?? text?.en ?? text?.zh ?? "";
const t = (key, values = {}) =>
  say(setup.texts[key]).replace(/\{(\w+)\}/g,
    (_, name) => (present(values[name]) ? values[name] : NONE));
const worded = (prefix, code) =>
  (setup.texts[`${prefix}_${code}`] ? t(`${prefix}_${code}`) : code ?? NONE);
const unitOf = (feature) => model.units?.[feature]?.unit;
const featureName = (name, text) => say(text) || say(model.units?.[name]) || name;
const list = (value) => (Array.isArray(value) ? value.filter((each) => each != null) : []);
const present = (value) =>
  value != null && (typeof value !== "object" || Object.keys(value).length > 0);

// ---- figures: null and undefined are missing, never zero ----

const known = (value) => typeof value === "number" && Number.isFinite(value);
const number = (value, digits = 0) => (known(value)
  ? value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace("-", "−")
  : NONE);
const decimal = (value) => number(value, 1);
const fine = (value) => number(value, 3);
const percent = (value, digits = 1) => (known(value) ? `${number(value * 100, digits)}%` : NONE);
const share = (value) => percent(value);
const rate = (value) => percent(value, 2);
const points = (value) => (value > 0 ? "+" : "") + decimal(value);
const major = (minor) => (known(minor) ? minor / setup.minor_per_major : null);
const signed = (value, text) => (value < 0 ? "−" : "") + setup.currency_sign + text;
const money = (minor) =>
  (known(minor) ? signed(minor, number(Math.round(Math.abs(major(minor))))) : NONE);
const interval = (low, high, show) =>
  (known(low) && known(high) ? `${show(low)}–${show(high)}` : "");
const SCALES = {
  en: [[1e9, "bn"], [1e6, "m"], [1e3, "k"]],
  zh: [[1e8, "亿"], [1e4, "万"]],
};

function moneyShort(minor) {
  if (!known(minor)) return NONE;
  const size = Math.abs(major(minor));
  const [unit, name] = SCALES[language].find(([from]) => size >= from) ?? [1, ""];
  const scaled = size / unit;
  const digits = scaled < 100 ? 1 : 0;
  return signed(minor, scaled.toLocaleString("en-US", { maximumFractionDigits: digits }) + name);
}

function quantity(value, unit) {
  if (!known(value)) return typeof value === "string" ? value : NONE;
  if (unit === "money") return money(value);
  if (unit === "share") return percent(value);
  if (unit === "days") return t("days", { n: number(value) });
  if (unit === "count") return number(value);
  return number(value, Number.isInteger(value) ? 0 : 2);
}

// ---- elements: text is always set as text, so a name can never become markup ----

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== ""));
  return element;
}

/** A sentence in which **words** stand out. */
const rich = (text) =>
  text.split("**").map((part, index) => (index % 2 ? h("strong", null, part) : part));
const firmAddress = (party) => `#/firm/${encodeURIComponent(party)}`;
const firmLinks = (parties, mark) => list(parties).flatMap((party, index) => [index ? mark : "",
  firmOf.has(String(party)) ? h("a", { href: firmAddress(party) }, String(party)) : String(party)]);
const bar = (length, tone = "") => h("span", { class: `bar ${tone}`, "aria-hidden": "true" },
  h("i", { style: { width: `${Math.max(0, Math.min(1, length || 0)) * 100}%` } }));
const paragraph = (text, kind) => (text ? h("p", { class: kind }, rich(text)) : null);
const biggest = (rows, value) => Math.max(...rows.map((row) => Math.abs(value(row)) || 0), 1e-9);

/** A part of a page; says why where its data are missing. */
function section(key, data, build) {
  const body = present(data) ? build(data) : h("p", { class: "absent" }, t(`${key}_absent`));
  return h("section", { "aria-labelledby": key }, h("h2", { id: key }, t(key)), body);
}

// Columns of a table: the key of the heading, what stands in a row's cell, and how it looks.
const column = (key, cell, kind = "") => ({ head: key && t(key), cell, kind });
const word = (key, kind, field = key) => column(key, (row) => row[field] ?? NONE, kind);
const amount = (key, show = number, field = key, kind = "") =>
  column(key, (row) => show(row[field]), `number ${kind}`);
const wide = (plain) => ({ ...plain, kind: `${plain.kind} wide` }); // left out on a phone
const bars = (length, tone = () => "") =>
  column("", (row) => (row.total ? "" : bar(length(row), tone(row))), "bars wide");

/** A real table; the first column names its row. `mark` gives a row's class. */
function table(caption, columns, rows, { mark, total } = {}) {
  const line = (row, kind) => h("tr", { class: kind || null }, columns.map((each, index) =>
    h(index ? "td" : "th", { class: each.kind, scope: index ? null : "row" }, each.cell(row))));
  return h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    h("table", null,
      h("caption", { class: "unseen" }, caption),
      h("thead", null, h("tr", null, columns.map((each) =>
        h("th", { scope: "col", class: each.kind }, each.head)))),
      h("tbody", null, list(rows).map((row) => line(row, mark?.(row)))),
      total ? h("tfoot", null, line(total, "total")) : null));
}

/** Label and figure pairs in one ruled line. */
const figures = (pairs, kind = "") => h("dl", { class: `figures ${kind}` },
  pairs.map(([label, value, note]) => h("div", null,
    h("dt", null, label), h("dd", null, value, note ? h("small", null, note) : null))));
