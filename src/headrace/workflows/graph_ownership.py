"""Who owns and controls a party, and whom it owns and controls, each with its proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.graph.ownership.beneficial import (
    BeneficialOwners,
    Standing,
    beneficial_owners,
    standing,
    why,
)
from headrace.graph.ownership.binding import relations_of
from headrace.graph.ownership.chains import Chain
from headrace.graph.ownership.control import Step, proof
from headrace.graph.ownership.integrated import held_by, holders_of
from headrace.graph.ownership.rulesets import RuleSet
from headrace.graph.ownership.shares import WORDS
from headrace.graph.relations.snapshot import Snapshot
from headrace.workflows.graph_view import GraphView

HOLDERS = pa.schema(
    {
        "party": pa.string(),
        "name": pa.string(),
        "share_low": pa.float64(),
        "share_high": pa.float64(),
        "ultimate": pa.bool_(),
    }
)
CONTROL = pa.schema(
    {
        "controller": pa.string(),
        "controller_name": pa.string(),
        "controlled": pa.string(),
        "controlled_name": pa.string(),
        "certain": pa.bool_(),
        "jointly": pa.bool_(),
        "ultimate": pa.bool_(),
        "votes_low": pa.float64(),
        "votes_high": pa.float64(),
    }
)
BENEFICIAL = pa.schema(
    {
        "company": pa.string(),
        "company_name": pa.string(),
        "owner": pa.string(),
        "owner_name": pa.string(),
        "test": pa.string(),
        "test_zh": pa.string(),
        "certain": pa.bool_(),
        "share_low": pa.float64(),
        "share_high": pa.float64(),
        "rules": pa.string(),
        "verified": pa.bool_(),
    }
)


@dataclass(frozen=True)
class Proof:
    """Why one party owns or controls another.

    Attributes:
        lines: Each step in words: the parties, the shares, the facts.
        facts: Ids of all facts it rests on, each once.
    """

    lines: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Owned:
    """What stands behind one party.

    Attributes:
        party: Its code.
        holders: Everybody with a share over all chains; see HOLDERS.
        control: Who controls it, and whom it controls; see CONTROL.
        beneficial: Its owners under the rule set; see BENEFICIAL.
        proofs: Of each row of `control` and `beneficial`, in that order.
        findings: What is wrong with the records of shares in it, English and Chinese.
    """

    party: str
    holders: pa.Table
    control: pa.Table
    beneficial: pa.Table
    proofs: tuple[Proof, ...]
    findings: tuple[tuple[str, str], ...]


def solved(view: GraphView) -> Standing:
    """Ownership and control of everybody."""
    found = relations_of(view.snapshot)
    return standing(found.equity, found.voting, found.agreements, found.persons)


def owned(view: GraphView, party: str, rules: RuleSet) -> Owned:
    """Who owns and controls a party, with proofs.

    Raises:
        InputError: If no fact names it.
    """
    snapshot = view.snapshot
    node = snapshot.node(party)
    found = solved(view)
    held = holders_of(found.equity, node)
    above = held.party != node
    order = np.argsort(-held.low[above], kind="stable")
    holders = pa.table(
        {
            "party": _codes(snapshot, held.party[above][order]),
            "name": _names(snapshot, held.party[above][order]),
            "share_low": held.low[above][order],
            "share_high": held.high[above][order],
            "ultimate": found.equity.shares.length[held.party[above][order]] == 0,
        },
        HOLDERS,
    )
    control, pairs = _control_around(snapshot, found, node)
    owners = beneficial_owners(rules, found, np.array([node], np.int32))
    proofs = [_control_proof(snapshot, proof(found.votes, *pair)) for pair in pairs]
    proofs += [_owner_proof(snapshot, owners, row, found) for row in range(len(owners.company))]
    findings = [
        WORDS[finding.fault] for finding in found.equity.findings if node in finding.companies
    ]
    return Owned(
        party, holders, control, beneficial_table(snapshot, owners), tuple(proofs), tuple(findings)
    )


def _control_around(
    snapshot: Snapshot, found: Standing, node: int
) -> tuple[pa.Table, list[tuple[int, int]]]:
    rows = found.control.rows(
        (found.control.controlled == node) | (found.control.controller == node)
    )
    pairs = list(zip(rows.controller.tolist(), rows.controlled.tolist(), strict=True))
    return control_table(snapshot, found, rows), pairs


def control_table(snapshot: Snapshot, found: Standing, rows: Any = None) -> pa.Table:
    """Pairs of controller and controlled; of everybody where no rows are given."""
    chosen = found.control if rows is None else rows
    below = np.zeros(len(snapshot.parties), np.bool_)
    below[found.control.controlled[found.control.certain]] = True
    return pa.table(
        {
            "controller": _codes(snapshot, chosen.controller),
            "controller_name": _names(snapshot, chosen.controller),
            "controlled": _codes(snapshot, chosen.controlled),
            "controlled_name": _names(snapshot, chosen.controlled),
            "certain": chosen.certain,
            "jointly": chosen.jointly,
            "ultimate": ~below[chosen.controller],
            "votes_low": chosen.low,
            "votes_high": chosen.high,
        },
        CONTROL,
    )


def beneficial_table(snapshot: Snapshot, owners: BeneficialOwners) -> pa.Table:
    """Owners under a rule set, in words."""
    rules = owners.rules
    tests = [rules.tests[int(test)] for test in owners.test]
    return pa.table(
        {
            "company": _codes(snapshot, owners.company),
            "company_name": _names(snapshot, owners.company),
            "owner": _codes(snapshot, owners.owner),
            "owner_name": _names(snapshot, owners.owner),
            "test": [test.en for test in tests],
            "test_zh": [test.zh for test in tests],
            "certain": owners.certain,
            "share_low": owners.low,
            "share_high": owners.high,
            "rules": [rules.name] * len(tests),
            "verified": [rules.verified] * len(tests),
        },
        BENEFICIAL,
    )


def _owner_proof(snapshot: Snapshot, owners: BeneficialOwners, row: int, found: Standing) -> Proof:
    steps = why(owners, row, found)
    chains = [step for step in steps if isinstance(step, Chain)]
    if not chains:
        return _control_proof(snapshot, [step for step in steps if isinstance(step, Step)])
    lines = []
    for chain in chains:
        path = snapshot.parties.label(chain.parties[0])
        for party, share in zip(chain.parties[1:], chain.shares, strict=True):
            path += f" --{share:.4%}--> {snapshot.parties.label(party)}"
        lines.append(f"{path} = {chain.product:.4%}")
    return Proof(tuple(lines), _facts(snapshot, [e for chain in chains for e in chain.edges]))


def _control_proof(snapshot: Snapshot, steps: Sequence[Step]) -> Proof:
    lines, edges = [], []
    for step in steps:
        votes = [
            f"{snapshot.parties.label(holder)} {share:.4%}"
            for holder, share in zip(step.holders, step.shares, strict=True)
        ]
        if step.unrecorded:
            votes.append(f"? {step.unrecorded:.4%}")
        lines.append(f"{snapshot.parties.label(step.company)}: {' + '.join(votes)}")
        edges += [edge for edge in (*step.edges, *step.by) if edge >= 0]
    return Proof(tuple(lines), _facts(snapshot, edges))


def _facts(snapshot: Snapshot, edges: Sequence[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(snapshot.fact[edge].as_py() for edge in edges))


def _codes(snapshot: Snapshot, nodes: Any) -> pa.Array:
    return snapshot.parties.codes.take(pa.array(nodes))


def _names(snapshot: Snapshot, nodes: Any) -> pa.Array:
    return snapshot.parties.names.take(pa.array(nodes))


def holdings(view: GraphView, party: str) -> pa.Table:
    """Every company in which a party has a share over all chains; see HOLDERS.

    Raises:
        InputError: If no fact names it.
    """
    snapshot = view.snapshot
    node = snapshot.node(party)
    held = held_by(solved(view).equity, node)
    below = held.party != node
    order = np.argsort(-held.low[below], kind="stable")
    chosen = held.party[below][order]
    return pa.table(
        {
            "party": _codes(snapshot, chosen),
            "name": _names(snapshot, chosen),
            "share_low": held.low[below][order],
            "share_high": held.high[below][order],
            "ultimate": np.zeros(len(chosen), np.bool_),
        },
        HOLDERS,
    )
