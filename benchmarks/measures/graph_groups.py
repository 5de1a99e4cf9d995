"""Groups for limits of a whole book: found, held against limits, explained, compared.

No open engine that was looked at makes such groups (research on the relation graph, section 1), so
there is no peer. What banks' public programs do, connected components over control, guarantee and
kinship, is run beside for what it merges.
"""

import hashlib
import time
from importlib.resources import files

import numpy as np
from measures.found import DisagreementError, Found
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from workloads.limit_groups import FULL, MOMENT, QUICK, Size, statements

from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.changes import diff
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.limits import Capital, Exposures, exposures_of, usages
from headrace.graph.groups.rules import GroupKind, RuleBook, read_rules
from headrace.graph.groups.snapshots import groups_of
from headrace.graph.groups.words import Language, proof_words
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot, as_of_us

BANK = 0
SIZES = {"full": FULL, "quick": QUICK}
CAPITAL = Capital(10**13, 12 * 10**12, 12 * 10**12)


def rule_book() -> RuleBook:
    """The rules that ship."""
    text = files("headrace.graph.groups").joinpath("rules_cn.toml").read_text(encoding="utf-8")
    return read_rules(text, "rules_cn.toml")


def whole_book(size: Size, seed: int = 7) -> Found:
    """All groups of a book with control computed anew, limits for all of them, and proofs."""
    snapshot = as_of_us(statements(size, seed), MOMENT, MOMENT)
    book = rule_book()
    groups_of(basis_of(_tiny(), BANK), book)  # compiles
    began, worked = time.perf_counter(), time.process_time()
    basis = basis_of(snapshot, BANK)
    control = time.perf_counter()
    groups = groups_of(basis, book)
    found = time.perf_counter()
    exposures = _exposures(len(snapshot.parties), seed)
    used = usages(groups, exposures, CAPITAL)
    held, done = time.perf_counter(), time.process_time()
    proofs = _proof_seconds(groups, 200)
    return Found(
        {
            "parties": float(len(snapshot.parties)),
            "edges": float(len(snapshot)),
            "groups": float(len(groups)),
            "memberships": float(len(groups.memberships)),
            "control_seconds": control - began,
            "groups_seconds": found - control,
            "limits_seconds": held - found,
            "seconds": held - began,
            "cpu_seconds": done - worked,
            "proof_seconds": proofs,
            "largest_group": float(_largest(groups)),
            "largest_component": float(_component(snapshot)),
            "breaches": float(sum(int(each.breached.sum()) for each in used)),
        },
        _digest(groups),
    )


def one_fact(size: Size, seed: int = 7) -> Found:
    """One holding of a whole book withdrawn: who moved, and the fact that was found to be why."""
    snapshot = as_of_us(statements(size, seed), MOMENT, MOMENT)
    book = rule_book()

    def regroup(taken: Snapshot) -> Groups:
        return groups_of(basis_of(taken, BANK), book)

    before = regroup(snapshot)
    rows = before.memberships
    chosen = int(np.argmax((rows.kind == GroupKind.GROUP) & rows.certain & (rows.rule >= 0)))
    edge = int(before.edges(chosen)[0])
    after = regroup(snapshot.where(np.arange(len(snapshot)) != edge))
    began = time.perf_counter()
    moves = diff(before, after, regroup)
    taken = time.perf_counter() - began
    fact = snapshot.fact[edge].as_py()
    if not moves or any([each.fact for each in move.causes] != [fact] for move in moves):
        raise DisagreementError(f"groups: a move was not explained by {fact}")
    digest = hashlib.sha256("\n".join(map(str, moves)).encode()).hexdigest()
    return Found({"moves": float(len(moves)), "seconds": taken}, digest)


def _tiny() -> Snapshot:
    return as_of_us(statements(Size(200, 600), 1), MOMENT, MOMENT)


def _exposures(parties: int, seed: int) -> Exposures:
    rng = np.random.default_rng(seed)
    party = rng.integers(0, parties, parties // 3)
    amount = rng.integers(1, 10**11, len(party))
    return exposures_of(parties, party, amount, amount // 10, rng.random(len(party)) < 0.7)


def _proof_seconds(groups: Groups, count: int) -> float:
    """Median time to say why, of rows drawn from all."""
    rows = np.random.default_rng(3).integers(0, len(groups.memberships), count)
    taken = []
    for row in rows.tolist():
        began = time.perf_counter()
        proof_words(groups, row, Language.ZH)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def _largest(groups: Groups) -> int:
    """Distinct members of the largest group customer."""
    rows = groups.memberships
    some = np.flatnonzero((rows.kind == GroupKind.GROUP) & rows.certain)
    pairs = np.unique(np.stack([rows.head[some], rows.member[some]]), axis=1)
    return int(np.bincount(pairs[0]).max(initial=0))


def _component(snapshot: Snapshot) -> int:
    """What connected components over the same relations would call one group."""
    tied = snapshot.only(Kind.OWNS, Kind.FAMILY, Kind.GUARANTEES, Kind.OFFICE)
    size = len(snapshot.parties)
    edges = coo_array((np.ones(len(tied)), (tied.subject, tied.object)), shape=(size, size))
    return int(np.bincount(connected_components(edges, directed=False)[1]).max())


def _digest(groups: Groups) -> str:
    rows = groups.memberships
    digest = hashlib.sha256()
    for column in (rows.kind, rows.head, rows.member, rows.rule, rows.certain):
        digest.update(np.ascontiguousarray(column).tobytes())
    digest.update(np.nan_to_num(rows.low, nan=-1.0).tobytes())
    return digest.hexdigest()
