// Paths between two parties: the shortest whichever way edges point, and the earliest in time order.

/** The fewest bonds between two parties, any direction; null: there is no path. */
function shortestPath(from, to) {
  const came = new Map([[from, null]]);
  let front = [from];
  while (front.length && !came.has(to)) {
    const next = [];
    for (const id of front) {
      for (const bond of parties[id].bonds) {
        const far = other(bond, id);
        if (!bond.live || came.has(far)) continue;
        came.set(far, { id, edge: bond.edges.find(stands) });
        next.push(far);
      }
    }
    front = next;
  }
  return came.has(to) ? walked(came, to) : null;
}

/**
 * The path along which something could have gone: in the direction of edges, each not earlier than
 * the one before. What happened is passed at its moment, what lasts from its beginning to its end.
 * Of all such paths the one that arrives first (Dijkstra, by time of arrival).
 */
function timedPath(from, to) {
  const arrival = new Map([[from, -Infinity]]), came = new Map([[from, null]]), done = new Set();
  const queue = new Heap();
  queue.push(-Infinity, from);
  while (queue.size) {
    const [time, id] = queue.pop();
    if (done.has(id)) continue;
    done.add(id);
    if (id === to) break;
    for (const bond of parties[id].bonds) {
      if (!bond.live || (bond.subject !== id && !mutualKinds.has(bond.kind))) continue;
      const far = other(bond, id);
      for (const edge of bond.edges) {
        const at = passed(edge, time);
        if (at === null || !stands(edge) || done.has(far)) continue;
        if (at < (arrival.get(far) ?? Infinity) || !arrival.has(far)) {
          arrival.set(far, at);
          came.set(far, { id, edge });
          queue.push(at, far);
        }
      }
    }
  }
  return came.has(to) ? walked(came, to) : null;
}

/** When an edge can be passed by somebody who is there at `time`; null: never. */
function passed(edge, time) {
  const since = edge.since ?? -Infinity;
  if (eventKinds.has(edge.kind)) return since >= time ? since : null;
  const at = Math.max(time, since);
  return at < (edge.until ?? Infinity) ? at : null;
}

function walked(came, to) {
  const ids = [to], steps = [];
  for (let step = came.get(to); step; step = came.get(step.id)) {
    ids.unshift(step.id);
    steps.unshift(step.edge);
  }
  return { parties: ids, edges: steps };
}

/** A binary heap of [key, value], the least first. */
class Heap {
  #items = [];

  get size() { return this.#items.length; }

  push(key, value) {
    const items = this.#items;
    let place = items.push([key, value]) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (items[above][0] <= items[place][0]) break;
      [items[above], items[place]] = [items[place], items[above]];
      place = above;
    }
  }

  pop() {
    const items = this.#items, first = items[0], last = items.pop();
    if (items.length) {
      items[0] = last;
      for (let place = 0; ;) {
        let least = place;
        for (const below of [2 * place + 1, 2 * place + 2]) {
          if (below < items.length && items[below][0] < items[least][0]) least = below;
        }
        if (least === place) break;
        [items[least], items[place]] = [items[place], items[least]];
        place = least;
      }
    }
    return first;
  }
}
