// The drawing: a canvas that is panned, zoomed, dragged, and asked what stands where.

const view = { x: 0, y: 0, zoom: 1, fitted: true };
const canvas = h("canvas", { id: "drawing", tabindex: "0", role: "img" });
const pen = canvas.getContext("2d");
const mark = { party: null, bond: null, parties: new Set(), edges: new Set(), over: null };
let palette = {};
let asked = 0;

const COLOURS = {
  light: ["#0b5c8a", "#b8430d", "#7a4a9e", "#23795a", "#8f6f00", "#7d8791"],
  dark: ["#6cb2dc", "#ee8a55", "#b994d8", "#62bd97", "#d3b13f", "#8f99a4"],
};

/** Colours of the page as it looks now; paper is always light. */
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const paper = document.documentElement.hasAttribute("data-print");
  const dark = !paper && matchMedia("(prefers-color-scheme: dark)").matches;
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  palette = { paper: read("paper"), ink: read("ink"), soft: read("soft"), rule: read("rule"),
    tint: read("tint"), accent: read("accent"), warn: read("warn"),
    font: getComputedStyle(document.body).fontFamily,
    families: COLOURS[dark ? "dark" : "light"] };
}

const colourOf = (kind) => palette.families[family(kind)] ?? palette.soft;
const radius = (party) => {
  if (party.type === "attribute" || party.type === "chain_node") return 6;
  return 8 + Math.min(9, 2 * Math.sqrt(party.drawn ?? 0));
};

/** Draws before the browser next paints; steps of the layout go along. */
function draw() {
  if (asked) return;
  asked = requestAnimationFrame(() => {
    asked = 0;
    count();
    if (layout.heat > 0) {
      const started = performance.now();
      do relax(); while (layout.heat > 0 && performance.now() - started < 14);
      if (view.fitted) fit();
      draw();
    }
    paint();
  });
}

function resize() {
  const ratio = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  layout.wide = Math.max(0.8, Math.min(1.7, Math.sqrt(width / height)));
  if (view.fitted) fit();
  draw();
}

/** All that is shown, in view. */
function fit() {
  const box = canvas.getBoundingClientRect();
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
  for (const id of layout.shown) {
    const { x, y } = parties[id];
    left = Math.min(left, x); right = Math.max(right, x);
    top = Math.min(top, y); bottom = Math.max(bottom, y);
  }
  if (left > right || !box.width) return;
  const wide = Math.max(1, right - left), tall = Math.max(1, bottom - top);
  const aside = Math.min(140, box.width / 4); // names are wider than their parties
  view.zoom = Math.max(0.05, Math.min(1.5, (box.width - aside) / wide, (box.height - 90) / tall));
  view.x = (left + right) / 2;
  view.y = (top + bottom) / 2 + 8 / view.zoom; // names stand below
  view.fitted = true;
}

const toScreen = ({ x, y }, box = canvas.getBoundingClientRect()) => ({
  x: (x - view.x) * view.zoom + box.width / 2, y: (y - view.y) * view.zoom + box.height / 2,
});
const toWorld = (x, y) => {
  const box = canvas.getBoundingClientRect();
  return { x: (x - box.width / 2) / view.zoom + view.x, y: (y - box.height / 2) / view.zoom + view.y };
};

function zoomBy(factor, x, y) {
  const box = canvas.getBoundingClientRect();
  const at = toWorld(x ?? box.width / 2, y ?? box.height / 2);
  const zoom = Math.max(0.05, Math.min(4, view.zoom * factor));
  view.x = at.x - ((x ?? box.width / 2) - box.width / 2) / zoom;
  view.y = at.y - ((y ?? box.height / 2) - box.height / 2) / zoom;
  view.zoom = zoom;
  view.fitted = false;
  draw();
}

/** The point of a bent line at t, 0 to 1, and its control point. */
function curve(bond) {
  const a = parties[bond.subject], b = parties[bond.object];
  if (!bond.bend) return { a, b, c: null };
  const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
  const off = bond.bend * 26;
  return { a, b, c: { x: (a.x + b.x) / 2 - (dy / length) * off, y: (a.y + b.y) / 2 + (dx / length) * off } };
}

const along = ({ a, b, c }, t) => (c
  ? { x: (1 - t) ** 2 * a.x + 2 * (1 - t) * t * c.x + t * t * b.x,
    y: (1 - t) ** 2 * a.y + 2 * (1 - t) * t * c.y + t * t * b.y }
  : { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t });

const inView = (bond) => bond.live && layout.shown.has(bond.subject) && layout.shown.has(bond.object);

/** How many lines end at each party: sizes and springs follow. */
function count() {
  for (const id of layout.shown) parties[id].drawn = 0;
  for (const bond of bonds.filter(inView)) {
    parties[bond.subject].drawn += 1;
    parties[bond.object].drawn += 1;
  }
}

function paint() {
  const ratio = devicePixelRatio || 1;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.fillStyle = palette.paper;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(ratio * view.zoom, 0, 0, ratio * view.zoom,
    canvas.width / 2 - view.x * view.zoom * ratio, canvas.height / 2 - view.y * view.zoom * ratio);
  const seen = bonds.filter(inView);
  const picked = mark.parties.size > 0 || mark.edges.size > 0;
  paintBonds(seen, picked);
  for (const id of layout.shown) paintParty(parties[id], picked);
  paintTexts(seen, picked);
}

const lit = (bond) => bond === mark.bond || bond.edges.some((edge) => mark.edges.has(edge.id));

/** Lines of one look are one stroke; those that are marked come last, on top. */
function paintBonds(seen, picked) {
  const near = view.zoom > 0.35; // from afar dashes and bends cannot be told, and cost most
  const looks = new Map();
  for (const bond of seen) {
    const bright = lit(bond);
    const key = `${bright ? 1 : 0}${bond.kind}`;
    if (!looks.has(key)) looks.set(key, { bright, kind: bond.kind, bonds: [] });
    looks.get(key).bonds.push(bond);
  }
  for (const look of [...looks.values()].sort((a, b) => a.bright - b.bright)) {
    pen.globalAlpha = look.bright ? 1 : picked ? 0.16 : seen.length > 1500 ? 0.4 : 0.75;
    pen.strokeStyle = pen.fillStyle = colourOf(look.kind);
    pen.lineWidth = (look.bright ? 3 : 1.3) / Math.max(0.7, Math.min(1, view.zoom));
    pen.setLineDash(near ? dash(look.kind) ?? [] : []);
    pen.beginPath();
    for (const bond of look.bonds) {
      const { a, b, c } = curve(bond);
      pen.moveTo(a.x, a.y);
      if (c && near) pen.quadraticCurveTo(c.x, c.y, b.x, b.y); else pen.lineTo(b.x, b.y);
    }
    pen.stroke();
    pen.setLineDash([]);
    if (near && !mutualKinds.has(look.kind)) for (const bond of look.bonds) arrow(bond);
  }
  pen.globalAlpha = 1;
}

function arrow(bond) {
  const way = curve(bond), end = way.b;
  const length = Math.hypot(way.b.x - way.a.x, way.b.y - way.a.y) || 1;
  const tip = along(way, Math.max(0, 1 - (radius(end) + 2) / length));
  const back = along(way, Math.max(0, 1 - (radius(end) + 11) / length));
  const turn = Math.atan2(tip.y - back.y, tip.x - back.x);
  pen.beginPath();
  pen.moveTo(tip.x, tip.y);
  pen.lineTo(tip.x - 9 * Math.cos(turn - 0.4), tip.y - 9 * Math.sin(turn - 0.4));
  pen.lineTo(tip.x - 9 * Math.cos(turn + 0.4), tip.y - 9 * Math.sin(turn + 0.4));
  pen.fill();
}

const shareText = ({ low, high }) => (!known(low) ? ""
  : low === high ? percent(low, Number.isInteger(Math.round(low * 1e4) / 100) ? 0 : 2)
    : `${percent(low, 0)}–${percent(high, 0)}`);

/** The one figure of a line: share, or amount, or how many there are. */
function figureOf(bond) {
  const left = bond.edges.filter(stands);
  if (bond.count > 1) {
    const total = left.reduce((sum, edge) => sum + (edge.amount ?? 0), 0);
    return `${number(bond.count)} ×${total ? ` ${moneyShort(total)}` : ""}`;
  }
  const [edge] = left;
  return shareText(edge) || (known(edge.amount) ? moneyShort(edge.amount) : edge.role ?? "");
}

const SIDES = { company: 4, branch: 4, partnership: 6, fund: 6, state: 3, chain_node: 4 };

function outline(party, size) {
  const sides = SIDES[party.type];
  pen.beginPath();
  if (!sides) { pen.arc(party.x, party.y, size, 0, 2 * Math.PI); return; }
  if (party.type === "company" || party.type === "branch") {
    pen.roundRect(party.x - size, party.y - size * 0.86, 2 * size, 1.72 * size, size * 0.3);
    return;
  }
  for (let side = 0; side < sides; side += 1) {
    const turn = (side / sides) * 2 * Math.PI - Math.PI / 2;
    pen.lineTo(party.x + size * 1.1 * Math.cos(turn), party.y + size * 1.1 * Math.sin(turn));
  }
  pen.closePath();
}

function paintParty(party, picked) {
  const size = radius(party) * (view.zoom < 0.35 ? 0.6 : 1); // from afar lines must be seen
  const chosen = mark.parties.has(party.id);
  const dim = picked && !chosen && party.id !== mark.party;
  const small = party.type === "attribute" || party.type === "chain_node";
  outline(party, size);
  pen.globalAlpha = 1;
  pen.fillStyle = palette.paper;
  pen.fill();
  pen.globalAlpha = dim ? 0.35 : 1;
  pen.fillStyle = chosen ? palette.warn : small ? palette.soft
    : party.type === "person" ? palette.families[2] : palette.accent;
  pen.fill();
  pen.lineWidth = party.type === "branch" ? 3 : 1.5;
  pen.strokeStyle = palette.paper;
  pen.stroke();
  if (party.id === mark.party || party.id === mark.over) {
    outline(party, size + 4);
    pen.lineWidth = 2;
    pen.strokeStyle = party.id === mark.party ? palette.ink : palette.soft;
    pen.stroke();
  }
  const more = view.zoom > 0.4 && layout.shown.size < parties.length ? hiddenAround(party.id) : 0;
  if (more) {
    pen.font = `600 10px ${palette.font}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillStyle = palette.soft;
    pen.fillText(`+${more}`, party.x + size + 3, party.y - size * 0.6);
  }
  pen.globalAlpha = 1;
}

function hiddenAround(id) {
  const found = new Set();
  for (const bond of parties[id].bonds) {
    const far = other(bond, id);
    if (bond.live && !layout.shown.has(far)) found.add(far);
  }
  return found.size;
}

const WIDE = /[\u1100-\uffef]/;
function shortened(text, most = 24) {
  let wide = 0, at = 0;
  for (const sign of text) {
    wide += WIDE.test(sign) ? 2 : 1;
    if (wide > most) return `${text.slice(0, at)}…`;
    at += sign.length;
  }
  return text;
}

/** Names and figures, in pixels of the screen; of two that overlap the weightier stays. */
function paintTexts(seen, picked) {
  const ratio = devicePixelRatio || 1, box = canvas.getBoundingClientRect(), taken = [];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  const write = (text, at, { font, colour, alpha }) => {
    pen.font = `${font} ${palette.font}`;
    const wide = pen.measureText(text).width;
    if (at.x < 0 || at.x > box.width || at.y < -14 || at.y > box.height) return true;
    const edge = Math.min(wide / 2 + 4, box.width / 2); // a name does not run out of the drawing
    const x = Math.max(edge, Math.min(box.width - edge, at.x));
    const area = { l: x - wide / 2 - 2, r: x + wide / 2 + 2, t: at.y - 1, b: at.y + 14 };
    if (taken.some((each) => area.l < each.r && each.l < area.r && area.t < each.b && each.t < area.b)) {
      return false;
    }
    taken.push(area);
    pen.globalAlpha = alpha;
    pen.strokeStyle = palette.paper;
    pen.strokeText(text, x, at.y);
    pen.fillStyle = colour;
    pen.fillText(text, x, at.y);
    return true;
  };
  const spots = new Map([...layout.shown].map((id) => [id, toScreen(parties[id], box)]));
  const chosen = (id) => id === mark.party || mark.parties.has(id);
  const rank = (id) => (id === mark.party || id === mark.over ? 1e9 : 0)
    + (mark.parties.has(id) ? 1e6 : 0) + parties[id].drawn;
  const name = (id) => {
    const at = spots.get(id), ring = id === mark.party ? 6 * view.zoom : 0;
    const place = { x: at.x, y: at.y + radius(parties[id]) * view.zoom + ring + 4 };
    write(shortened(label(parties[id])), place, { font: chosen(id) ? "600 12px" : "12px",
      colour: palette.ink, alpha: picked && !chosen(id) ? 0.45 : 1 });
  };
  const ordered = [...spots.keys()].sort((a, b) => rank(b) - rank(a)).slice(0, 400);
  ordered.filter(chosen).forEach(name); // theirs may cover other parties
  if (spots.size < 300) {
    for (const [id, at] of spots) {
      const size = radius(parties[id]) * view.zoom;
      taken.push({ l: at.x - size, r: at.x + size, t: at.y - size, b: at.y + size });
    }
  }
  ordered.filter((id) => !chosen(id)).forEach(name);
  if (seen.length > 300 || view.zoom < 0.4) return;
  for (const bond of [...seen].sort((a, b) => lit(b) - lit(a) || b.weight - a.weight)) {
    const text = figureOf(bond), bright = lit(bond);
    if (!text) continue;
    for (const t of [0.5, 0.4, 0.6, 0.3, 0.7]) {
      const at = toScreen(along(curve(bond), t), box);
      if (write(text, { x: at.x, y: at.y - 7 }, { font: "11px", colour: colourOf(bond.kind),
        alpha: picked && !bright ? 0.25 : 1 })) break;
    }
  }
  pen.globalAlpha = 1;
}

// ---- what stands where ----

function partyAt(x, y) {
  const at = toWorld(x, y);
  let best = null, least = Infinity;
  for (const id of layout.shown) {
    const party = parties[id], far = Math.hypot(party.x - at.x, party.y - at.y);
    if (far < Math.max(radius(party) + 3, 14 / view.zoom) && far < least) { best = party; least = far; }
  }
  return best;
}

function bondAt(x, y) {
  const at = toWorld(x, y), near = 7 / view.zoom;
  let best = null, least = near;
  for (const bond of bonds) {
    if (!inView(bond)) continue;
    const way = curve(bond);
    const [l, r] = [Math.min(way.a.x, way.b.x) - 60, Math.max(way.a.x, way.b.x) + 60];
    const [t, b] = [Math.min(way.a.y, way.b.y) - 60, Math.max(way.a.y, way.b.y) + 60];
    if (at.x < l || at.x > r || at.y < t || at.y > b) continue;
    for (let step = 0; step <= 24; step += 1) {
      const point = along(way, step / 24), next = along(way, Math.min(1, (step + 1) / 24));
      const far = toSegment(at, point, next);
      if (far < least) { best = bond; least = far; }
    }
  }
  return best;
}

function toSegment(at, a, b) {
  const dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy || 1;
  const t = Math.max(0, Math.min(1, ((at.x - a.x) * dx + (at.y - a.y) * dy) / square));
  return Math.hypot(at.x - a.x - t * dx, at.y - a.y - t * dy);
}

// ---- fingers, mouse, keys ----

function listen({ onParty, onBond, onNothing }) {
  const fingers = new Map();
  let dragged = null, from = null, moved = false, apart = 0;
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, spot(event));
    if (fingers.size === 2) { apart = spread(fingers); dragged = null; moved = true; return; }
    from = spot(event);
    moved = false;
    dragged = partyAt(from.x, from.y);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = spot(event), before = fingers.get(event.pointerId);
    if (!before) { hover(at); return; }
    fingers.set(event.pointerId, at);
    if (fingers.size === 2) {
      const now = spread(fingers), [one, two] = [...fingers.values()];
      zoomBy(now / (apart || now), (one.x + two.x) / 2, (one.y + two.y) / 2);
      apart = now;
      return;
    }
    if (!moved && from && Math.hypot(at.x - from.x, at.y - from.y) < 4) return;
    moved = true;
    if (dragged) {
      const place = toWorld(at.x, at.y);
      Object.assign(dragged, { x: place.x, y: place.y, held: true });
    } else {
      view.x -= (at.x - before.x) / view.zoom;
      view.y -= (at.y - before.y) / view.zoom;
    }
    view.fitted = false;
    draw();
  });
  const end = (event) => {
    const at = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (!at || moved || event.type === "pointercancel") return;
    const party = partyAt(at.x, at.y), bond = party ? null : bondAt(at.x, at.y);
    if (party) onParty(party.id);
    else if (bond) onBond(bond);
    else onNothing();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => { mark.over = null; draw(); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = spot(event);
    zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), at.x, at.y);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 60 / view.zoom;
    const keys = {
      ArrowLeft: () => { view.x -= step; }, ArrowRight: () => { view.x += step; },
      ArrowUp: () => { view.y -= step; }, ArrowDown: () => { view.y += step; },
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8),
      0: () => fit(), Escape: onNothing,
      Enter: () => { if (mark.party !== null) onParty(mark.party); },
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.key.startsWith("Arrow")) view.fitted = false;
    keys[event.key]();
    draw();
  });
}

const spread = (fingers) => {
  const [one, two] = [...fingers.values()];
  return Math.hypot(one.x - two.x, one.y - two.y);
};

function hover(at) {
  const party = partyAt(at.x, at.y), bond = party ? null : bondAt(at.x, at.y);
  canvas.style.cursor = party || bond ? "pointer" : "grab";
  canvas.title = party ? label(party) : bond ? sentence(bond) : "";
  if (mark.over !== (party?.id ?? null)) { mark.over = party?.id ?? null; draw(); }
}
