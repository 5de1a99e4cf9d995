// Tables of policies as grids with the habits of a spreadsheet; each writes its CSV text area, which
// is what is sent. Blocks are chosen, copied, pasted and filled as in Excel.
"use strict";

const form = document.getElementById("policy-form");
const say = (name, values = {}) =>
  form.dataset[`text${name[0].toUpperCase()}${name.slice(1)}`].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const CELLS_MAX = 20000; // larger tables stay text
const UNDO_MAX = 100;
const PAGE_ROWS = 10;
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
const quoteTab = (cell) => (/["\t\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
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
    this.from = null; // the other corner of what is chosen; null: nothing but the cell at hand
    this.place = make("div");
    this.said = make("p", { className: "cell-said" });
    this.said.setAttribute("role", "status");
    this.switch = make("button", { type: "button" });
    this.switch.addEventListener("click", () => (this.model ? this.close() : this.open()));
    this.section.append(this.place);
    this.text.addEventListener("input", () => soon());
    this.open();
  }

  open() {
    const model = read(this.text.value);
    const fits = model && model.body.length * model.columns.length <= CELLS_MAX;
    this.model = fits ? model : null;
    this.from = null;
    // Blank rows are left out: what the server says of a row is then about the row that is shown.
    if (fits && /^[\s,]*$/m.test(this.text.value.trimEnd())) this.store();
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
    this.said.textContent = "";
    this.hasNews = false;
    if (this.past.length > UNDO_MAX) this.past.shift();
    this.future = [];
    act(this.model);
    this.store();
    if (redraw) { this.draw(); this.focus(); } else this.able();
  }

  step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.model));
    this.from = null;
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
    table.addEventListener("copy", (event) => this.copied(event));
    table.addEventListener("cut", (event) => { if (this.copied(event)) this.clear(); });
    table.addEventListener("mousedown", (event) => {
      const to = event.target.dataset;
      if (!event.shiftKey || to.row === undefined) return;
      event.preventDefault();
      this.extend(Number(to.row), Number(to.column));
    });
    table.addEventListener("mouseover", (event) => {
      const { row, column } = event.target.dataset;
      if (event.buttons !== 1 || row === undefined || !table.contains(document.activeElement)) return;
      if (Number(row) !== this.at.row || Number(column) !== this.at.column) this.extend(Number(row), Number(column));
    });
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
    this.at = this.within(this.at.row, this.at.column);
    const cell = this.cell(this.at.row, this.at.column);
    cell?.focus();
    cell?.select(); // what is typed takes the place of what was there, and arrows go on
    this.choose();
  }

  within(row, column) {
    return {
      row: Math.max(-1, Math.min(row, this.model.body.length - 1)),
      column: Math.max(0, Math.min(column, this.model.columns.length - 1)),
    };
  }

  entered(input) {
    const at = { row: Number(input.dataset.row), column: Number(input.dataset.column) };
    if (at.row !== this.at.row || at.column !== this.at.column) this.from = null;
    this.at = at;
    this.typing = false;
    this.said.textContent = input.title;
    this.hasNews = false;
    this.said.classList.remove("news");
    this.choose();
  }

  // --- what is chosen ---

  extend(row, column) {
    const from = this.from || { ...this.at };
    this.at = this.within(Math.max(0, row), column);
    this.from = from.row < 0 ? { ...from, row: 0 } : from;
    this.focus();
  }

  // Rows and columns of what is chosen, the last ones included; a header is never among them.
  chosen() {
    const other = this.from ? this.within(this.from.row, this.from.column) : this.at;
    const sort = (one, two) => [Math.min(one, two), Math.max(one, two)];
    return { rows: sort(this.at.row, other.row), columns: sort(this.at.column, other.column) };
  }

  choose() {
    const { rows, columns } = this.chosen();
    for (const cell of this.place.querySelectorAll("td")) {
      const { row, column } = cell.firstChild.dataset;
      cell.classList.toggle("chosen", Boolean(this.from)
        && row >= rows[0] && row <= rows[1] && column >= columns[0] && column <= columns[1]);
    }
  }

  // Changes every chosen cell; `value` is told its row and column, counted within what is chosen.
  fill(value) {
    const { rows, columns } = this.chosen();
    this.change((model) => {
      for (let row = Math.max(0, rows[0]); row <= rows[1]; row += 1) {
        for (let column = columns[0]; column <= columns[1]; column += 1) {
          model.body[row][column] = value(row, column, model);
        }
      }
    });
  }

  // As a new row has them: an input that is not tested, anything else blank.
  clear() { this.fill((_row, column, model) => (role(model.columns[column]) === "in" ? "-" : "")); }

  // Every chosen row as the first one; of a single cell as the one above it.
  fillDown() {
    const { rows } = this.chosen();
    const first = this.from ? rows[0] : rows[0] - 1;
    if (first >= 0) this.fill((_row, column, model) => model.body[first][column]);
  }

  copied(event) {
    if (!this.from) return false; // one cell: as ever
    const { rows, columns } = this.chosen();
    const block = this.model.body.slice(rows[0], rows[1] + 1)
      .map((row) => row.slice(columns[0], columns[1] + 1).map(quoteTab).join("\t"));
    event.clipboardData.setData("text/plain", block.join("\n"));
    event.preventDefault();
    return true;
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
    if (event.isComposing) return; // Chinese is being spelled: Enter and arrows choose a word
    const act = this.acts(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  // What a key does; nothing where the cell's own text has it.
  acts(event) {
    const { row, column } = this.at;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) return this.withControl(key, event.shiftKey);
    if (event.altKey) {
      return { ArrowUp: () => this.move(-1), ArrowDown: () => this.move(1) }[key];
    }
    const go = (down, right) => () => {
      if (event.shiftKey && key !== "Enter") { this.extend(row + down, column + right); return; }
      this.from = null;
      this.at = this.within(row + down, column + right);
      this.focus();
    };
    const text = event.target;
    const whole = this.from || (text.selectionStart === 0 && text.selectionEnd === text.value.length);
    return {
      ArrowUp: go(-1, 0), ArrowDown: go(1, 0), Enter: go(event.shiftKey ? -1 : 1, 0),
      PageUp: go(-PAGE_ROWS, 0), PageDown: go(PAGE_ROWS, 0),
      ArrowLeft: (whole || (text.selectionEnd === 0 && !event.shiftKey)) && go(0, -1),
      ArrowRight: (whole || (text.selectionStart === text.value.length && !event.shiftKey)) && go(0, 1),
      F2: () => text.setSelectionRange(text.value.length, text.value.length),
      Escape: () => this.leave(),
      Delete: this.from && (() => this.clear()),
      Backspace: this.from && (() => this.clear()),
    }[key];
  }

  withControl(key, shift) {
    const to = (row, column) => () => { this.from = null; this.at = this.within(row, column); this.focus(); };
    return {
      Enter: () => this.insert(this.at.row + 1),
      z: () => (shift ? this.step(this.future, this.past) : this.step(this.past, this.future)),
      y: () => this.step(this.future, this.past),
      d: () => this.fillDown(),
      Home: to(0, 0), End: to(Infinity, Infinity),
    }[key];
  }

  // Chooses nothing any more; else takes back what was typed into the cell.
  leave() {
    if (this.from) { this.from = null; this.choose(); } else if (this.typing) this.step(this.past, this.future);
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain").replace(/(\r\n|\n|\r)$/, "");
    const isBlock = /[\t\n\r]/.test(text);
    if (!isBlock && !this.from) return; // one cell: as ever
    event.preventDefault();
    if (!isBlock) { this.fill(() => text.trim()); return; }
    const block = parse(text, "\t");
    const { rows, columns } = this.chosen();
    const [row, column] = [rows[0], columns[0]];
    const across = Math.max(...block.map((cells) => cells.length));
    if ((Math.max(row, 0) + block.length) * this.model.columns.length > CELLS_MAX) {
      this.said.textContent = say("tooLarge");
      return;
    }
    this.at = { row, column };
    this.change((model) => {
      block.forEach((cells, down) => this.put(model, row + down, column, cells));
      this.from = { row: row + block.length - 1, column: column + across - 1 };
    });
    const beyond = column + across - this.model.columns.length;
    this.said.textContent = say("pasted", { n: block.length })
      + (beyond > 0 ? ` ${say("leftOut", { n: beyond })}` : "");
    this.hasNews = true;
    this.said.classList.add("news");
  }

  // Cells of a block from a column on; rows that are not there yet are added.
  put(model, row, column, cells) {
    if (row >= model.body.length) model.body.push(model.columns.map(() => ""));
    const line = row < 0 ? model.columns : model.body[row];
    cells.slice(0, model.columns.length - column).forEach((cell, right) => { line[column + right] = cell.trim(); });
  }

  insert(row) {
    this.at.row = Math.max(0, row);
    this.from = null;
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
    if (this.place.contains(active) && !this.hasNews) this.said.textContent = active.title;
  }

  show(row, column) {
    if (!this.model) { this.text.focus(); return; }
    const at = this.model.columns.findIndex((each) => each.trim() === column);
    this.at = { row: row ? row - this.model.head.length - 2 : -1, column: Math.max(0, at) };
    this.focus();
    this.section.scrollIntoView({ block: "nearest" });
  }
}
