// The panel beside the drawing: search, a party, a relation with its proof, findings, paths.

const EDGES_MOST = 200; // rows of a list before the rest is asked for

const says = (kind) => say(setup.texts[`says_${kind}`]) || kind;
const kindName = (kind) => worded("kind", kind);
const sentence = (bond) =>
  `${label(parties[bond.subject])} ${says(bond.kind)} ${label(parties[bond.object])}`;
const swatch = (kind) => {
  const line = h("i", { class: "line", "aria-hidden": "true" });
  const colour = colourOf(kind), pattern = dash(kind) ?? [];
  const stops = [];
  let at = 0;
  for (const [place, length] of pattern.entries()) {
    stops.push(`${place % 2 ? "transparent" : colour} ${at}px ${at + length}px`);
    at += length;
  }
  line.style.background = stops.length ? `repeating-linear-gradient(90deg, ${stops})` : colour;
  return line;
};

const partyButton = (id, text) => h("button", { type: "button", class: "link",
  onclick: () => choose(id) }, text ?? label(parties[id]));

/** What can be searched for in a box: a field with its list of matches, by mouse and keys. */
function searchBox(name, onPick, value = "") {
  const matches = h("ul", { role: "listbox", id: `${name}-matches`, hidden: true });
  const field = h("input", { id: name, type: "search", role: "combobox", autocomplete: "off",
    spellcheck: "false", "aria-expanded": "false", "aria-controls": `${name}-matches`,
    "aria-autocomplete": "list", placeholder: t("search_hint"), value });
  let found = [], at = -1;
  const close = () => { matches.hidden = true; field.setAttribute("aria-expanded", "false"); at = -1; };
  const pick = (party) => { field.value = label(party); close(); onPick(party.id); };
  const show = () => {
    found = search(field.value);
    at = -1;
    matches.replaceChildren(...found.map((party, place) => h("li", { role: "option",
      id: `${name}-${place}`, "aria-selected": "false",
      onpointerdown: (event) => { event.preventDefault(); pick(party); } },
    h("span", null, label(party)), party.name ? h("small", null, party.code) : null)));
    if (!found.length && field.value.trim()) {
      matches.replaceChildren(h("li", { class: "none" }, t("no_match")));
    }
    matches.hidden = !field.value.trim();
    field.setAttribute("aria-expanded", String(!matches.hidden));
  };
  const step = (by) => {
    if (!found.length) return;
    at = (at + by + found.length) % found.length;
    [...matches.children].forEach((each, place) =>
      each.setAttribute("aria-selected", String(place === at)));
    field.setAttribute("aria-activedescendant", `${name}-${at}`);
  };
  field.addEventListener("input", show);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && found.length) pick(found[Math.max(0, at)]);
    else return;
    event.preventDefault();
  });
  return h("div", { class: "search" },
    h("label", { for: name }, t(name)), field, matches);
}

// ---- pages of the panel ----

function overview() {
  const { left_out: out } = model;
  return [
    h("h2", null, t("findings")),
    findings.length ? findingList() : h("p", { class: "absent" }, t("no_findings")),
    h("h2", null, t("path")),
    pathForm(),
    h("h2", null, t("page_holds")),
    h("p", { class: "note" }, t("holds", { parties: number(parties.length),
      edges: number(edges.length), shown: number(layout.shown.size) })),
    out ? h("p", { class: "note warning" }, t("left_out", { parties: number(out.parties),
      edges: number(out.edges), depth: number(out.depth) })) : null,
  ];
}

function findingList() {
  const byKind = new Map();
  findings.forEach((finding, place) => {
    if (!byKind.has(finding.kind)) byKind.set(finding.kind, []);
    byKind.get(finding.kind).push([finding, place]);
  });
  return [...byKind].map(([kind, several]) => [
    h("h3", null, worded("finding", kind), " ", h("small", null, number(several.length))),
    h("ul", { class: "list" }, several.slice(0, EDGES_MOST).map(([finding, place]) => h("li", null,
      h("button", { type: "button", class: "link", onclick: () => pickFinding(place) },
        say(finding.title)),
      h("small", null, t("members_n", { n: finding.members.length }))))),
  ]);
}

function pathForm() {
  const ends = state.ends;
  const both = () => ends.path_from !== null && ends.path_to !== null;
  const button = (key, how) => h("button", { type: "button", class: "action",
    onclick: () => { if (both()) showPath(how); } }, t(key));
  return h("div", { class: "paths" },
    ["path_from", "path_to"].map((name) => searchBox(name, (id) => { ends[name] = id; },
      ends[name] === null ? "" : label(parties[ends[name]]))),
    h("div", { class: "actions" }, button("shortest", "shortest"), button("in_time", "in_time")));
}

function partyPanel(id) {
  const party = parties[id], live = party.bonds.filter((bond) => bond.live);
  const listed = live.flatMap((bond) => bond.edges.filter(stands));
  const hidden = hiddenAround(id);
  const act = (key, run, off) => h("button", { type: "button", class: "action",
    disabled: Boolean(off), onclick: run }, t(key));
  return [
    h("p", { class: "eyebrow" }, worded("type", party.type)),
    h("h2", { tabindex: "-1" }, label(party)),
    party.name ? h("p", { class: "code" }, party.code) : null,
    h("div", { class: "actions" },
      act(hidden ? "expand" : "expanded", () => expand(id), !hidden),
      act("only_this", () => startAt(id)),
      act("hide", () => hide(id), layout.shown.size < 2),
      (setup.links ?? []).map(({ text, path }) => (isParty(party) ? h("a", { class: "action",
        href: path.replace("{}", encodeURIComponent(party.code)) }, t(text)) : null)),
      act("path_here", () => { state.ends.path_from = id; mark.party = null; render(); })),
    memberOf(id),
    h("h3", null, t("relations"), " ", h("small", null, number(listed.length))),
    edgeTable(listed, id),
  ];
}

const isParty = (party) => party.type !== "attribute" && party.type !== "chain_node";

function memberOf(id) {
  const several = findings.map((finding, place) => [finding, place])
    .filter(([finding]) => finding.members.includes(id));
  if (!several.length) return null;
  return [h("h3", null, t("member_of")), h("ul", { class: "list" },
    several.map(([finding, place]) => h("li", null, h("button", { type: "button", class: "link",
      onclick: () => pickFinding(place) }, say(finding.title)),
    h("small", null, worded("finding", finding.kind)))))];
}

/** Relations as a table: usable without the drawing. */
function edgeTable(listed, from = null) {
  const rows = state.whole ? listed : listed.slice(0, EDGES_MOST);
  const far = (edge) => (edge.subject === from ? edge.object : edge.subject);
  const line = (edge) => h("tr", { class: mark.edges.has(edge.id) ? "chosen" : null },
    h("th", { scope: "row" }, swatch(edge.kind), " ", kindName(edge.kind),
      from === null ? null : h("small", null, edge.subject === from ? " →" : " ←")),
    h("td", { class: "words" }, from === null
      ? [partyButton(edge.subject), " → ", partyButton(edge.object)] : partyButton(far(edge))),
    h("td", { class: "number" }, shareText(edge) || (known(edge.amount) ? moneyShort(edge.amount) : NONE)),
    h("td", null, h("button", { type: "button", class: "link",
      "aria-label": `${t("proof")}: ${sentence(edge.bond)}`,
      onclick: () => pickBond(edge.bond) }, t("proof"))));
  return [
    h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": t("relations") },
      h("table", { class: "edges" },
        h("caption", { class: "unseen" }, t("relations")),
        h("thead", null, h("tr", null, ["relation", from === null ? "between" : "with_whom", "figure"]
          .map((key, place) => h("th", { scope: "col", class: place === 2 ? "number" : null }, t(key))),
        h("th", { scope: "col" }, h("span", { class: "unseen" }, t("proof"))))),
        h("tbody", null, rows.map(line)))),
    rows.length < listed.length ? h("button", { type: "button", class: "action",
      onclick: () => { state.whole = true; render(); } }, t("show_all", { n: listed.length })) : null,
  ];
}

/** The proof of a line: every fact behind it. */
function bondPanel(bond) {
  const several = [...bond.edges].sort((a, b) => (b.since ?? 0) - (a.since ?? 0));
  return [
    h("p", { class: "eyebrow" }, swatch(bond.kind), " ", kindName(bond.kind)),
    h("h2", { tabindex: "-1", class: "sentence" },
      partyButton(bond.subject), ` ${says(bond.kind)} `, partyButton(bond.object)),
    h("h3", null, t("proofs"), " ", h("small", null, number(several.length))),
    several.slice(0, state.whole ? several.length : 50).map(proof),
    several.length > 50 && !state.whole ? h("button", { type: "button", class: "action",
      onclick: () => { state.whole = true; render(); } }, t("show_all", { n: several.length })) : null,
  ];
}

function proof(edge) {
  const facts = [
    ["share", known(edge.low) ? shareText(edge) : null],
    ["amount", known(edge.amount) ? money(edge.amount) : null],
    ["role", edge.role], ["about", edge.about],
    [eventKinds.has(edge.kind) ? "when" : "since", known(edge.since) ? day(edge.since) : t("since_ever")],
    ["count", edge.count > 1 ? number(edge.count) : null],
    ["until", eventKinds.has(edge.kind) ? null : known(edge.until) ? day(edge.until) : t("still")],
    ["fact", edge.fact], ["source", edge.source],
    ["row", known(edge.row) ? String(edge.row) : null],
  ].filter(([, value]) => value);
  return h("dl", { class: `proof${stands(edge) ? "" : " past"}` }, facts.map(([key, value]) =>
    h("div", null, h("dt", null, t(key)),
      h("dd", { class: key === "fact" ? "code" : null }, value))));
}

function findingPanel(place) {
  const finding = findings[place];
  return [
    h("p", { class: "eyebrow" }, worded("finding", finding.kind)),
    h("h2", { tabindex: "-1" }, say(finding.title)),
    h("p", null, rich(say(finding.words))),
    finding.rule ? h("p", { class: "note" }, `${t("rule")} `, say(finding.rule)) : null,
    finding.numbers.length ? h("dl", { class: "proof" }, finding.numbers.map((each) => h("div", null,
      h("dt", null, say(each.label)), h("dd", null, each.value)))) : null,
    h("h3", null, t("members"), " ", h("small", null, number(finding.members.length))),
    h("ul", { class: "list" }, finding.members.slice(0, EDGES_MOST).map((id) => h("li", null,
      partyButton(id), parties[id].name ? h("small", null, parties[id].code) : null))),
    h("h3", null, t("proofs"), " ", h("small", null, number(finding.edges.length))),
    edgeTable(finding.edges.map((id) => edges[id])),
  ];
}

function pathPanel({ how, found, from, to }) {
  const ends = { from: label(parties[from]), to: label(parties[to]) };
  return [
    h("p", { class: "eyebrow" }, t(how)),
    h("h2", { tabindex: "-1" }, t("path_title", ends)),
    found ? h("p", null, t(how === "in_time" ? "path_timed" : "path_steps", { n: found.edges.length }))
      : h("p", { class: "warning" }, t(how === "in_time" ? "no_timed_path" : "no_path", ends)),
    found ? edgeTable(found.edges) : null,
  ];
}
