// The graph as the page holds it: parties, edges, bonds (edges of one kind between one pair), filters.

const parties = model.parties.code.map((code, id) => ({
  id, code, name: model.parties.name[id], type: model.parties.type[id], bonds: [],
}));
const edges = model.edges.kind.map((kind, id) => {
  const edge = { id };
  for (const [name, values] of Object.entries(model.edges)) edge[name] = values[id];
  return edge;
});
const findings = list(model.findings);
const eventKinds = new Set(model.events);
const mutualKinds = new Set(model.mutual);
const label = (party) => party.name || party.code;

/** Edges of one kind in one direction between two parties are drawn as one line. */
const bonds = [];
{
  const found = new Map();
  for (const edge of edges) {
    const key = `${edge.kind} ${edge.subject} ${edge.object}`;
    let bond = found.get(key);
    if (!bond) {
      bond = { id: bonds.length, kind: edge.kind, subject: edge.subject, object: edge.object,
        edges: [], live: true, weight: 0 };
      found.set(key, bond);
      bonds.push(bond);
      parties[edge.subject].bonds.push(bond);
      if (edge.object !== edge.subject) parties[edge.object].bonds.push(bond);
    }
    bond.edges.push(edge);
    edge.bond = bond;
  }
}

// Lines between one pair are bent apart.
{
  const pairs = new Map();
  for (const bond of bonds) {
    const key = Math.min(bond.subject, bond.object) + " " + Math.max(bond.subject, bond.object);
    if (!pairs.has(key)) pairs.set(key, []);
    pairs.get(key).push(bond);
  }
  for (const several of pairs.values()) {
    several.forEach((bond, place) => {
      const step = place - (several.length - 1) / 2;
      bond.bend = bond.subject < bond.object ? step : -step;
    });
  }
}

const kinds = [...new Set(edges.map((edge) => edge.kind))]
  .map((kind) => ({ kind, count: edges.filter((edge) => edge.kind === kind).length }))
  .sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1));

// Families share a colour, members of one differ by their dashes: told apart without colour too.
const FAMILIES = [
  ["owns", "votes", "general_partner", "limited_partner", "controls", "nominee", "proxy"],
  ["guarantees", "lends", "disputes"],
  ["acts_with", "family", "office", "branch_of"],
  ["transfers", "trades", "supplies"],
  ["on_chain", "depends"],
  ["uses"],
];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 4], [14, 4]];
const family = (kind) => FAMILIES.findIndex((each) => each.includes(kind));
const dash = (kind) => DASHES[FAMILIES[family(kind)].indexOf(kind)];

const DAY = 86_400_000;
const times = edges.flatMap((edge) => [edge.since, edge.until]).filter(known);
const firstTime = times.reduce((a, b) => Math.min(a, b), Infinity);
const lastTime = times.reduce((a, b) => Math.max(a, b), -Infinity);
const timed = firstTime < lastTime;

const filter = {
  hidden: new Set(), // kinds that are switched off
  moment: known(model.as_of) ? model.as_of : null, // null: all times
};

/** Whether an edge stands: what lasts must not have ended, what happened must have happened. */
function stands(edge) {
  if (filter.hidden.has(edge.kind)) return false;
  if (filter.moment === null) return true;
  if (known(edge.since) && edge.since > filter.moment) return false;
  return eventKinds.has(edge.kind) || !known(edge.until) || edge.until > filter.moment;
}

/** Marks the bonds that stand, with what they weigh: amount first, share second. */
function sift() {
  for (const bond of bonds) {
    const left = bond.edges.filter(stands);
    bond.live = left.length > 0;
    bond.count = left.reduce((sum, edge) => sum + edge.count, 0);
    bond.weight = left.reduce((sum, edge) => sum + (edge.amount ?? 0) + (edge.high ?? 0), 0);
  }
}
sift();

const other = (bond, id) => (bond.subject === id ? bond.object : bond.subject);

const LASTING = 1e15; // an owner without an amount goes before the largest customer

/** Neighbours of a party over what stands: those that last first, then the weightiest. */
function neighbours(id) {
  const weight = new Map();
  for (const bond of parties[id].bonds) {
    if (!bond.live) continue;
    const next = other(bond, id);
    const weighs = bond.weight + (eventKinds.has(bond.kind) ? 0 : LASTING);
    if (next !== id) weight.set(next, Math.max(weight.get(next) ?? -1, weighs));
  }
  return [...weight].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([next]) => next);
}

/** Parties around one, nearest first, not more than `most`. */
function around(id, depth, most) {
  const found = new Set([id]);
  let edge = [id];
  for (let step = 0; step < depth && edge.length; step += 1) {
    const next = [];
    for (const from of edge) {
      for (const to of neighbours(from)) {
        if (found.size >= most) return found;
        if (!found.has(to)) { found.add(to); next.push(to); }
      }
    }
    edge = next;
  }
  return found;
}

/** Parties whose code or name holds the words, best first. */
function search(text, most = 12) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const found = [];
  for (const party of parties) {
    const code = party.code.toLowerCase(), name = (party.name ?? "").toLowerCase();
    const rank = code === wanted || name === wanted ? 0
      : code.startsWith(wanted) || name.startsWith(wanted) ? 1
        : code.includes(wanted) || name.includes(wanted) ? 2 : 3;
    if (rank < 3) found.push([rank, -party.bonds.length, party]);
  }
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, most).map((each) => each[2]);
}

const dayFormat = new Intl.DateTimeFormat("en-CA",
  { timeZone: setup.zone, year: "numeric", month: "2-digit", day: "2-digit" });
const day = (ms) => (known(ms) ? dayFormat.format(ms) : NONE);
