"""Rules over a graph of control and guarantees: derived, kept current, proved; DuckDB beside us."""

import hashlib
import resource
import time

import duckdb
import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found, agreed
from numpy.typing import NDArray
from workloads.rules_graph import RULES, SIZES, Edges, edges

from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.closure import Closure
from headrace.graph.rules.proofs import Proof, prove
from headrace.graph.rules.ruleset import Column, RuleSet

BASE = {name: (Column("subject"), Column("object")) for name in ("owns", "guarantees")}
RECURSIVE = """
CREATE TABLE controls AS
WITH RECURSIVE c AS (
    SELECT subject, object FROM owns
    UNION
    SELECT c.subject, o.object FROM c JOIN owns o ON c.object = o.subject
) SELECT * FROM c;
CREATE TABLE exposed AS
SELECT DISTINCT c.subject, g.object FROM controls c JOIN guarantees g ON c.object = g.subject;
"""


def facts_of(drawn: Edges) -> dict[str, NDArray[np.int64]]:
    """Edges as given facts, numbered."""
    return {
        name: np.column_stack((pairs, np.arange(len(pairs))))
        for name, pairs in (("owns", drawn.owns), ("guarantees", drawn.guarantees))
    }


def rule_set() -> RuleSet:
    """The rules, read."""
    return read_rules(RULES, BASE)


def closed(size: str) -> Closure:
    """Everything that follows, on warm code."""
    rules = rule_set()
    _warm(rules)
    drawn = edges(SIZES[size])
    return Closure(rules, facts_of(drawn), drawn.parties)


def _warm(rules: RuleSet) -> None:
    """Load the compiled code: derive, change and prove something small."""
    small = edges(SIZES["3k"])
    facts = facts_of(small)
    closure = Closure(rules, facts, small.parties)
    edge = {"owns": facts["owns"][:1]}
    closure.update({}, edge)
    closure.update(edge, {})
    prove(closure, "controls", tuple(closure.facts("controls")[0].tolist()))


def digest(pairs: dict[str, NDArray[np.int64]]) -> str:
    """Hash of sets of pairs, whatever their order."""
    whole = hashlib.sha256()
    for name in sorted(pairs):
        keys = pairs[name][:, 0] << 32 | pairs[name][:, 1]
        keys.sort()
        whole.update(f"{name} {len(keys)} ".encode())
        whole.update(keys.astype("<i8").tobytes())
    return whole.hexdigest()


def digest_of(closure: Closure) -> str:
    """Hash of all that was derived."""
    return digest({name: closure.facts(name) for name in closure.shown})


def derived(size: str) -> Found:
    """Seconds from edges to every derived fact, by us and by DuckDB; both have the same facts.

    Ours is then ready for changes and proofs, DuckDB's is a table; each is given arrays in memory.
    """
    drawn = edges(SIZES[size])
    facts, rules = facts_of(drawn), rule_set()
    _warm(rules)
    began = time.perf_counter()
    closure = Closure(rules, facts, drawn.parties)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    figures = {
        "seconds": seconds,
        "edges": len(drawn.owns) + len(drawn.guarantees),
        "facts": len(closure),
        "bytes": closure.nbytes,
        "peak_bytes": peak,
    }
    ours = digest_of(closure)
    del closure
    figures["duckdb_seconds"], theirs = _duckdb(drawn)
    return Found(figures, agreed(f"rules, {size}", headrace=ours, duckdb=theirs))


def _duckdb(drawn: Edges) -> tuple[float, str]:
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute("SET enable_progress_bar = false")  # it writes where the results go
        for name, pairs in (("owns", drawn.owns), ("guarantees", drawn.guarantees)):
            columns = (pa.array(pairs[:, side].astype(np.int32)) for side in (0, 1))
            database.register("given", pa.table(list(columns), ["subject", "object"]))
            database.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
        began = time.perf_counter()
        database.execute(RECURSIVE)
        seconds = time.perf_counter() - began
        found = {
            name: np.column_stack(
                [column.astype(np.int64) for column in database.table(name).fetchnumpy().values()]
            )
            for name in ("controls", "exposed")
        }
    return seconds, digest(found)


def changed(size: str, count: int) -> Found:
    """Seconds to take one edge out of the closure, and to put it back, over random edges.

    Of `count` edges, two of three are of control. All facts that go come back; in the end the
    closure is what it was.
    """
    closure = closed(size)
    before = digest_of(closure)
    given = facts_of(edges(SIZES[size]))
    rng = np.random.default_rng(11)
    out, back, moved = [], [], []
    for number in range(count):
        name = "guarantees" if number % 3 == 2 else "owns"
        at = int(rng.integers(len(given[name])))
        edge = {name: given[name][at : at + 1]}
        began = time.perf_counter()
        gone = closure.update({}, edge)
        middle = time.perf_counter()
        came = closure.update(edge, {})
        back.append(time.perf_counter() - middle)
        out.append(middle - began)
        moved.append(sum(map(len, gone.disappeared.values())))
        if moved[-1] != sum(map(len, came.appeared.values())):
            raise DisagreementError(f"rules, {size}: edge {at} of {name} brought back other facts")
    figures = {
        "delete_p50_seconds": float(np.median(out)),
        "delete_p99_seconds": float(np.percentile(out, 99)),
        "delete_max_seconds": max(out),
        "insert_p50_seconds": float(np.median(back)),
        "insert_p99_seconds": float(np.percentile(back, 99)),
        "insert_max_seconds": max(back),
        "moved_max": max(moved),
    }
    return Found(figures, agreed(f"rules, {size}", before=before, after=digest_of(closure)))


def proved(size: str, count: int) -> Found:
    """Seconds for the proof of a random fact, and the edges it names; those alone derive it."""
    closure = closed(size)
    rng = np.random.default_rng(13)
    facts = {name: closure.facts(name) for name in closure.shown}
    given = facts_of(edges(SIZES[size]))
    seconds, named = [], hashlib.sha256()
    for number in range(count):
        name = ("controls", "exposed")[number % 2]
        fact = tuple(facts[name][rng.integers(len(facts[name]))].tolist())
        began = time.perf_counter()
        proof = prove(closure, name, fact)
        seconds.append(time.perf_counter() - began)
        if proof is None or not _enough(closure.rules, given, proof):
            raise DisagreementError(f"rules, {size}: the proof of {name} {fact} does not prove it")
        named.update(repr(proof.edges()).encode())
    figures = {
        "proof_p50_seconds": float(np.median(seconds)),
        "proof_p99_seconds": float(np.percentile(seconds, 99)),
    }
    return Found(figures, named.hexdigest())


def _enough(rules: RuleSet, given: dict[str, NDArray[np.int64]], proof: Proof) -> bool:
    only = {name: given[name][positions] for name, positions in proof.edges().items()}
    alone = Closure(rules, only, 16)
    return bool((alone.facts(proof.relation) == proof.fact).all(axis=1).any())


def history(size: str, count: int, batch: int) -> Found:
    """Batches of random inserts and deletes; in the end, the same facts as from scratch.

    Half of the edges stand at first. Every batch takes some of those that stand and adds others.
    """
    drawn = edges(SIZES[size])
    given, rules = facts_of(drawn), rule_set()
    rng = np.random.default_rng(17)
    stands = {name: rng.random(len(rows)) < 0.5 for name, rows in given.items()}
    half = {name: rows[stands[name]] for name, rows in given.items()}
    closure = Closure(rules, half, drawn.parties)
    began = time.perf_counter()
    for _ in range(count):
        picked = {name: rng.integers(0, len(rows), batch) for name, rows in given.items()}
        gone = {name: given[name][at[stands[name][at]]] for name, at in picked.items()}
        came = {name: given[name][at[~stands[name][at]]] for name, at in picked.items()}
        closure.update(came, gone)
        for name, at in picked.items():
            stands[name][np.unique(at)] ^= True
    seconds = time.perf_counter() - began
    scratch = Closure(
        rules, {name: rows[stands[name]] for name, rows in given.items()}, drawn.parties
    )
    same = agreed(f"rules, {size}", kept=digest_of(closure), scratch=digest_of(scratch))
    return Found({"edges_per_second": 2 * count * batch / seconds}, same)
