// The portfolio: what was decided over all applicants, how well founded it is, what could go wrong.

function portfolioPage() {
  const { book, score, stress, frontier, contracts, meta } = model;
  return [
    h("h1", { tabindex: "-1" }, say(meta?.title) || t("portfolio")),
    present(book) ? bookLead(book) : paragraph(t("book_absent"), "lead absent"),
    section("frontier", list(frontier?.points), () => frontierBody(frontier)),
    section("optimum", known(book?.greedy_profit_minor) ? book : null, optimumBody),
    section("by_class", list(book?.by_class), (rows) => [groupTable("class", rows), offers(book)]),
    section("by_reason", list(book?.by_reason), reasonsTable),
    section("quality", score, qualityBody),
    section("cash_flow", list(contracts?.months), () => cashFlowBody(contracts)),
    section("stress", list(stress), stressBody),
    section("by_industry", list(book?.by_industry), (rows) => groupTable("industry", rows)),
  ];
}

function bookLead(book) {
  const said = {
    approved: number(book.approved), applicants: number(book.applicants),
    referred: number(book.referred), declined: number(book.declined),
    rate: share(book.approval_rate), price: rate(book.rate_mean),
    loss: rate(book.expected_loss_share), lent: moneyShort(book.lent_minor),
    budget: moneyShort(book.budget_minor), profit: moneyShort(book.expected_profit_minor),
  };
  return [
    paragraph(t("lead", said), "lead"),
    figures([
      [t("approval_rate"), said.rate, t("approved_of", said)],
      [t("rate_mean"), said.price, t("price_note")],
      [t("expected_loss_share"), said.loss, moneyShort(book.expected_loss_minor)],
      [t("lent"), said.lent, t("of_budget", said)],
      [t("expected_drawn"), moneyShort(book.expected_drawn_minor), t("after_leaving")],
      [t("expected_profit"), said.profit, t("after_loss")],
    ], "lead-figures"),
  ];
}

function frontierBody(frontier) {
  const rows = list(frontier.points).sort((a, b) => a.approval_rate - b.approval_rate);
  const standing = (point) =>
    (point.chosen ? "chosen" : point.dominated ? "dominated" : "efficient");
  const data = table(t("frontier_table"), [
    amount("approval_rate", share), amount("rate_mean", rate), amount("expected_loss_share", rate),
    amount("expected_profit", money, "expected_profit_minor"), amount("approved"),
    amount("rate_cap", (cap) => (known(cap) ? share(cap) : t("no_cap"))), amount("gap", rate),
    column("standing", (point) => t(standing(point))),
  ], rows, { mark: standing });
  return [
    paragraph(t("frontier_rule", { rule: say(frontier.rule) || NONE }), "finding"),
    chart(t("frontier_chart"), frontierOption(rows),
      { note: t("frontier_note"), key: frontierKey(rows), height: 400, data }),
  ];
}

function frontierKey(rows) {
  const losses = rows.map((point) => point.expected_loss_share).filter(known);
  const pick = rows.find((point) => point.chosen);
  return [
    pick && ["ring", t("chosen_is", { approval: share(pick.approval_rate),
      rate: rate(pick.rate_mean), loss: rate(pick.expected_loss_share) })],
    losses.length && ["dot", t("least_loss", { loss: rate(Math.min(...losses)) })],
    losses.length && ["dot warn", t("most_loss", { loss: rate(Math.max(...losses)) })],
  ].filter(Boolean);
}

function optimumBody(book) {
  const more = book.expected_profit_minor - book.greedy_profit_minor;
  const rows = [
    { name: t("bound"), profit: book.bound_minor },
    { name: t("optimum_book"), profit: book.expected_profit_minor, approved: book.approved },
    { name: t("greedy_book"), profit: book.greedy_profit_minor, approved: book.greedy_approved },
    { name: t("best_book"), profit: book.best_profit_minor, approved: book.best_approved },
  ].filter((row) => known(row.profit));
  const most = biggest(rows, (row) => row.profit);
  return [
    paragraph(t(["optimum_less", "optimum_same", "optimum_more"][Math.sign(more) + 1], {
      more: moneyShort(Math.abs(more)),
      share: share(Math.abs(more / book.greedy_profit_minor)), gap: rate(book.gap) }), "finding"),
    table(t("optimum"), [word("book", "", "name"), amount("expected_profit", money, "profit"),
      bars((row) => row.profit / most), amount("approved")], rows),
  ];
}

function groupTable(kind, rows) {
  const most = biggest(rows, (row) => row.lent_minor);
  const approval = (row) => share(row.applicants ? row.approved / row.applicants : null);
  return table(t(`by_${kind}`), [
    column(kind, (row) => row[kind] ?? t("unknown")), amount("applicants"), amount("approved"),
    column("approval_rate", approval, "number wide"), amount("lent", money, "lent_minor"),
    bars((row) => row.lent_minor / most), amount("rate_mean", rate), amount("pd_mean", rate),
    amount("expected_loss", money, "expected_loss_minor"),
  ], rows, { total: rows.length > 1 ? groupTotal(kind, rows) : null });
}

function groupTotal(kind, rows) {
  const sum = (value) => rows.reduce((total, row) => total + (value(row) || 0), 0);
  const applicants = sum((row) => row.applicants);
  return {
    total: true, [kind]: t("total"), applicants, approved: sum((row) => row.approved),
    lent_minor: sum((row) => row.lent_minor), rate_mean: model.book.rate_mean,
    pd_mean: sum((row) => row.pd_mean * row.applicants) / applicants,
    expected_loss_minor: sum((row) => row.expected_loss_minor),
  };
}

function offers(book) {
  const [limits, rates] = [list(book.limits), list(book.rates)];
  const span = (row) => interval(row.from_minor, row.to_minor, moneyShort);
  const from = (row) => moneyShort(row.from_minor);
  return h("div", { class: "pair" },
    limits.length ? counts("limits_chart", "limit_from", limits, [from, span]) : null,
    rates.length ? counts("rates_chart", "rate", rates, [(row) => rate(row.rate)]) : null);
}

/** A chart of numbers of firms; each row has a name for the axis, and maybe a longer one. */
function counts(title, x, rows, [label, long = label]) {
  const data = table(t(title), [column(x, long), amount("firms_count", number, "count")], rows);
  const series = [[t("firms_count"), "accent", rows.map((row) => row.count)]];
  return chart(t(title), columns({ names: rows.map(label), x: t(x), y: t("firms_count"), series }),
    { height: 220, data });
}

function reasonsTable(rows) {
  const most = biggest(rows, (row) => row.count);
  return table(t("by_reason"), [
    column("outcome", (row) => outcome(row.outcome)),
    column("reason", (row) => say(row) || row.reason, "words"),
    amount("firms_count", number, "count"),
    bars((row) => row.count / most, (row) => ({ refer: "warn", decline: "quiet" })[row.outcome]),
  ], rows);
}

function qualityBody(score) {
  const bins = list(score.bins).filter((bin) => known(bin.predicted) && known(bin.observed));
  const measure = (name, figure) =>
    [name, fine(figure?.value), interval(figure?.low, figure?.high, fine)];
  return [
    figures([
      measure("AUC", score.auc), measure("Brier", score.brier),
      ["KS", fine(score.ks), t("ks_note")], [t("slope"), number(score.slope, 2), t("slope_note")],
      [t("labelled"), number(score.rows), t("defaults_of", { n: number(score.defaults) })],
    ]),
    paragraph(t("folds", { folds: number(score.folds), repeats: number(score.repeats),
      spread: fine(score.auc_spread) }), "note"),
    backtest(model.book?.backtest),
    cautions(),
    h("div", { class: "pair" }, bins.length ? calibration(bins) : null,
      list(score.distribution).length ? distribution(list(score.distribution)) : null),
  ];
}

function backtest(found) {
  if (!found || !known(found.firms)) return null;
  return paragraph(t("backtest", { firms: number(found.firms), defaults: number(found.defaults),
    predicted: number(found.predicted, 1) }), "note");
}

function cautions() {
  const said = list(model.meta?.cautions);
  if (!said.length) return null;
  return h("aside", { class: "cautions", "aria-label": t("cautions") },
    h("h3", null, t("cautions")), h("ul", null, said.map((each) => h("li", null, say(each)))));
}

function calibration(bins) {
  const range = (bin) => interval(bin.low, bin.high, share);
  const data = table(t("calibration_chart"), [amount("predicted", share), amount("observed", share),
    column("interval", range, "number"), amount("firms_count", number, "firms")], bins);
  return chart(t("calibration_chart"), calibrationOption(bins),
    { note: t("calibration_note"), data });
}

function distribution(rows) {
  const kinds = [["repaid", "accent"], ["default", "warn"], ["unknown", "quiet"]];
  const data = table(t("distribution_chart"), [
    column("points", (row) => interval(row.from, row.to, number), "number"),
    ...kinds.map(([kind]) => amount(`known_${kind}`, number, kind))], rows);
  const series = kinds.map(([kind, tone]) =>
    [t(`known_${kind}`), tone, rows.map((row) => row[kind])]);
  const option = columns({ names: rows.map((row) => number(row.from)), x: t("points"),
    y: t("firms_count"), stack: "all", series });
  const key = kinds.map(([kind, tone]) => [tone, t(`known_${kind}`)]);
  return chart(t("distribution_chart"), option, { note: t("distribution_note"), key, data });
}

function cashFlowBody(contracts) {
  const rows = list(contracts.months);
  const of = (name) => rows.map((row) => row[name]);
  const shown = [
    ["interest_in", "accent", of("expected_interest_minor")],
    ["recovered", "warn", of("expected_recovered_minor")],
  ];
  const bars = (series) => columns({ names: of("month"), show: moneyShort, stack: "in",
    series: series.map(([name, tone, values]) => [t(name), tone, values]) });
  const data = table(t("cash_flow"), [
    column("month", (row) => row.month, "words"),
    amount("disbursed", money, "disbursed_minor"),
    amount("principal_back", money, "principal_minor"),
    amount("interest_in", money, "interest_minor"),
    wide(amount("expected_disbursed", money, "expected_disbursed_minor")),
    wide(amount("expected_principal", money, "expected_principal_minor")),
    wide(amount("expected_interest", money, "expected_interest_minor")),
    wide(amount("expected_defaulted", money, "expected_defaulted_minor")),
    wide(amount("expected_recovered", money, "expected_recovered_minor")),
  ], rows);
  return [
    paragraph(t("cash_flow_said", {
      contracts: number(contracts.count), product: contracts.product,
      interest: moneyShort(contracts.interest_minor), start: contracts.start,
      expected: moneyShort(contracts.expected_interest_minor),
    }), "finding"),
    chart(t("cash_flow_chart"), bars(shown), { note: t("cash_flow_note"),
      key: shown.map(([name, tone]) => [tone, t(name)]), height: 220 }),
    chart(t("cash_flow_principal"), bars([
      ["principal_back", "quiet", of("expected_principal_minor")]]), { height: 200, data }),
  ];
}

const scenarioName = (each) => say(each) || (each.scenario ?? NONE);

function stressBody(scenarios) {
  const change = ({ expected_loss_before_minor: before, expected_loss_after_minor: after }) =>
    (before && known(after) ? `${points((after / before - 1) * 100)}%` : NONE);
  return [
    h("h3", null, t("stress_chart")), stressBars(scenarios),
    table(t("stress"), [
      column("scenario", scenarioName, "words"),
      amount("loss_before", money, "expected_loss_before_minor"),
      amount("loss_after", money, "expected_loss_after_minor"), column("change", change, "number"),
      wide(amount("profit_before", money, "profit_before_minor")),
      amount("profit_after", money, "profit_after_minor"), amount("worse"),
    ], scenarios),
    ...scenarios.filter((each) => list(each.untouched).length).map((each) =>
      paragraph(t("untouched", { scenario: scenarioName(each),
        industries: each.untouched.join(", ") }), "note")),
    h("details", null, h("summary", null, t("stress_industries")), stressIndustries(scenarios)),
  ];
}

/** Expected loss before and after, in plain elements: the table beneath says the same aloud. */
function stressBars(scenarios) {
  const pair = (each) => [
    ["quiet", each.expected_loss_before_minor], ["warn", each.expected_loss_after_minor]];
  const most = biggest(scenarios.flatMap(pair), ([, value]) => value);
  const line = ([tone, value]) => h("div", { class: "strip-line" },
    bar(value / most, tone), h("b", null, moneyShort(value)));
  return [
    legend([["quiet", t("loss_before")], ["warn", t("loss_after")]]),
    h("div", { class: "strips", "aria-hidden": "true" }, scenarios.map((each) =>
      h("div", { class: "strip" },
        h("span", null, scenarioName(each)), h("div", null, pair(each).map(line))))),
  ];
}

function stressIndustries(scenarios) {
  const rows = new Map(); // industry -> loss before, and after by scenario
  scenarios.forEach((each, index) => list(each.by_industry).forEach((row) => {
    const industry = row.industry ?? t("unknown");
    const kept = rows.get(industry) ?? { industry, before: row.expected_loss_before_minor };
    rows.set(industry, { ...kept, [index]: row.expected_loss_after_minor });
  }));
  return table(t("stress_industries"), [
    word("industry"), amount("loss_before", money, "before"),
    ...scenarios.map((each, index) =>
      ({ head: scenarioName(each), cell: (row) => money(row[index]), kind: "number words" })),
  ], [...rows.values()]);
}
