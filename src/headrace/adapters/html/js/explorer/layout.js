// Where parties stand: rings around the one looked at to begin with, then springs and repulsion.

const LINK = 130; // the length of a spring at rest
const REACH = 420; // repulsion is not felt beyond
const layout = { shown: new Set(), heat: 0, wide: 1 }; // wide: of the canvas, for names need room

/** Places parties that have none: near a neighbour that has one, else on rings around the first. */
function placeNew(ids, centre) {
  const fresh = ids.filter((id) => parties[id].x === undefined);
  if (!fresh.length) return;
  if (fresh.length === ids.length) { placeRings(ids, centre); return; }
  const waiting = new Set(fresh);
  let moved = true;
  while (moved && waiting.size) {
    moved = false;
    for (const id of [...waiting]) {
      const near = neighbours(id).find((next) => !waiting.has(next) && layout.shown.has(next)
        && parties[next].x !== undefined);
      if (near === undefined) continue;
      const home = parties[near];
      const out = Math.atan2(home.y - (parties[centre]?.y ?? 0), home.x - (parties[centre]?.x ?? 0));
      const turn = out + golden(id) * 1.3 - 0.65;
      put(id, home.x + Math.cos(turn) * LINK, home.y + Math.sin(turn) * LINK);
      waiting.delete(id);
      moved = true;
    }
  }
  const ring = LINK + 26 * Math.sqrt(ids.length); // those that nothing joins to the rest stand around
  for (const id of waiting) {
    const turn = golden(id) * 2 * Math.PI;
    put(id, Math.cos(turn) * ring * layout.wide, Math.sin(turn) * ring);
  }
}

const golden = (id) => ((id + 1) * 0.618033988749895) % 1;

function put(id, x, y) { Object.assign(parties[id], { x, y, vx: 0, vy: 0 }); }

/** Each ring holds those as many steps away; children stand outside their parent. */
function placeRings(ids, centre) {
  const allowed = new Set(ids), children = new Map(), depth = new Map();
  const roots = [];
  for (const start of [centre, ...ids]) {
    if (!allowed.has(start) || depth.has(start)) continue;
    roots.push(start);
    depth.set(start, 0);
    for (const queue = [start]; queue.length;) {
      const id = queue.shift();
      children.set(id, []);
      for (const next of neighbours(id)) {
        if (!allowed.has(next) || depth.has(next)) continue;
        depth.set(next, depth.get(id) + 1);
        children.get(id).push(next);
        queue.push(next);
      }
    }
  }
  const leaves = new Map();
  for (const id of [...depth.keys()].reverse()) {
    const below = children.get(id).reduce((sum, child) => sum + leaves.get(child), 0);
    leaves.set(id, Math.max(1, below));
  }
  const spread = (id, x, y, from, to, ring) => {
    put(id, x + Math.cos((from + to) / 2) * ring, y + Math.sin((from + to) / 2) * ring);
    let at = from;
    for (const child of children.get(id)) {
      const wide = ((to - from) * leaves.get(child)) / leaves.get(id);
      spread(child, x, y, at, at + wide, ring + LINK);
      at += wide;
    }
  };
  const side = Math.ceil(Math.sqrt(roots.length));
  roots.forEach((root, place) => {
    const gap = 3 * LINK;
    spread(root, (place % side) * gap, Math.floor(place / side) * gap, 0, 2 * Math.PI, 0);
  });
}

/** One step of the simulation; cools down and stands still after some hundred. */
function relax() {
  const ids = [...layout.shown], heat = layout.heat;
  for (const id of ids) {
    const party = parties[id];
    party.vx *= 0.6;
    party.vy *= 0.6;
  }
  repel(ids, heat);
  for (const bond of bonds) {
    if (!bond.live || !layout.shown.has(bond.subject) || !layout.shown.has(bond.object)) continue;
    const a = parties[bond.subject], b = parties[bond.object];
    const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 1;
    const many = Math.min(a.drawn || 1, b.drawn || 1);
    const pull = ((length - LINK) / length) * heat * (0.35 / many);
    a.vx += dx * pull; a.vy += dy * pull;
    b.vx -= dx * pull; b.vy -= dy * pull;
  }
  for (const id of ids) {
    const party = parties[id];
    if (party.held) { party.vx = 0; party.vy = 0; continue; }
    const speed = Math.hypot(party.vx, party.vy), most = 40;
    const cut = speed > most ? most / speed : 1;
    party.x += party.vx * cut - party.x * 0.002 * heat;
    party.y += party.vy * cut - party.y * 0.002 * heat;
  }
  layout.heat *= ids.length > 300 ? 0.97 : 0.985;
  if (layout.heat < 0.02) layout.heat = 0;
}

/** Those in the same and the next cells of a grid push each other away. */
function repel(ids, heat) {
  const cells = new Map();
  const far = ids.length > 1000 ? REACH / 3 : ids.length > 300 ? REACH / 2 : REACH;
  const strength = (ids.length > 1000 ? 16_000 : ids.length > 300 ? 7000 : 11_000) * heat;
  for (const id of ids) {
    const party = parties[id];
    const key = Math.floor(party.x / far) * 100_003 + Math.floor(party.y / far);
    if (!cells.has(key)) cells.set(key, []);
    cells.get(key).push(party);
  }
  const push = (a, b) => {
    let dx = b.x - a.x, dy = b.y - a.y;
    if (Math.abs(dx) > far || Math.abs(dy) > far) return;
    if (!dx && !dy) { dx = golden(a.id) - 0.5; dy = golden(b.id) - 0.5; }
    const square = (dx / layout.wide) ** 2 + dy * dy + 60;
    if (square > far * far) return;
    const force = strength / square;
    const length = Math.sqrt(square);
    a.vx -= (dx / length) * force; a.vy -= (dy / length) * force;
    b.vx += (dx / length) * force; b.vy += (dy / length) * force;
  };
  for (const [key, here] of cells) {
    for (let i = 0; i < here.length; i += 1) {
      for (let j = i + 1; j < here.length; j += 1) push(here[i], here[j]);
    }
    for (const step of [1, 100_002, 100_003, 100_004]) {
      const there = cells.get(key + step);
      if (there) for (const a of here) for (const b of there) push(a, b);
    }
  }
}
