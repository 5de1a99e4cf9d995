// What the decisions rest on: what was read, what was made of it, how good it is, how to check it.

function methodPage() {
  const { facts, graph, score, meta } = model;
  return [
    h("h1", { tabindex: "-1" }, t("method")),
    paragraph(t("method_lead", { source: meta?.source, date: meta?.as_of }), "lead"),
    section("reconciliation", list(facts?.reconciliation), reconciliationBody),
    section("notes", list(facts?.notes), notesTable),
    section("corrections", list(facts?.corrections), (rows) => table(t("corrections"), [
      word("kind"), column("rule", ruleName, "words"), amount("rows", number, "count")], rows)),
    section("months", list(facts?.months),
      (rows) => monthsChart(t("months_chart"), rows, amount("invoices"))),
    section("card", list(score?.card), cardBody),
    section("roc", list(score?.roc),
      (roc) => h("div", { class: "pair" }, rocChart(roc, score.auc))),
    section("agreement", score?.agreement, agreementBody),
    section("leaks", list(score?.leaks), (rows) => table(t("leaks"), [
      column("feature", (row) => featureName(row.feature), "words"), word("rule"),
      column("meaning", say, "words")], rows)),
    section("drift", list(score?.drift), driftBody),
    section("graph", graph, graphBody),
    section("cautions", list(meta?.cautions), (rows) =>
      h("ol", { class: "plain" }, rows.map((each) => h("li", null, say(each))))),
    section("evidence", meta?.evidence, evidenceBody),
    section("dictionary", model.units, dictionaryBody),
  ];
}

const ruleName = (row) => say(row) || (row.rule ?? NONE);
const featureColumn = () => column("feature", (row) => featureName(row.feature, row), "words");

const COUNTS = ["rows", "accepted", "duplicates", "quarantined"];
const addsUp = (row) => row.accepted + row.duplicates + row.quarantined === row.rows;

function reconciliationBody(rows) {
  const sum = (name) => rows.reduce((total, row) => total + (row[name] || 0), 0);
  const total = { table: t("total"), file: "", kind: "",
    ...Object.fromEntries(COUNTS.map((name) => [name, sum(name)])) };
  return [
    rows.every(addsUp) ? paragraph(t("reconciled"), "finding")
      : paragraph(t("not_reconciled"), "warning"),
    table(t("reconciliation"), [
      word("table"), word("file", "words wide"), word("kind", "wide"),
      ...COUNTS.map((name) => amount(name)),
      column("sum", (row) => t(addsUp(row) ? "sum_right" : "sum_wrong")),
    ], rows, { mark: (row) => (addsUp(row) ? "" : "wrong"), total }),
  ];
}

function notesTable(rows) {
  const effect = (row) => (present(row.effect) && typeof row.effect === "object"
    ? say(row.effect) : worded("effect", row.effect));
  return table(t("notes"), [column("rule", ruleName, "words"), word("table"), amount("rows"),
    word("example", "words quiet wide"), column("effect", effect)], rows);
}

function cardBody(rows) {
  const width = (row) => Math.abs((row.points_p90 ?? 0) - (row.points_p10 ?? 0));
  const most = biggest(rows, width);
  const value = (key, field, kind = "") =>
    column(key, (row) => quantity(row[field], row.unit ?? unitOf(row.feature)), `number ${kind}`);
  return [
    paragraph(t("card_note"), "note"),
    table(t("card"), [
      featureColumn(), amount("coefficient", fine), value("value_low", "value_p10", "wide"),
      value("value_middle", "value_p50"), value("value_high", "value_p90", "wide"),
      amount("points_low", points, "points_p10"), amount("points_high", points, "points_p90"),
      bars((row) => width(row) / most),
    ], rows),
  ];
}

function rocChart(roc, auc) {
  const range = interval(auc?.low, auc?.high, fine);
  const data = table(t("roc_chart"),
    [amount("false_alarms", share, 0), amount("found", share, 1)], roc);
  const note = t("roc_note", { auc: [fine(auc?.value), range && `(${range})`].join(" ").trim() });
  return chart(t("roc_chart"), rocOption(roc), { note, data });
}

function agreementBody(agreement) {
  const [classes, given] = [list(agreement.classes), list(agreement.given)];
  const rows = classes.map((name, index) => ({ name, counts: list(agreement.counts?.[index]) }));
  const all = rows.flatMap((row) => row.counts);
  const total = all.reduce((sum, each) => sum + each, 0);
  const same = rows.reduce((sum, row) => sum + (row.counts[given.indexOf(row.name)] || 0), 0);
  const most = biggest(all, Number);
  const shade = (count) => h("span", { class: "shade" },
    h("i", { style: { opacity: 0.45 * Math.sqrt((count || 0) / most) } }),
    h("b", null, number(count)));
  return [
    paragraph(t("agreement_note",
      { same: share(total ? same / total : null), n: number(total) }), "finding"),
    table(t("agreement_table"), [word("class", "", "name"), ...given.map((name, index) => ({
      head: `${t("given")} ${name}`, cell: (row) => shade(row.counts[index]), kind: "number shaded",
    }))], rows),
  ];
}

function driftBody(rows) {
  const verdict = ({ psi }) => t(psi >= 0.25 ? "psi_large" : psi >= 0.1 ? "psi_some" : "psi_small");
  const most = biggest(rows, (row) => row.psi);
  return [
    paragraph(t("drift_note"), "note"),
    table(t("drift"), [
      featureColumn(), amount("psi", fine),
      bars((row) => row.psi / most, (row) => (row.psi >= 0.1 ? "warn" : "")),
      column("verdict", (row) => (known(row.psi) ? verdict(row) : NONE)),
    ], [...rows].sort((a, b) => (b.psi || 0) - (a.psi || 0))),
  ];
}

const GRAPH_COUNTS = ["trades", "counterparties", "components", "identities", "same_papers",
  "self_invoices"];

const EDGES_DRAWN = 60;
const EDGES_LISTED = 20;

function graphBody(graph) {
  const hidden = list(graph.hidden).sort((a, b) => b.amount_minor - a.amount_minor);
  const rings = list(graph.rings);
  const around = rings.flatMap((ring) => list(ring.parties).map((seller, index, all) =>
    ({ seller, buyer: all[(index + 1) % all.length], amount_minor: ring.amount_minor })));
  return [
    figures([...GRAPH_COUNTS.map((name) => [t(name), number(graph[name])]),
      [t("two_way"), number(list(graph.two_way).length)]]),
    h("div", { class: "pair" },
      network("hidden", hidden.slice(0, EDGES_DRAWN), "accent", hiddenLists(hidden)),
      network("rings", around, "warn", ringsTable(rings))),
  ];
}

function network(key, edges, tone, data) {
  if (!edges.length) {
    return h("div", null, h("h3", null, t(key)), paragraph(t(`${key}_absent`), "absent"));
  }
  const options = { note: t(`${key}_note`), height: 380 };
  return h("div", null, chart(t(key), ringOption(edges, tone), options), ...[data].flat());
}

const hiddenTable = (edges) => table(t("hidden"), [
  column("seller", (edge) => firmLinks([edge.seller], "")),
  column("buyer", (edge) => firmLinks([edge.buyer], "")), amount("invoices"),
  amount("amount", money, "amount_minor")], edges);

function hiddenLists(edges) {
  const [first, rest] = [edges.slice(0, EDGES_LISTED), edges.slice(EDGES_LISTED)];
  return [hiddenTable(first), rest.length ? h("details", null,
    h("summary", null, t("more_edges", { n: number(rest.length) })), hiddenTable(rest)) : null];
}

const ringsTable = (rings) => table(t("rings"), [
  column("ring", (ring) => String(rings.indexOf(ring) + 1)),
  column("parties", (ring) => firmLinks(ring.parties, " → "), "words"),
  amount("rounds"), amount("amount", money, "amount_minor"), word("first"), word("last")], rings);

const evidenceBody = (evidence) => [
  paragraph(t("evidence_is", { entries: number(evidence.entries), origin: evidence.origin })),
  paragraph(say(evidence.note)), paragraph(t("verify")),
  h("pre", null, h("code", null, "headrace verify out/")),
];

function dictionaryBody(units) {
  const names = Object.keys(units);
  return h("details", null, h("summary", null, t("dictionary_open", { n: number(names.length) })),
    table(t("dictionary"), [
      column("feature", (name) => featureName(name), "words"),
      column("code", (name) => h("code", null, name)),
      column("unit", (name) => worded("unit", unitOf(name))),
      column("definition", (name) => units[name]?.definition, "words quiet"),
    ], names));
}
