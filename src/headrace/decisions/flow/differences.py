"""What changed between two versions of a policy, for the person who approves it.

Two versions of one digest have no changes, and two without changes have one digest.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import IntEnum
from itertools import chain

import numpy as np

from headrace.decisions.feel import Expression, write
from headrace.decisions.flow.change import Change, Kind, Place
from headrace.decisions.flow.lists import Entry, Lists
from headrace.decisions.flow.matching import staying
from headrace.decisions.flow.policy import AnyStep, Policy, TableStep
from headrace.decisions.flow.table_differences import table_changes, table_in_words

_PARTS = ("inputs", "steps", "tables", "results")


def policy_changes(before: Policy, after: Policy) -> tuple[Change, ...]:
    """What changed: the policy as a whole, inputs, steps, tables, results."""
    return tuple(
        chain(
            _of_policy(before, after),
            _named("input", before.inputs, after.inputs),
            _steps(before, after),
            _tables(before, after),
            _named("result", _texts(before.results), _texts(after.results)),
        )
    )


def file_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Which files beside the policy and its tables, such as models, came, went or were replaced.

    Args:
        before: What tells each apart: the start of its digest, by the file's name.
        after: The same of the new version.
    """
    return tuple(_named("file", before, after))


def list_changes(before: Lists, after: Lists) -> tuple[Change, ...]:
    """Which entries only one of two versions has; entries themselves never change."""
    first, last = Counter(before.entries), Counter(after.entries)
    gone = [
        Change(Kind.ENTRY_REMOVED, Place(entry.list), before=entry_in_words(entry))
        for entry in (first - last).elements()
    ]
    come = [
        Change(Kind.ENTRY_ADDED, Place(entry.list), after=entry_in_words(entry))
        for entry in (last - first).elements()
    ]
    return (*gone, *come)


def entry_in_words(entry: Entry) -> str:
    """An entry in one line: whom, when, why, and who says so."""
    until = "" if entry.valid_until is None else moment_in_words(entry.valid_until)
    about = [f"{moment_in_words(entry.valid_from)} – {until}".strip(), entry.scope, entry.reason]
    return f"{entry.value} ({'; '.join(each for each in [*about, entry.owner] if each)})"


def moment_in_words(moment: int) -> str:
    """A moment in UTC, from microseconds since 1970."""
    return str(np.datetime64(moment, "us")).removesuffix(".000000").replace("T", " ") + "Z"


def step_in_words(step: AnyStep, policy: Policy) -> str:
    """What a step is, in one line."""
    kind = type(step).__name__.removesuffix("Step").lower()
    told = [f"{key} {text}" for key, text in _step(step).items() if text]
    if step.name in policy.tables:
        told.insert(0, table_in_words(policy.tables[step.name]))
    return f"{kind}; {'; '.join(told)}" if told else kind


def _of_policy(before: Policy, after: Policy) -> Iterator[Change]:
    first, last = _plain(before), _plain(after)
    for what, text in last.items():
        if text != first[what]:
            yield Change(Kind.POLICY_CHANGED, Place(column=what), first[what], text)


def _plain(policy: Policy) -> dict[str, str]:
    """What a policy says of itself, part by part, but for the parts that are told one by one."""
    content = json.loads(policy.canonical_bytes())
    return {name: str(value) for name, value in content.items() if name not in _PARTS}


def _named(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Changes of things that are a text each and stand in no order."""
    for name in sorted(before.keys() | after.keys()):
        first, last = before.get(name), after.get(name)
        if first is None or last is None:
            kind = Kind(f"{what}_{'added' if first is None else 'removed'}")
            yield Change(kind, Place(name), first or "", last or "")
        elif first != last:
            yield Change(Kind(f"{what}_changed"), Place(name), first, last)


def _texts(expressions: Mapping[str, Expression]) -> dict[str, str]:
    return {name: write(each) for name, each in expressions.items()}


def _steps(before: Policy, after: Policy) -> Iterator[Change]:
    first = {(step.name, type(step)): place for place, step in enumerate(before.steps)}
    last = {(step.name, type(step)): place for place, step in enumerate(after.steps)}
    for key, place in first.items():
        if key not in last:
            told = step_in_words(before.steps[place], before)
            yield Change(Kind.STEP_REMOVED, Place(key[0]), before=told)
    kept = staying([first[key] for key in last if key in first])
    for key, place in last.items():
        step = after.steps[place]
        if key not in first:
            yield Change(Kind.STEP_ADDED, Place(step.name), after=step_in_words(step, after))
            continue
        if first[key] not in kept:
            places = (str(first[key] + 1), str(place + 1))
            yield Change(Kind.STEP_MOVED, Place(step.name), *places)
        was, now = _step(before.steps[first[key]]), _step(step)
        for what, told in now.items():
            if told != was[what]:
                yield Change(Kind.STEP_CHANGED, Place(step.name, column=what), was[what], told)


def _step(step: AnyStep) -> dict[str, str]:
    """What a step says beside its name, as texts; empty where it says nothing."""
    told = {}
    for field in fields(step):
        value = getattr(step, field.name)
        if isinstance(value, Expression):
            told[field.name] = write(value)
        elif isinstance(value, IntEnum):
            told[field.name] = value.name.lower()
        elif isinstance(value, tuple):
            told[field.name] = ", ".join(value)
        else:
            told[field.name] = "" if value is None else str(value)
    del told["name"]
    return told


def _tables(before: Policy, after: Policy) -> Iterator[Change]:
    """Tables of steps that are in both; one that comes or goes with its step is said with it."""
    steps = [
        {step.name for step in policy.steps if isinstance(step, TableStep)}
        for policy in (before, after)
    ]
    for name in dict.fromkeys([*after.tables, *before.tables]):
        first, last = before.tables.get(name), after.tables.get(name)
        if first is not None and last is not None:
            yield from table_changes(first, last)
        elif (name in steps[0]) != (name in steps[1]):
            continue
        elif first is not None:
            yield Change(Kind.TABLE_REMOVED, Place(name), before=table_in_words(first))
        elif last is not None:
            yield Change(Kind.TABLE_ADDED, Place(name), after=table_in_words(last))
