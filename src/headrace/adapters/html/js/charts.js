// Charts: each is drawn when it comes into view, and has its figures as a table beneath it.

const charts = new Map(); // element -> {option, onclick, instance}
const watcher = new IntersectionObserver((entries) => entries
  .filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
{ rootMargin: "200px" });
const resizer = new ResizeObserver((entries) =>
  entries.forEach((entry) => charts.get(entry.target)?.instance?.resize()));

/** A chart with a heading, a note, a key and its data as a table. `option` takes the palette. */
function chart(title, option, { note, height = 300, data, key, onclick }) {
  const label = [title, note].filter(Boolean).join(". ");
  const area = h("div", { class: "chart", role: "img", "aria-label": label,
    style: { height: `${height}px` } });
  charts.set(area, { option, onclick });
  return h("figure", null,
    h("figcaption", null, h("h3", null, title), paragraph(note, "note")),
    key ? legend(key) : null, area,
    data ? h("details", null, h("summary", null, t("as_table")), data) : null);
}

/** Names of series with their colours, as text above a chart rather than inside it. */
const legend = (entries) => h("p", { class: "legend" }, entries.map(([tone, name]) =>
  h("span", null, h("i", { class: `swatch ${tone}` }), name)));

/** Watch the charts of the page that was just built, and let go of the last page's. */
function startCharts() {
  if (!window.echarts) return; // the library follows this script, and app.js starts again then
  charts.forEach(({ instance }, area) => {
    if (area.isConnected) {
      watcher.observe(area);
      resizer.observe(area);
    } else {
      instance?.dispose();
      watcher.unobserve(area);
      resizer.unobserve(area);
      charts.delete(area);
    }
  });
}

function draw(area) {
  const state = charts.get(area);
  if (!state || !window.echarts) return;
  watcher.unobserve(area);
  if (!state.instance) {
    state.instance = window.echarts.init(area, null, { renderer: "svg" });
    if (state.onclick) state.instance.on("click", state.onclick);
  }
  const colour = palette();
  const { tooltip, ...option } = state.option(colour);
  const common = foundation(colour);
  state.instance.setOption(
    { ...common, ...option, tooltip: { ...common.tooltip, ...tooltip } }, true);
}

const redrawCharts = () => charts.forEach(({ instance }, area) => instance && draw(area));

/** The colours of the style sheet, which knows whether it is dark. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: colour("paper"), ink: colour("ink"), soft: colour("soft"), rule: colour("rule"),
    accent: colour("accent"), accentSoft: colour("accent-soft"), warn: colour("warn"),
    quiet: colour("quiet"), font: getComputedStyle(document.body).fontFamily,
  };
}

const GRID = { left: 2, right: 14, top: 34, bottom: 30,
  outerBoundsMode: "same", outerBoundsContain: "axisLabel" };

const foundation = (colour) => ({
  animation: false,
  textStyle: { fontFamily: colour.font, fontSize: 12, color: colour.soft },
  grid: GRID,
  tooltip: {
    confine: true, padding: [6, 10], borderWidth: 1, borderColor: colour.rule,
    backgroundColor: colour.paper, textStyle: { color: colour.ink, fontSize: 12 },
    extraCssText: "box-shadow:none;border-radius:2px",
  },
});

/** What the pointer shows: a heading and lines of label and figure, built as elements. */
const tip = (head, ...lines) => h("div", { class: "tip" }, h("b", null, head),
  lines.map(([label, value]) => h("div", null, h("span", null, label), h("span", null, value))));

const axisLabel = (colour, show) => ({ color: colour.soft, fontSize: 11, hideOverlap: true,
  formatter: show && ((value) => show(value)) });

const xAxis = (colour, name, show, more) => ({
  type: "value", scale: true, name, nameLocation: "middle", nameGap: 24,
  nameTextStyle: { color: colour.soft, fontSize: 12 }, axisLabel: axisLabel(colour, show),
  axisLine: { onZero: false, lineStyle: { color: colour.soft } },
  axisTick: { show: false }, splitLine: { show: false }, ...more,
});

const yAxis = (colour, name, show, more) => ({
  type: "value", name, nameLocation: "end", nameGap: 12,
  nameTextStyle: { color: colour.soft, fontSize: 12, align: "left" },
  axisLabel: axisLabel(colour, show), axisLine: { show: false }, axisTick: { show: false },
  splitLine: { lineStyle: { color: colour.rule } }, ...more,
});

/** A straight or broken line that only guides the eye. */
const guide = (data, lineStyle) =>
  ({ type: "line", symbol: "none", silent: true, tooltip: { show: false }, data, lineStyle });
const dashed = (colour) => ({ color: colour.soft, width: 1, type: "dashed" });

/** Columns over named places; a series is [name, tone, values, more], `stands` the one to mark. */
const columns = ({ names, x, y, show = number, series, stack, stands }) => (colour) => ({
  xAxis: xAxis(colour, x, undefined, { type: "category", data: names.map((name) => name ?? NONE) }),
  yAxis: yAxis(colour, y, show),
  tooltip: { trigger: "axis", axisPointer: { type: "none" }, formatter: (hits) => tip(hits[0].name,
    ...hits.map((hit) => [hit.seriesName, show(hit.value)])) },
  series: series.map(([name, tone, values, more]) => ({
    type: "bar", name, stack, barCategoryGap: "22%", itemStyle: { color: colour[tone] },
    lineStyle: { color: colour[tone], width: 2 }, data: values.map((value, index) =>
      (index === stands ? { value, itemStyle: { color: colour.accent } } : value)), ...more,
  })),
});

/** A colour between two, both as #rrggbb; `part` from 0 to 1. */
function between(from, to, part) {
  const channel = (hex, at) => parseInt(hex.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) =>
    Math.round(channel(from, at) + (channel(to, at) - channel(from, at)) * part));
  return `rgb(${mixed.join(",")})`;
}

/** `rows` by rising approval rate: a line per cap on the rate, a point per book. */
function frontierOption(rows) {
  const losses = rows.map((point) => point.expected_loss_share).filter(known);
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const heat = (point) =>
    (most > least ? Math.max(0, (point.expected_loss_share - least) / (most - least)) : 0);
  const at = (point) => [point.approval_rate, point.rate_mean];
  const caps = [...new Set(rows.map((point) => point.rate_cap ?? null))];
  const line = (colour, cap) => ({
    ...guide(rows.filter((point) => (point.rate_cap ?? null) === cap).map(at),
      { color: colour.quiet, width: 1 }),
    endLabel: { show: true, color: colour.soft, fontSize: 11, distance: 10,
      formatter: cap == null ? t("no_cap") : t("cap", { rate: percent(cap) }) },
    labelLayout: { moveOverlap: "shiftY" },
  });
  const dot = (colour, point) => ({ value: at(point), point, symbolSize: 7 + 9 * heat(point),
    itemStyle: { color: between(colour.accent, colour.warn, heat(point)),
      opacity: point.dominated ? 0.35 : 1 } });
  const chosen = rows.filter((point) => point.chosen).map(at);
  return (colour) => ({
    grid: { ...GRID, right: 74 },
    xAxis: xAxis(colour, t("approval_rate"), (value) => percent(value, 0)),
    yAxis: yAxis(colour, t("rate_mean"), share, { scale: true }),
    tooltip: { formatter: ({ data }) => frontierTip(data.point) },
    series: [
      ...caps.map((cap) => line(colour, cap)),
      { type: "scatter", z: 3, data: rows.map((point) => dot(colour, point)) },
      { type: "scatter", z: 4, silent: true, symbolSize: 26, data: chosen,
        itemStyle: { color: "transparent", borderColor: colour.ink, borderWidth: 2 } },
    ],
  });
}

const frontierTip = (point) => tip(t(point.chosen ? "chosen" : "alternative"),
  [t("approval_rate"), share(point.approval_rate)], [t("rate_mean"), rate(point.rate_mean)],
  [t("expected_loss_share"), rate(point.expected_loss_share)],
  [t("expected_profit"), moneyShort(point.expected_profit_minor)],
  [t("approved"), number(point.approved)]);

function calibrationOption(bins) {
  const reach = bins.flatMap((bin) => [bin.high ?? 0, bin.predicted, bin.observed]);
  const range = { min: 0, max: Math.min(1, Math.max(...reach) * 1.05) };
  const whiskers = bins.filter((bin) => known(bin.low) && known(bin.high))
    .flatMap((bin) => [[bin.predicted, bin.low], [bin.predicted, bin.high], [null, null]]);
  const whole = (value) => percent(value, 0);
  return (colour) => ({
    xAxis: xAxis(colour, t("predicted"), whole, range),
    yAxis: yAxis(colour, t("observed"), whole, range),
    tooltip: { formatter: ({ data: { bin } }) => tip(
      t("predicted_is", { value: share(bin.predicted) }), [t("observed"), share(bin.observed)],
      [t("interval"), interval(bin.low, bin.high, share)], [t("firms_count"), number(bin.firms)]) },
    series: [
      guide([[0, 0], [range.max, range.max]], dashed(colour)),
      guide(whiskers, { color: colour.accent, width: 1.5 }),
      { type: "scatter", itemStyle: { color: colour.accent, opacity: 1 }, data: bins.map((bin) => ({
        value: [bin.predicted, bin.observed], bin, symbolSize: 6 + Math.sqrt(bin.firms || 0) })) },
    ],
  });
}

const rocOption = (roc) => (colour) => ({
  xAxis: xAxis(colour, t("false_alarms"), (value) => percent(value, 0), { min: 0, max: 1 }),
  yAxis: yAxis(colour, t("found"), (value) => percent(value, 0), { min: 0, max: 1 }),
  tooltip: { trigger: "axis", formatter: ([hit]) =>
    tip(t("found_is", { value: share(hit.value[1]) }), [t("false_alarms"), share(hit.value[0])]) },
  series: [
    { type: "line", symbol: "none", data: roc, lineStyle: { color: colour.accent, width: 2 } },
    guide([[0, 0], [1, 1]], dashed(colour)),
  ],
});

/** Firms in a circle, trades as arrows from seller to buyer. */
function ringOption(trades, tone) {
  const edges = trades.filter((edge) => present(edge.seller) && present(edge.buyer));
  const names = [...new Set(edges.flatMap((edge) => [String(edge.seller), String(edge.buyer)]))];
  const most = biggest(edges, (edge) => edge.amount_minor);
  const links = (colour) => edges.map((edge) => ({
    source: String(edge.seller), target: String(edge.buyer), amount_minor: edge.amount_minor,
    lineStyle: { width: 1 + 3 * Math.sqrt(Math.abs(edge.amount_minor || 0) / most),
      color: colour[tone], opacity: 0.7, curveness: 0.15 },
  }));
  return (colour) => ({
    tooltip: { formatter: ({ data }) => (data.source
      ? tip(`${data.source} → ${data.target}`, [t("amount"), money(data.amount_minor)])
      : tip(data.name)) },
    series: [{
      type: "graph", layout: "circular", circular: { rotateLabel: true }, symbolSize: 9,
      left: 60, right: 60, top: 50, bottom: 50, itemStyle: { color: colour.accent },
      edgeSymbol: ["none", "arrow"], edgeSymbolSize: 6,
      label: { show: true, color: colour.ink, fontSize: 11 },
      data: names.map((name) => ({ id: name, name })), links: links(colour),
    }],
  });
}

/** The firm in the middle, suppliers left, customers right; applicants can be opened. */
function partnersOption(firm, partners) {
  const most = biggest(partners, (partner) => partner.amount_minor);
  const weight = (partner) => Math.sqrt(Math.abs(partner.amount_minor || 0) / most);
  const side = (direction, x) => partners.filter((partner) => partner.direction === direction)
    .map((partner, index, all) =>
      ({ partner, x, y: all.length > 1 ? 1 - (2 * index) / (all.length - 1) : 0 }));
  const placed = [...side("purchase", -1), ...side("sale", 1)];
  const tone = (partner) => (partner.party == null ? "quiet" : "accent");
  const short = (name) => (name.length > 18 ? `${name.slice(0, 17)}…` : name);
  const node = (colour, { partner, x, y }, index) => ({
    id: String(index), partner, value: [x, y], symbolSize: 5 + 11 * weight(partner),
    cursor: partner.party == null ? "default" : "pointer",
    itemStyle: { color: colour[tone(partner)] },
    label: { show: true, position: x < 0 ? "left" : "right", fontSize: 11,
      color: partner.party == null ? colour.soft : colour.accent,
      formatter: () => short(String(partner.party ?? partner.name ?? NONE)) },
  });
  const link = (colour, { partner, x }, index) => ({
    source: x < 0 ? String(index) : "firm", target: x < 0 ? "firm" : String(index), partner,
    lineStyle: { width: 1 + 4 * weight(partner), color: colour[tone(partner)], opacity: 0.6 },
  });
  const middle = (colour) => ({ id: "firm", value: [0, 0], symbolSize: 22,
    itemStyle: { color: colour.ink }, label: { show: true, position: "top", color: colour.ink,
      fontWeight: 700, formatter: () => String(firm.party) } });
  return (colour) => ({
    grid: { left: "34%", right: "34%", top: 20, bottom: 20 },
    xAxis: { show: false, min: -1, max: 1 }, yAxis: { show: false, min: -1.02, max: 1.02 },
    tooltip: { formatter: ({ data: { partner } }) => (partner ? tip(String(partner.name ?? NONE),
      [worded("direction", partner.direction), money(partner.amount_minor)],
      [t("invoices"), number(partner.invoices)]) : tip(String(firm.party))) },
    series: [{
      type: "graph", coordinateSystem: "cartesian2d", layout: "none",
      data: [middle(colour), ...placed.map((each, index) => node(colour, each, index))],
      links: placed.map((each, index) => link(colour, each, index)),
    }],
  });
}
