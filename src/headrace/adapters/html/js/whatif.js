// The frontier of a what-if: what could be had, where the policies sit, what the search tried.

(() => {
  const model = JSON.parse(document.getElementById("model").textContent);
  const { frontier, tried, edited, words } = model;
  const area = document.getElementById("frontier");
  if (!area || !window.echarts) return;
  const chart = window.echarts.init(area, null, { renderer: "svg" });
  const percent = (value) => `${(100 * value).toFixed(2)}%`;
  const at = (point) => [point.approval_rate, point.expected_loss_share];
  const axis = (name, colour) => ({
    type: "value", name, nameLocation: "middle", nameGap: 34, scale: true,
    nameTextStyle: { color: colour.soft }, axisLabel: { color: colour.soft, formatter: percent },
    splitLine: { lineStyle: { color: colour.rule } },
  });

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const name = (key) => style.getPropertyValue(`--${key}`).trim();
    const colour = { ink: name("ink"), soft: name("soft"), rule: name("rule"), paper: name("paper"),
      accent: name("accent"), warn: name("warn"), quiet: name("quiet") };
    const policy = (label, point, tone, symbol, position) => ({
      name: label, type: "scatter", symbol, symbolSize: 15, z: 5, data: point ? [at(point)] : [],
      itemStyle: { color: tone, borderColor: colour.paper, borderWidth: 2 },
      label: { show: true, formatter: label, position, color: colour.ink, fontWeight: 600 },
    });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour.soft },
      grid: { left: 70, right: 30, top: 20, bottom: 56 },
      tooltip: {
        confine: true, borderColor: colour.rule, backgroundColor: colour.paper,
        textStyle: { color: colour.ink, fontSize: 12 },
        formatter: ({ seriesName, value }) => window.echarts.format.encodeHTML(
          `${seriesName}: ${words.approval_rate} ${percent(value[0])}, `
          + `${words.expected_loss_share} ${percent(value[1])}`),
      },
      xAxis: axis(words.approval_rate, colour),
      yAxis: { ...axis(words.expected_loss_share, colour), nameGap: 52 },
      series: [
        { name: words.safest, type: "line", showSymbol: false, data: frontier.points.map(at),
          lineStyle: { color: colour.accent, width: 2 }, itemStyle: { color: colour.accent } },
        ...(tried.length ? [{ name: words.tried, type: "scatter", symbolSize: 4,
          data: tried.map(at), itemStyle: { color: colour.quiet, opacity: 0.6 } }] : []),
        policy(words.old, frontier.old, colour.soft, "circle", "top"),
        policy(words.new, frontier.new, colour.warn, "diamond", "left"),
        ...(edited ? [policy(words.edited, edited, colour.accent, "rect", "bottom")] : []),
      ],
    }, true);
  }

  draw();
  new ResizeObserver(() => chart.resize()).observe(area);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
