// What every page may need: forms that htmx sends carry the token, charts are drawn from their data.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = document.querySelector('meta[name="form-token"]').content;
});

// What asks for itself again and again stays as it is while nobody answers, and pales.
function repeats(element) {
  return (element.getAttribute("hx-trigger") || "").startsWith("every");
}

// Suggestions while somebody types have no place for a refusal, and can do without.
function isAside(target) {
  return target.matches("datalist");
}

function forget(target) {
  for (const old of target.querySelectorAll(".refusal")) old.remove();
}

// Whatever is refused is shown where it was asked for.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, requestConfig } = event.detail;
  const type = xhr.getResponseHeader("content-type") || "";
  const is_refused = xhr.status >= 400 && type.startsWith("text/html");
  requestConfig.elt.classList.remove("stale");
  if (is_refused && repeats(requestConfig.elt)) {
    requestConfig.elt.classList.add("stale");
  } else if (is_refused && !isAside(target)) {
    forget(target);
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// No answer at all: what was typed stays.
document.addEventListener("htmx:sendError", (event) => {
  const { target, requestConfig } = event.detail;
  if (repeats(requestConfig.elt)) {
    requestConfig.elt.classList.add("stale");
    return;
  }
  if (isAside(target)) return;
  forget(target);
  const told = document.createElement("p");
  told.className = "wrong refusal";
  told.setAttribute("role", "alert");
  told.textContent = document.querySelector('meta[name="offline"]').content;
  target.prepend(told);
});

const PAPER_WIDTH = 640; // pixels, a little less than A4 between its margins
let onPaper = false; // which is white, whatever the screen is

function colours() {
  const sheet = [...document.styleSheets].find((each) => each.href?.includes("/static/console."));
  const light = sheet.cssRules[0].style; // the first rule of the file
  const style = onPaper ? light : getComputedStyle(document.documentElement);
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
matchMedia("print").addEventListener("change", (event) => {
  onPaper = event.matches;
  drawAll(document);
  for (const figure of document.querySelectorAll("[data-chart]")) {
    const chart = charts.get(figure);
    chart?.resize({ width: onPaper ? Math.min(chart.getWidth(), PAPER_WIDTH) : "auto" });
  }
});
addEventListener("resize", () => {
  for (const figure of document.querySelectorAll("[data-chart]")) {
    charts.get(figure)?.resize();
  }
});
