// What every page may need: forms that htmx sends carry the token, charts are drawn from their data.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = document.querySelector('meta[name="form-token"]').content;
});

// Whatever is refused is shown where it was asked for.
document.addEventListener("htmx:beforeSwap", (event) => {
  const type = event.detail.xhr.getResponseHeader("content-type") || "";
  if (event.detail.xhr.status >= 400 && type.startsWith("text/html")) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"), soft: of("soft"), rule: of("rule"),
    series: [of("accent"), of("warn"), of("quiet"), of("fourth"), of("fifth"), of("sixth")],
  };
}

function axis(given, hue) {
  const one = (each) => ({
    ...each,
    axisLabel: { color: hue.soft, ...each.axisLabel },
    axisLine: { lineStyle: { color: hue.rule } },
    splitLine: { lineStyle: { color: hue.rule }, ...each.splitLine },
    nameTextStyle: { color: hue.soft, ...each.nameTextStyle },
  });
  return Array.isArray(given) ? given.map(one) : one(given);
}

const charts = new WeakMap(); // by the element that each is in

function draw(figure) {
  const option = JSON.parse(figure.dataset.chart);
  const hue = colours();
  for (const name of ["xAxis", "yAxis"]) {
    if (option[name]) option[name] = axis(option[name], hue);
  }
  const chart = charts.get(figure) || echarts.init(figure, null, { renderer: "svg" });
  charts.set(figure, chart);
  chart.setOption({
    color: hue.series, textStyle: { color: hue.ink, fontFamily: "inherit" }, animation: false,
    ...option,
    legend: option.legend && { textStyle: { color: hue.ink }, ...option.legend },
    tooltip: { renderMode: "richText", ...option.tooltip },
    aria: { enabled: false }, // the table beside says it
  }, true);
}

function drawAll(root) {
  if (typeof echarts === "undefined") return;
  for (const figure of root.querySelectorAll("[data-chart]")) draw(figure);
}

document.addEventListener("DOMContentLoaded", () => {
  drawAll(document);
  const menu = document.querySelector("details.menu");
  if (menu && matchMedia("(max-width: 900px)").matches) menu.open = false;
});
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentNode || document));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
addEventListener("resize", () => {
  for (const figure of document.querySelectorAll("[data-chart]")) {
    charts.get(figure)?.resize();
  }
});
