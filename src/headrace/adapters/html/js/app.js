// The frame around the pages: header, language, addresses, printing.

const place = { now: 0, firms: 0 }; // the list of firms keeps its place while a firm is looked at

function route() {
  const [, page = "", ...rest] = location.hash.split("/");
  if (page === "firms") return { page, title: t("firms"), build: firmsPage };
  if (page === "method") return { page, title: t("method"), build: methodPage };
  if (page !== "firm") return { page: "", title: "", build: portfolioPage };
  const party = addressed(rest.join("/"));
  return { page: "firms", title: party, build: () => firmPage(party) };
}

function addressed(part) {
  try { return decodeURIComponent(part); } catch { return part; } // someone typed a lone %
}

function render({ moved }) {
  const { page, title, build } = route();
  const name = say(model.meta?.title) || "Headrace";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = title ? `${title} · ${name}` : name;
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("header").replaceChildren(...header(page, name));
  document.getElementById("main").replaceChildren(...build().flat(Infinity).filter(Boolean));
  document.getElementById("footer").replaceChildren(footer());
  startCharts();
  if (moved) {
    document.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, location.hash === "#/firms" ? place.firms : 0);
  }
}

function header(page, name) {
  const link = (key, address) => h("a", { href: `#/${address}`,
    "aria-current": page === address ? "page" : null }, t(key));
  const tongue = (code, label) => h("button", { type: "button",
    lang: code === "zh" ? "zh-CN" : "en", "aria-pressed": String(language === code),
    onclick: () => speak(code) }, label);
  return [
    h("div", { class: "bar-top" },
      h("a", { class: "name", href: "#/" }, name),
      h("nav", { "aria-label": t("pages") },
        link("portfolio", ""), link("firms", "firms"), link("method", "method")),
      h("div", { class: "tools" },
        h("span", { class: "tongues", role: "group", "aria-label": t("language") },
          tongue("zh", "中文"), tongue("en", "English")),
        h("button", { type: "button", class: "print", onclick: () => print() }, t("print")))),
    model.meta?.simulated ? h("p", { class: "simulated", role: "note" }, t("simulated")) : null,
  ].filter(Boolean);
}

function footer() {
  const { source, as_of: date, pack, version } = model.meta ?? {};
  return h("p", null, t("footer", { source, date, pack, version }), " ", t("licences"));
}

function speak(code) {
  language = code;
  remember();
  render({ moved: false });
  document.querySelector('.tongues [aria-pressed="true"]').focus();
}

const PAPER = { whole: 660, half: 312 }; // pixels between the margins of A4

/** Draw every chart as paper wants it, narrow and dark on white; or again as the screen does. */
function printing(paper) {
  document.documentElement.toggleAttribute("data-print", paper);
  charts.forEach((state, area) => {
    const width = Math.min(area.clientWidth, area.closest(".pair") ? PAPER.half : PAPER.whole);
    area.style.width = paper ? `${width}px` : "";
    draw(area);
    state.instance?.resize();
  });
}

addEventListener("hashchange", (event) => {
  if (event.oldURL.endsWith("#/firms")) place.firms = place.now;
  render({ moved: true });
});
addEventListener("scroll", () => { place.now = scrollY; }, { passive: true });
addEventListener("beforeprint", () => printing(true));
addEventListener("afterprint", () => printing(false));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
addEventListener("DOMContentLoaded", startCharts); // the chart library follows this script
render({ moved: false });
