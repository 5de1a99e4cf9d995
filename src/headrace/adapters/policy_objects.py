"""Policies, changes and acts as JSON values, for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from headrace.decisions.flow.change import Change
from headrace.decisions.flow.differences import moment_in_words
from headrace.decisions.flow.lists import Entry
from headrace.decisions.flow.policy import Policy
from headrace.decisions.program.findings import Finding
from headrace.evidence.problem import Problem
from headrace.workflows.policy_history import Act, History


def remark_objects(found: Mapping[str, Sequence[Finding]]) -> list[dict[str, Any]]:
    """What an analysis found, by table."""
    return [
        {
            "table": name,
            "code": each.code,
            "severity": each.severity.value,
            "rules": list(each.rules),
            "rows": list(each.rows),
            "column": each.column,
            "witness": each.witness,
            "en": each.text_en,
            "zh": each.text_zh,
        }
        for name, findings in found.items()
        for each in findings
    ]


def shown_object(policy: Policy, digest: str) -> dict[str, Any]:
    """A policy in its canonical form, its tables with it."""
    return {
        "digest": digest,
        "policy": json.loads(policy.canonical_bytes()),
        "tables": {
            name: json.loads(each.canonical_bytes()) for name, each in policy.tables.items()
        },
    }


def change_object(change: Change) -> dict[str, Any]:
    """A change in its parts, and in both languages."""
    told = asdict(change)
    return told | {"en": change.say("en"), "zh": change.say("zh")}


def act_object(act: Act) -> dict[str, Any]:
    """An act with its digest."""
    return {**vars(act), "deed": act.deed.value, "told": dict(act.told), "digest": act.digest()}


def history_object(
    found: History,
    acts: Sequence[Act],
    moment: int,
    problems: Sequence[Problem],
    head: tuple[int, str],
) -> dict[str, Any]:
    """Versions, acts, and whether the record holds."""
    versions = [
        {
            "version": version.number,
            "state": version.state,
            "author": version.proposal.by,
            "digest": version.digest,
            "comment": version.proposal.comment,
        }
        for version in found.versions
    ]
    return {
        "policy": found.policy,
        "active": found.active_at(moment),
        "versions": versions,
        "acts": [act_object(act) for act in acts],
        "holds": not problems,
        "problems": [asdict(each) for each in problems],
        "head": {"number": head[0], "digest": head[1]},
    }


def entry_object(entry: Entry) -> dict[str, Any]:
    """An entry for --json, its moments in words."""
    told = vars(entry).copy()
    for name in ("valid_from", "valid_until", "recorded"):
        told[name] = None if told[name] is None else moment_in_words(told[name])
    return told
