// One applicant on one page, as an account manager takes it to a visit.

function firmPage(party) {
  const firm = firmOf.get(party);
  if (!firm) {
    return [h("h1", { tabindex: "-1" }, t("firm_unknown", { party })),
      h("p", null, h("a", { href: "#/firms" }, t("back")))];
  }
  const decision = firm.decision ?? {};
  const offered = [...list(decision.parts), ...list(decision.alternatives)];
  return [
    firmSteps(firm),
    h("h1", { tabindex: "-1" }, h("span", { class: "code" }, String(party)), " ", firm.name ?? ""),
    paragraph(decisionSentence(firm.decision), "lead"),
    firmFigures(firm),
    section("why", list(firm.reasons), (reasons) => reasonsBody(firm, reasons)),
    section("offer", offered, () => offerBody(decision)),
    section("history", list(firm.months), historyBody),
    section("partners", list(firm.partners), (partners) => partnersBody(firm, partners)),
    section("rows_fired", list(decision.rows), (rows) => table(t("rows_fired"), [
      column("policy", (row) => [row.table ?? NONE, row.row].filter(present).join(" · ")),
      word("rule", "words", "text")], rows)),
    section("firm_stress", list(firm.scenarios), (rows) => firmStress(firm, rows)),
    section("features", firm.features, (features) => featuresBody(features, list(firm.missing))),
  ];
}

/** The way back, and to the neighbours in the list as it is filtered and sorted. */
function firmSteps(firm) {
  const order = selectedFirms();
  const at = order.indexOf(firm);
  const step = (key, other) => (at < 0 || !other ? null
    : h("a", { href: firmAddress(other.party) }, t(key, { party: other.party })));
  return h("nav", { class: "steps", "aria-label": t("firms") },
    h("a", { href: "#/firms" }, t("back")),
    step("previous", order[at - 1]), step("next", order[at + 1]));
}

function decisionSentence(decision) {
  if (!present(decision)) return t("decision_absent");
  const key = `sentence_${decision.outcome}`;
  return t(setup.texts[key] ? key : "sentence_other", {
    outcome: worded("outcome", decision.outcome), limit: money(decision.limit_minor),
    reason: say(decision.reason_text) || decision.reason, rate: rate(decision.rate),
    months: number(decision.term_months),
  });
}

function firmFigures(firm) {
  const range = interval(firm.low, firm.high, share);
  return [
    figures([
      [t("class"), firm.rating_class ?? NONE,
        firm.given_rating && t("given_is", { rating: firm.given_rating })],
      [t("pd"), rate(firm.probability), range && t("interval_is", { range })],
      [t("points"), number(firm.points), t("points_note")],
      [t("industry"), firm.industry ?? NONE, firm.region],
      [t("known_outcome"),
        firm.outcome_known ? worded("known", firm.outcome_known) : t("known_unknown")],
    ]),
    known(firm.probability) ? probabilityStrip(firm) : null,
  ];
}

const PD_LEAST = 0.002; // the left end of the scale
const PD_TICKS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1];

/** The PD and its interval on a logarithmic scale with the bands of the classes. */
function probabilityStrip(firm) {
  const clipped = (value) => Math.min(1, Math.max(PD_LEAST, value));
  const place = (value) => (1 - Math.log(clipped(value)) / Math.log(PD_LEAST)) * 100;
  const span = (kind, from, to, ...children) => h("span", { class: kind,
    style: { left: `${place(from)}%`, width: `${place(to) - place(from)}%` } }, ...children);
  const at = (kind, value, ...children) =>
    h("span", { class: kind, style: { left: `${place(value)}%` } }, ...children);
  const scale = list(model.score?.scale).filter((each) => known(each.pd_max));
  const bands = scale.map((each, index) => span(
    each.class === firm.rating_class ? "band here" : "band",
    scale[index - 1]?.pd_max ?? PD_LEAST, each.pd_max, String(each.class)));
  const label = [t("pd"), rate(firm.probability), interval(firm.low, firm.high, share),
    t("class"), firm.rating_class].filter(Boolean).join(" ");
  return h("div", { class: "strip-scale", role: "img", "aria-label": label },
    h("div", { class: "track" }, bands,
      known(firm.low) && known(firm.high) ? span("whisker", firm.low, firm.high) : null,
      at("mark", firm.probability)),
    h("div", { class: "ticks" },
      PD_TICKS.map((tick) => at("tick", tick, percent(tick, tick < 0.01 ? 1 : 0)))));
}

/** The score as a waterfall inside its own table: each reason goes on from the last one. */
function reasonsBody(firm, reasons) {
  const cards = new Map(list(model.score?.card).map((each) => [each.feature, each]));
  const name = (each) => featureName(each.feature, cards.get(each.feature));
  const middle = (each) => cards.get(each.feature)?.value_p50;
  const show = ({ feature }, value) => quantity(value, unitOf(feature) ?? cards.get(feature)?.unit);
  const sum = reasons.reduce((total, each) => total + (each.points || 0), 0);
  const base = known(firm.points) ? firm.points - sum : 0;
  const names = (some) => some.map(name).join(t("comma")) || t("nothing");
  return [
    paragraph(t("why_sentence", {
      worst: names(reasons.filter((each) => each.points < 0).slice(0, 3)),
      best: names(reasons.filter((each) => each.points > 0).slice(-3).reverse()),
    }), "finding"),
    table(t("why_table"), [
      column("feature", name, "words"),
      column("value_here", (each) => show(each, each.value), "number"),
      column("value_middle", (each) => show(each, middle(each)), "number wide"),
      amount("points", points), column("", waterfall(base, reasons), "bars flows"),
    ], reasons),
    paragraph(t("base_is",
      { base: decimal(base), sum: points(sum), total: decimal(firm.points) }), "note"),
  ];
}

function waterfall(base, reasons) {
  const ends = [base];
  for (const each of reasons) ends.push(ends.at(-1) + (each.points || 0));
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const length = (value) => (value / (most - least || 1)) * 100;
  return (each) => {
    const [from, to] = [0, 1].map((next) => ends[reasons.indexOf(each) + next]);
    const style = { left: `${length(Math.min(from, to) - least)}%`,
      width: `${Math.max(0.6, length(Math.abs(to - from)))}%` };
    return h("span", { class: "flow", "aria-hidden": "true" },
      h("i", { class: to < from ? "warn" : null, style }));
  };
}

function offerBody(decision) {
  const [parts, rates] = [list(decision.parts), list(decision.alternatives)];
  return h("div", { class: "pair" },
    h("div", null,
      parts.length ? [h("h3", null, t("parts")), table(t("parts"), [column("part", say, "words"),
        column("value", (each) => quantity(each.value, each.unit), "number")], parts)] : null,
      known(decision.cap_minor)
        ? paragraph(t("cap_is", { cap: money(decision.cap_minor) }), "note") : null),
    rates.length ? alternatives(rates, decision.rate) : null);
}

function alternatives(rates, offered) {
  const data = table(t("alternatives"), [amount("rate", rate), amount("take_up", share),
    amount("expected_profit", money, "profit_minor")], rates,
  { mark: (each) => (each.rate === offered ? "chosen" : "") });
  const option = columns({ names: rates.map((each) => rate(each.rate)), x: t("rate"),
    y: t("expected_profit"), show: moneyShort,
    series: [[t("expected_profit"), "accentSoft", rates.map((each) => each.profit_minor)]],
    stands: rates.findIndex((each) => each.rate === offered) });
  return chart(t("alternatives"), option, { note: t("alternatives_note"), height: 240, data });
}

const historyBody = (months) => monthsChart(t("history_chart"), months.map(
  ([month, sales, purchases]) => ({ month, sales_minor: sales, purchases_minor: purchases })));

/** Sales and purchases by month; further columns of the table may follow. */
function monthsChart(title, rows, ...more) {
  const data = table(title, [word("month"), amount("sales", money, "sales_minor"),
    amount("purchases", money, "purchases_minor"), ...more], rows);
  const option = columns({ names: rows.map((row) => row.month), x: "", y: t("money_axis"),
    show: moneyShort, series: [
      [t("sales"), "accent", rows.map((row) => row.sales_minor)],
      [t("purchases"), "ink", rows.map((row) => row.purchases_minor),
        { type: "line", symbol: "none" }],
    ] });
  const key = [["accent", t("sales")], ["ink line", t("purchases")]];
  return chart(title, option, { key, height: 260, data });
}

function partnersBody(firm, partners) {
  const rows = [...partners].sort((a, b) => (b.amount_minor || 0) - (a.amount_minor || 0));
  const most = biggest(rows, (row) => row.amount_minor);
  const tallest = Math.max(...["sale", "purchase"].map((direction) =>
    rows.filter((row) => row.direction === direction).length));
  const open = ({ data }) => {
    if (data.partner?.party != null) location.hash = firmAddress(data.partner.party);
  };
  const rings = list(firm.rings).join(t("comma"));
  return [
    rings ? paragraph(t("in_rings", { rings }), "warning") : null,
    chart(t("partners_chart"), partnersOption(firm, rows),
      { note: t("partners_note"), height: Math.max(160, 26 * tallest + 50), onclick: open }),
    table(t("partners"), [
      column("partner", (row) => (row.party == null ? row.name ?? NONE
        : [firmLinks([row.party], ""), " ", row.name ?? ""]), "words"),
      column("direction", (row) => worded("direction", row.direction)),
      amount("amount", money, "amount_minor"),
      bars((row) => row.amount_minor / most, (row) => (row.direction === "sale" ? "" : "quiet")),
      amount("invoices"),
    ], rows),
  ];
}

function firmStress(firm, rows) {
  const scenarios = new Map(list(model.stress).map((each) => [each.scenario, each]));
  const most = biggest(rows, (row) => row.probability);
  const change = ({ probability }) => (known(probability) && known(firm.probability)
    ? points((probability - firm.probability) * 100) : NONE);
  return table(t("firm_stress"), [
    column("scenario", (row) => scenarioName(scenarios.get(row.scenario) ?? row), "words"),
    amount("pd", rate, "probability"), column("change_points", change, "number"),
    bars((row) => row.probability / most,
      (row) => (row.probability > firm.probability ? "warn" : "")),
  ], rows);
}

function featuresBody(features, missing) {
  const names = missing.map((name) => featureName(name)).join(t("comma"));
  return [
    paragraph(names ? t("missing_is", { names }) : t("missing_none"), "finding"),
    table(t("features"), [
      column("feature", (name) => featureName(name), "words"),
      column("value_here", (name) => quantity(features[name], unitOf(name)), "number"),
      column("definition", (name) => model.units?.[name]?.definition, "words quiet wide"),
    ], Object.keys(features), { mark: (name) => (known(features[name]) ? "" : "dim") }),
  ];
}
