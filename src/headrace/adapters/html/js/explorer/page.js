// The frame: what is chosen, the controls, the language, printing.

const EXPAND_MOST = 30;
const START_MOST = setup.start_most ?? 60;
const alone = document.getElementById("header") !== null; // else part of another page
const state = { panel: { page: "overview" }, ends: { path_from: null, path_to: null }, whole: false };

// ---- what one can do ----

function show(ids) {
  const before = layout.shown.size;
  for (const id of ids) layout.shown.add(id);
  placeNew([...layout.shown], mark.party ?? [...layout.shown][0]);
  if (layout.shown.size !== before) {
    layout.heat = Math.max(layout.heat, before ? 0.5 : 0.9);
    view.fitted = view.fitted || !before;
  }
}

/** The neighbourhood of one party, and nothing else. */
function startAt(id) {
  layout.shown.clear();
  for (const party of parties) { party.x = undefined; party.held = false; }
  unmark();
  mark.party = id;
  view.fitted = true;
  show(around(id, 2, START_MOST));
  turnTo({ page: "party", id });
}

function showAll() {
  view.fitted = true;
  show(parties.map((party) => party.id));
  render();
}

function expand(id) {
  const hidden = neighbours(id).filter((next) => !layout.shown.has(next));
  show(hidden.slice(0, EXPAND_MOST));
  render();
}

function hide(id) {
  layout.shown.delete(id);
  unmark();
  turnTo({ page: "overview" });
}

function choose(id, { expanding = false } = {}) {
  unmark();
  mark.party = id;
  if (!layout.shown.has(id)) show([id]);
  if (expanding) show(neighbours(id).filter((next) => !layout.shown.has(next)).slice(0, EXPAND_MOST));
  turnTo({ page: "party", id });
}

function pickBond(bond) {
  const kept = state.panel.page === "finding" || state.panel.page === "path";
  if (!kept) unmark();
  mark.bond = bond;
  show([bond.subject, bond.object]);
  turnTo({ page: "bond", bond });
}

function pickFinding(place) {
  unmark();
  const finding = findings[place];
  finding.members.forEach((id) => mark.parties.add(id));
  finding.edges.forEach((id) => mark.edges.add(id));
  show([...finding.members, ...finding.edges.flatMap((id) => [edges[id].subject, edges[id].object])]);
  turnTo({ page: "finding", place });
}

function showPath(how) {
  unmark();
  const { path_from: from, path_to: to } = state.ends;
  const found = how === "in_time" ? timedPath(from, to) : shortestPath(from, to);
  if (found) {
    found.parties.forEach((id) => mark.parties.add(id));
    found.edges.forEach((edge) => mark.edges.add(edge.id));
    show(found.parties);
  }
  turnTo({ page: "path", how, found, from, to });
}

function unmark() {
  mark.party = mark.bond = null;
  mark.parties.clear();
  mark.edges.clear();
}

/** Another page of the panel; the focus goes to its heading, so that it is read out. */
function turnTo(panel) {
  state.panel = panel;
  state.whole = false;
  render();
  const panelBox = document.getElementById("panel");
  panelBox.scrollTop = 0;
  if (document.activeElement !== canvas) {
    panelBox.querySelector("h2[tabindex]")?.focus({ preventScroll: true });
  }
}

// ---- the frame ----

function build() {
  const main = document.getElementById("main");
  main.replaceChildren(
    h("div", { class: "stage" },
      h("div", { id: "bar" }),
      h("div", { class: "sheet" }, canvas, h("div", { id: "zoom" })),
      h("div", { id: "filters" })),
    h("aside", { id: "panel", tabindex: "-1" }));
  listen({
    onParty: (id) => choose(id, { expanding: true }),
    onBond: pickBond,
    onNothing: () => { unmark(); turnTo({ page: "overview" }); },
  });
  canvas.where = (code) => { // for tests and other scripts: where a party is drawn, null: nowhere
    const party = parties.find((each) => each.code === code);
    if (!party || !layout.shown.has(party.id)) return null;
    const box = canvas.getBoundingClientRect(), at = toScreen(party);
    return { x: box.left + at.x, y: box.top + at.y };
  };
  canvas.still = () => layout.heat === 0 && asked === 0;
  canvas.shown = () => [...layout.shown].map((id) => parties[id].code);
}

function render() {
  if (alone) {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = say(model.title) || "Headrace";
    document.getElementById("skip").textContent = t("skip");
    document.getElementById("header").replaceChildren(...header());
  }
  document.getElementById("bar").replaceChildren(...searchRow());
  document.getElementById("zoom").replaceChildren(...zoomButtons());
  document.getElementById("filters").replaceChildren(...filters());
  canvas.setAttribute("aria-label", t("drawing", { shown: layout.shown.size }));
  const { panel } = state;
  const pages = {
    overview, party: () => partyPanel(panel.id), bond: () => bondPanel(panel.bond),
    finding: () => findingPanel(panel.place), path: () => pathPanel(panel),
  };
  const back = panel.page === "overview" ? null : h("button", { type: "button", class: "link back",
    onclick: () => { unmark(); turnTo({ page: "overview" }); } }, t("back"));
  const box = document.getElementById("panel");
  box.setAttribute("aria-label", t("panel"));
  box.replaceChildren(...[back, pages[panel.page]()].flat(Infinity).filter(Boolean));
  draw();
}

function header() {
  const tongue = (code, text) => h("button", { type: "button", lang: code === "zh" ? "zh-CN" : "en",
    "aria-pressed": String(language === code), onclick: () => speak(code) }, text);
  return [
    h("div", { class: "bar-top" },
      h("h1", { class: "name" }, say(model.title) || "Headrace"),
      h("div", { class: "tools" },
        h("span", { class: "tongues", role: "group", "aria-label": t("language") },
          tongue("zh", "中文"), tongue("en", "English")),
        h("button", { type: "button", class: "print", onclick: () => print() }, t("print")))),
    model.simulated ? h("p", { class: "simulated", role: "note" }, t("simulated")) : null,
  ].filter(Boolean);
}

function speak(code) {
  language = code;
  remember();
  render();
  document.querySelector('.tongues [aria-pressed="true"]').focus();
}

function searchRow() {
  const counted = t("shown_of", { shown: number(layout.shown.size), all: number(parties.length) });
  return [
    searchBox("find", (id) => startAt(id)),
    h("p", { class: "count", role: "status" }, counted),
    layout.shown.size < parties.length
      ? h("button", { type: "button", class: "action", onclick: showAll }, t("everything")) : null,
    h("button", { type: "button", class: "action", title: t("picture_note"), onclick: savePicture },
      t("picture")),
  ].filter(Boolean);
}

/** The drawing as it looks now, as a PNG file. */
function savePicture() {
  canvas.toBlob((blob) => {
    const link = h("a", { href: URL.createObjectURL(blob), download: "graph.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

function zoomButtons() {
  const button = (text, key, run) => h("button", { type: "button", "aria-label": t(key),
    title: t(key), onclick: run }, text);
  return [button("+", "zoom_in", () => zoomBy(1.25)), button("−", "zoom_out", () => zoomBy(0.8)),
    button("⤢", "zoom_fit", () => { fit(); draw(); })];
}

function filters() {
  const toggle = ({ kind, count }) => h("button", { type: "button", class: "kind",
    "aria-pressed": String(!filter.hidden.has(kind)), onclick: (event) => {
      if (!filter.hidden.delete(kind)) filter.hidden.add(kind);
      sifted();
      [...document.querySelectorAll(".kind")].find((each) => each.dataset.kind === kind)?.focus();
      event.preventDefault();
    }, "data-kind": kind }, swatch(kind), kindName(kind), h("small", null, number(count)));
  return [
    timed ? timeSlider() : null,
    h("div", { class: "kinds", role: "group", "aria-label": t("kinds") }, kinds.map(toggle)),
  ].filter(Boolean);
}

/** A day for each step; "all times" where it is off. */
function timeSlider() {
  const first = Math.floor(firstTime / DAY), last = Math.ceil(lastTime / DAY);
  const on = filter.moment !== null;
  const told = h("output", { for: "moment" }, on ? day(filter.moment) : t("all_times"));
  const slider = h("input", { id: "moment", type: "range", min: first, max: last, step: 1,
    value: on ? Math.round(filter.moment / DAY) : last, "aria-label": t("moment"),
    "aria-valuetext": on ? day(filter.moment) : t("all_times"),
    oninput: () => {
      filter.moment = Number(slider.value) * DAY;
      told.textContent = day(filter.moment);
      slider.setAttribute("aria-valuetext", day(filter.moment));
      every.setAttribute("aria-pressed", "false");
      sift();
      draw();
    },
    onchange: () => { sifted(); document.getElementById("moment").focus(); } });
  const every = h("button", { type: "button", class: "action", "aria-pressed": String(!on),
    onclick: () => { filter.moment = on ? null : last * DAY; sifted(); } }, t("all_times"));
  return h("div", { class: "time" }, h("label", { for: "moment" }, t("moment")), told, slider, every);
}

function sifted() {
  sift();
  render();
}

function printing(paper) {
  document.documentElement.toggleAttribute("data-print", paper);
  readPalette();
  if (paper) { fit(); count(); paint(); } else resize();
}

build();
readPalette();
{
  const busiest = parties.reduce((best, each) =>
    (each.bonds.length > (best?.bonds.length ?? -1) ? each : best), null);
  const first = model.focus ?? busiest?.id;
  if (first !== undefined && first !== null) {
    mark.party = first;
    show(around(first, 2, START_MOST));
    state.panel = model.focus === null ? state.panel : { page: "party", id: first };
  }
}
render();
resize(); // before the first frame: the layout depends on the room there is
new ResizeObserver(resize).observe(canvas);
addEventListener("beforeprint", () => printing(true));
addEventListener("afterprint", () => printing(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readPalette(); render(); });
