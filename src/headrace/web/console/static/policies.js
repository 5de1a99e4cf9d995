// The editor of policies: CSV text areas become grids; what is written is saved and checked by the
// server while it is typed. Without this script the text areas and buttons do the same.
"use strict";

const form = document.getElementById("policy-form");
const say = (name, values = {}) =>
  form.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const CELLS_MAX = 20000; // larger tables stay text
const UNDO_MAX = 100;
const DELAY_MS = 600;
const sheets = new Map();

function make(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in found && name !== "list") found[name] = value;
    else found.setAttribute(name, value);
  }
  found.append(...children);
  return found;
}

// --- CSV and blocks of a spreadsheet ---------------------------------------------------------------

function parse(text, separator) {
  const rows = [];
  let row = [], cell = "", quoted = false, fresh = true;
  const end = () => { row.push(cell); cell = ""; fresh = true; };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') { cell += '"'; at += 1; }
      else quoted = false;
    } else if (sign === '"' && fresh) { quoted = true; fresh = false; }
    else if (sign === separator) end();
    else if (sign === "\n" || sign === "\r") {
      if (sign === "\r" && text[at + 1] === "\n") at += 1;
      end();
      rows.push(row);
      row = [];
    } else { cell += sign; fresh = false; }
  }
  if (cell || row.length) { end(); rows.push(row); }
  return rows;
}

const quote = (cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const write = (rows) => rows.map((row) => row.map(quote).join(",")).join("\n") + "\n";

function read(text) {
  const rows = parse(text.replace(/^\ufeff/, ""), ",").filter((row) => row.some((cell) => cell.trim()));
  const at = rows.findIndex((row) => !row[0].startsWith("#"));
  if (at < 0) return null;
  const columns = rows[at];
  const body = rows.slice(at + 1).map((row) => columns.map((_, place) => row[place] ?? ""));
  return { head: rows.slice(0, at), columns, body };
}

const role = (column) => column.split(":")[0].trim();

// --- one table -------------------------------------------------------------------------------------

class Sheet {
  constructor(section) {
    this.section = section;
    this.file = section.dataset.sheet;
    this.text = section.querySelector("textarea");
    this.label = section.querySelector("label");
    this.marks = [];
    this.past = [];
    this.future = [];
    this.at = { row: 0, column: 0 };
    this.place = make("div");
    this.said = make("p", { className: "cell-said" });
    this.said.setAttribute("role", "status");
    this.switch = make("button", { type: "button" });
    this.switch.addEventListener("click", () => (this.model ? this.close() : this.open()));
    this.section.append(this.place);
    this.text.addEventListener("input", soon);
    this.open();
  }

  open() {
    const model = read(this.text.value);
    const fits = model && model.body.length * model.columns.length <= CELLS_MAX;
    this.model = fits ? model : null;
    this.text.hidden = this.label.hidden = Boolean(fits);
    this.draw();
  }

  close() {
    this.model = null;
    this.text.hidden = this.label.hidden = false;
    this.draw();
    this.text.focus();
  }

  // Every change goes through here, so that it can be undone.
  change(act, { redraw = true } = {}) {
    this.past.push(JSON.stringify(this.model));
    if (this.past.length > UNDO_MAX) this.past.shift();
    this.future = [];
    act(this.model);
    this.store();
    if (redraw) { this.draw(); this.focus(); } else this.able();
  }

  step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.model));
    this.model = JSON.parse(from.pop());
    this.store();
    this.draw();
    this.focus();
  }

  store() {
    this.text.value = write([...this.model.head, this.model.columns, ...this.model.body]);
    soon();
  }

  draw() {
    this.switch.textContent = say(this.model ? "asText" : "asGrid");
    if (!this.model) {
      this.place.replaceChildren(make("div", { className: "tools-row" }, this.switch));
      return;
    }
    this.grid = make("div", { className: "cells", tabIndex: -1 }, this.table());
    this.place.replaceChildren(
      this.tools(), this.about(), this.grid, this.said,
      make("p", { className: "keys", textContent: say("keys") }),
    );
    this.able();
    this.mark(this.marks);
  }

  tools() {
    const row = make("div", { className: "tools-row" });
    row.setAttribute("role", "toolbar");
    row.setAttribute("aria-label", `${say("tools")}: ${this.file}`);
    const acts = [
      ["rowAbove", () => this.insert(this.at.row)], ["rowBelow", () => this.insert(this.at.row + 1)],
      ["rowCopy", () => this.copy()], ["rowDelete", () => this.remove()],
      ["rowUp", () => this.move(-1)], ["rowDown", () => this.move(1)],
      ["addIn", () => this.column("in:")], ["addOut", () => this.column("out:")],
      ["addNote", () => this.column("note:")], ["columnLeft", () => this.shift(-1)],
      ["columnRight", () => this.shift(1)], ["columnDelete", () => this.drop()],
      ["undo", () => this.step(this.past, this.future)], ["redo", () => this.step(this.future, this.past)],
    ];
    this.buttons = {};
    for (const [name, act] of acts) {
      this.buttons[name] = make("button", { type: "button", textContent: say(name), onclick: act });
      row.append(this.buttons[name]);
    }
    row.append(this.switch);
    return row;
  }

  able() {
    this.buttons.undo.disabled = !this.past.length;
    this.buttons.redo.disabled = !this.future.length;
  }

  // What stands above the header: the hit policy to choose, the rest as one field each.
  about() {
    const box = make("div", { className: "about" });
    this.model.head.forEach((row, at) => {
      const key = row[0].replace(/^#\s*/, "").trim();
      if (key === "table") return;
      const ofColumn = /^(in|out|note):/.test(row[1] || "") && row.length > 2;
      const id = `${this.text.id}-about-${at}`;
      const named = key === "hit policy" ? say("hitPolicy") : ofColumn ? `${key} ${row[1]}` : key;
      const first = ofColumn ? 2 : 1;
      const value = row.slice(first).filter((cell) => cell.trim()).join(", ");
      const input = key === "hit policy"
        ? make("select", { id }, ...form.dataset.hits.split("|").map((each) =>
            make("option", { value: each, textContent: each, selected: each === value.toUpperCase() })))
        : make("input", { id, value, spellcheck: false });
      input.addEventListener("change", () => {
        this.change((model) => { model.head[at] = [...row.slice(0, first), input.value]; }, { redraw: false });
      });
      box.append(make("label", { htmlFor: id, textContent: named }), input);
    });
    return box;
  }

  table() {
    const head = make("tr", {}, make("th", { scope: "col", textContent: "" }));
    this.model.columns.forEach((column, place) => {
      const input = this.input(-1, place, column, say("column", { n: place + 1 }));
      input.setAttribute("list", "policy-names");
      input.size = this.width(place);
      const known = document.querySelector(`#policy-names option[value="${CSS.escape(column.split(":")[1] || "")}"]`);
      const label = make("small", { textContent: known?.label || "" });
      head.append(make("th", { scope: "col", className: role(column) }, input, label));
    });
    const body = make("tbody");
    this.model.body.forEach((row, at) => {
      const line = make("tr", {}, make("th", { scope: "row", textContent: at + 1 }));
      row.forEach((cell, place) => {
        const column = this.model.columns[place];
        const input = this.input(at, place, cell, say("cell", { rule: at + 1, column }));
        const list = this.choices(column);
        if (list) input.setAttribute("list", list);
        line.append(make("td", { className: role(column) }, input));
      });
      body.append(line);
    });
    const table = make("table", {}, make("thead", {}, head), body);
    table.addEventListener("focusin", (event) => this.entered(event.target));
    table.addEventListener("input", (event) => this.typed(event.target));
    table.addEventListener("keydown", (event) => this.pressed(event));
    table.addEventListener("paste", (event) => this.pasted(event));
    return table;
  }

  // Wide enough for its name and most cells.
  width(place) {
    const longest = Math.max(...this.model.body.slice(0, 200).map((row) => row[place].length));
    return Math.min(40, Math.max(this.model.columns[place].length + 1, longest + 1, 8));
  }

  input(row, place, value, name) {
    const found = make("input", { value, spellcheck: false, autocomplete: "off" });
    found.setAttribute("aria-label", name);
    found.dataset.row = row;
    found.dataset.column = place;
    return found;
  }

  choices(column) {
    const allowed = JSON.parse(form.dataset.allowed)[column.replace(/^out:\s*/, "")];
    if (!column.startsWith("out:") || !allowed?.length) return "";
    const id = `allowed-${column.slice(4)}`;
    if (!document.getElementById(id)) {
      document.body.append(make("datalist", { id }, ...allowed.map((value) => make("option", { value }))));
    }
    return id;
  }

  cell(row, column) {
    return this.place.querySelector(`input[data-row="${row}"][data-column="${column}"]`);
  }

  focus() {
    this.at.row = Math.max(-1, Math.min(this.at.row, this.model.body.length - 1));
    this.at.column = Math.max(0, Math.min(this.at.column, this.model.columns.length - 1));
    this.cell(this.at.row, this.at.column)?.focus();
  }

  entered(input) {
    this.at = { row: Number(input.dataset.row), column: Number(input.dataset.column) };
    this.typing = false;
    this.said.textContent = input.title;
  }

  typed(input) {
    const { row, column } = this.at;
    const put = (model) => {
      if (row < 0) model.columns[column] = input.value;
      else model.body[row][column] = input.value;
    };
    if (this.typing) { put(this.model); this.store(); } // one visit of a cell is one step to undo
    else this.change(put, { redraw: false });
    this.typing = true;
  }

  pressed(event) {
    const input = event.target;
    const { row, column } = this.at;
    const go = (down, right) => {
      event.preventDefault();
      this.at = { row: Math.max(-1, row + down), column: column + right };
      this.focus();
    };
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "Enter") { event.preventDefault(); this.insert(row + 1); }
    else if (control && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) this.step(this.future, this.past); else this.step(this.past, this.future);
    } else if (event.altKey && event.key === "ArrowUp") { event.preventDefault(); this.move(-1); }
    else if (event.altKey && event.key === "ArrowDown") { event.preventDefault(); this.move(1); }
    else if (event.key === "ArrowUp") go(-1, 0);
    else if (event.key === "ArrowDown") go(1, 0);
    else if (event.key === "Enter") go(event.shiftKey ? -1 : 1, 0);
    else if (event.key === "ArrowLeft" && input.selectionEnd === 0) go(0, -1);
    else if (event.key === "ArrowRight" && input.selectionStart === input.value.length) go(0, 1);
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text.trim())) return; // one cell: as ever
    event.preventDefault();
    const block = parse(text, "\t");
    this.change((model) => {
      block.forEach((cells, down) => {
        const row = this.at.row + down;
        if (row >= model.body.length) model.body.push(model.columns.map(() => ""));
        cells.forEach((cell, right) => {
          const column = this.at.column + right;
          if (column >= model.columns.length) return;
          if (row < 0) model.columns[column] = cell.trim();
          else model.body[row][column] = cell.trim();
        });
      });
    });
  }

  insert(row) {
    this.at.row = Math.max(0, row);
    this.change((model) => model.body.splice(this.at.row, 0,
      model.columns.map((column) => (role(column) === "in" ? "-" : ""))));
  }

  copy() {
    if (this.at.row < 0) return;
    this.change((model) => model.body.splice(this.at.row + 1, 0, [...model.body[this.at.row]]));
  }

  remove() {
    if (this.at.row < 0 || this.model.body.length < 2) return;
    this.change((model) => model.body.splice(this.at.row, 1));
  }

  move(by) {
    const to = this.at.row + by;
    if (this.at.row < 0 || to < 0 || to >= this.model.body.length) return;
    this.change((model) => {
      const [row] = model.body.splice(this.at.row, 1);
      model.body.splice(to, 0, row);
      this.at.row = to;
    });
  }

  column(named) {
    const alike = this.model.columns.map(role).lastIndexOf(named.slice(0, -1));
    const at = alike < 0 ? this.model.columns.length : alike + 1;
    this.at = { row: -1, column: at };
    this.change((model) => {
      model.columns.splice(at, 0, named);
      for (const row of model.body) row.splice(at, 0, named === "in:" ? "-" : "");
    });
  }

  drop() {
    if (this.model.columns.length < 2) return;
    this.change((model) => {
      const [column] = model.columns.splice(this.at.column, 1);
      model.head = model.head.filter((row) => row.length < 3 || row[1] !== column);
      for (const row of model.body) row.splice(this.at.column, 1);
    });
  }

  shift(by) {
    const from = this.at.column, to = from + by;
    if (to < 0 || to >= this.model.columns.length) return;
    this.change((model) => {
      for (const row of [model.columns, ...model.body]) row.splice(to, 0, ...row.splice(from, 1));
      this.at.column = to;
    });
  }

  // Remarks of the server: rows of the file are counted from 1, the header among them.
  mark(marks) {
    this.marks = marks;
    if (!this.model) return;
    for (const input of this.place.querySelectorAll("input[data-row]")) {
      input.parentNode.classList.remove("bad", "odd");
      input.removeAttribute("aria-invalid");
      input.title = "";
    }
    const header = this.model.head.length + 1;
    for (const { kind, rows, column, text } of marks) {
      const at = this.model.columns.findIndex((each) => each.trim() === column);
      for (const row of rows.length ? rows : [header]) {
        const cells = at < 0 && row > header ? this.model.columns.map((_, place) => place) : [Math.max(0, at)];
        for (const place of cells) {
          const input = this.cell(row - header - 1, place);
          if (!input || (at < 0 && !rows.length)) continue;
          const bad = kind === "refused" || kind === "error";
          input.parentNode.classList.add(bad && at >= 0 ? "bad" : "odd");
          if (kind === "refused") input.setAttribute("aria-invalid", "true");
          input.title = input.title ? `${input.title}\n${text}` : text;
        }
      }
    }
    const active = document.activeElement;
    if (this.place.contains(active)) this.said.textContent = active.title || "";
  }

  show(row, column) {
    if (!this.model) { this.text.focus(); return; }
    const at = this.model.columns.findIndex((each) => each.trim() === column);
    this.at = { row: row ? row - this.model.head.length - 2 : -1, column: Math.max(0, at) };
    this.focus();
    this.section.scrollIntoView({ block: "nearest" });
  }
}

// --- saved and checked as it is typed --------------------------------------------------------------

let timer = 0, asking = false, again = false;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(check, DELAY_MS);
}

async function check() {
  if (asking) { again = true; return; } // one at a time: each gives the revision the next needs
  asking = true;
  const saved = document.getElementById("saved");
  saved.textContent = say("saving");
  try {
    const fields = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body: fields });
    if (!(answer.headers.get("content-type") || "").startsWith("text/html")) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const remarks = page.getElementById("remarks");
    if (!remarks) throw new Error("no remarks");
    document.getElementById("remarks").replaceWith(remarks);
    if (answer.ok) form.elements.revision.value = remarks.dataset.revision;
    saved.textContent = answer.ok ? say("saved") : "";
    markAll();
  } catch {
    saved.textContent = say("notSaved");
  }
  asking = false;
  if (again) { again = false; soon(); }
}

function markAll() {
  const found = [...document.querySelectorAll("#remarks [data-file]")].map((each) => ({
    file: each.dataset.file, kind: each.dataset.kind, column: each.dataset.column, text: each.dataset.said,
    rows: each.dataset.rows.split(" ").filter(Boolean).map(Number),
  }));
  for (const sheet of sheets.values()) sheet.mark(found.filter((each) => each.file === sheet.file));
}

async function upload(input) {
  const file = input.files[0];
  if (!file) return;
  clearTimeout(timer);
  await check(); // what was typed is in the draft before the file is put into it
  const answer = await fetch(form.dataset.upload + encodeURIComponent(file.name), {
    method: "PUT", body: file,
    headers: { "X-Form-Token": form.elements.form_token.value, "content-type": "application/octet-stream" },
  });
  if (answer.ok) { location.reload(); return; }
  const told = await answer.json();
  input.value = "";
  document.getElementById("upload-said").textContent = told.said || told.detail;
}

if (form) {
  for (const section of document.querySelectorAll("[data-sheet]")) {
    sheets.set(section.dataset.sheet, new Sheet(section));
  }
  for (const text of form.querySelectorAll(".code-text")) text.addEventListener("input", soon);
  document.querySelector(".upload").hidden = false;
  document.getElementById("upload").addEventListener("change", (event) => upload(event.target));
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    const discards = event.submitter?.value === "discard";
    if (discards && !confirm(say("discardSure"))) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#remarks [data-file]");
    if (link) sheets.get(link.dataset.file)?.show(Number(link.dataset.rows.split(" ")[0]), link.dataset.column);
  });
  markAll();
}
