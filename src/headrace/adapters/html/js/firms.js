// All applicants in one table: search, filter, sort, take along as CSV.

const ROWS_FIRST = 500; // a page of more rows would be slow; the rest is one click away
const view = { search: "", class: "", outcome: "", key: "party", down: false, all: false };
const SYMBOLS = { approve: "●", refer: "◐", decline: "○" };
const outcome = (code) => h("span", { class: `outcome ${code ?? ""}` },
  h("span", { "aria-hidden": "true" }, `${SYMBOLS[code] ?? ""} `), worded("outcome", code));

const said = (firm) => say(firm.decision?.reason_text) || firm.decision?.reason;
const FIRM_COLUMNS = [ // key of the heading, look, value to sort by and to export, what is shown
  ["party", "", (firm) => firm.party, (firm) => firmLinks([firm.party], "")],
  ["name", "words firm", (firm) => firm.name],
  ["industry", "words wide", (firm) => firm.industry],
  ["class", "middle", (firm) => firm.rating_class],
  ["pd", "number wide", (firm) => firm.probability, (firm) => rate(firm.probability)],
  ["points", "number wide", (firm) => firm.points, (firm) => number(firm.points)],
  ["outcome", "", (firm) => firm.decision?.outcome, (firm) => outcome(firm.decision?.outcome)],
  ["limit", "number", (firm) => firm.decision?.limit_minor,
    (firm) => money(firm.decision?.limit_minor)],
  ["rate", "number wide", (firm) => firm.decision?.rate, (firm) => rate(firm.decision?.rate)],
  ["reason", "words wide", said],
];

function firmsPage() {
  const title = h("h1", { tabindex: "-1" }, t("firms"));
  if (!firms.length) return [title, paragraph(t("firms_absent"), "absent")];
  const body = h("tbody");
  const count = h("p", { class: "count", role: "status" });
  const more = h("button", { type: "button", onclick: () => change({ all: true }) });
  const heads = FIRM_COLUMNS.map(([key, kind]) => h("th", { scope: "col", class: kind },
    h("button", { type: "button", "data-key": key, onclick: () => sort(key) }, t(key),
      h("i", { "aria-hidden": "true" }))));
  const sort = (key) => change({ key, down: view.key === key && !view.down });
  function change(choice) {
    Object.assign(view, choice);
    const rows = selectedFirms();
    const shown = view.all ? rows : rows.slice(0, ROWS_FIRST);
    heads.forEach((head, index) => head.setAttribute("aria-sort",
      FIRM_COLUMNS[index][0] !== view.key ? "none" : view.down ? "descending" : "ascending"));
    body.replaceChildren(...shown.map(firmRow));
    count.textContent = t("count", { shown: number(rows.length), all: number(firms.length) });
    more.hidden = shown.length === rows.length;
    more.textContent = t("show_all", { n: number(rows.length) });
  }
  change({});
  return [
    title, filters(change), count,
    h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": t("firms") },
      h("table", { class: "firms" }, h("caption", { class: "unseen" }, t("firms")),
        h("thead", null, h("tr", null, heads)), body)),
    more,
  ];
}

const firmRow = (firm) => h("tr", null, FIRM_COLUMNS.map(([, kind, value, show], index) =>
  h(index ? "td" : "th", { class: kind, scope: index ? null : "row" },
    show ? show(firm) : String(value(firm) ?? NONE))));

function filters(change) {
  const typed = (event) => change({ [event.target.name]: event.target.value });
  const choice = (name, value, label) => h("label", null, t(name),
    h("select", { name, onchange: typed }, h("option", { value: "" }, t("every")),
      [...new Set(firms.map(value).filter(present).map(String))].sort().map((code) =>
        h("option", { value: code, selected: view[name] === code }, label(code)))));
  const stay = (event) => event.preventDefault();
  return h("form", { class: "filters", role: "search", onsubmit: stay },
    h("label", { class: "grow" }, t("search"), h("input", { type: "search", name: "search",
      value: view.search, placeholder: t("search_hint"), autocomplete: "off", oninput: typed })),
    choice("class", (firm) => firm.rating_class, String),
    choice("outcome", (firm) => firm.decision?.outcome, (code) => worded("outcome", code)),
    h("button", { type: "button", onclick: downloadFirms }, t("download")));
}

/** The firms that pass the filters, sorted; missing values come last either way, E9 before E10. */
function selectedFirms() {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const value = FIRM_COLUMNS.find(([key]) => key === view.key)[2];
  const order = new Intl.Collator(language === "zh" ? "zh-CN" : "en", { numeric: true }).compare;
  const compare = (a, b) =>
    (known(a) && known(b) ? a - b : order(String(a), String(b))) * (view.down ? -1 : 1);
  const passes = (firm) => {
    const searched = [firm.party, firm.name, firm.industry].join(" ").toLowerCase();
    return (!view.class || String(firm.rating_class) === view.class)
      && (!view.outcome || String(firm.decision?.outcome) === view.outcome)
      && words.every((each) => searched.includes(each));
  };
  return firms.filter(passes).sort((left, right) => {
    const [a, b] = [value(left), value(right)];
    return a == null || b == null ? (a == null) - (b == null) : compare(a, b);
  });
}

function downloadFirms() {
  const cell = ([key, , value], firm) => (key === "limit" ? major(value(firm)) : value(firm));
  const rows = [FIRM_COLUMNS.map(([key]) => key),
    ...selectedFirms().map((firm) => FIRM_COLUMNS.map((each) => cell(each, firm)))];
  const lines = rows.map((row) => `${row.map(csvField).join(",")}\r\n`);
  const blob = new Blob(["\ufeff", ...lines], { type: "text/csv" }); // the mark is for Excel
  const link = h("a", { href: URL.createObjectURL(blob), download: "firms.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** One value as a spreadsheet reads it: a name that looks like a formula must not become one. */
function csvField(value) {
  const plain = String(value ?? "");
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
