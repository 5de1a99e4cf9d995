"""Context functions (DMN 1.5, 10.3.4.8)."""

from __future__ import annotations

from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind
from headrace.decisions.feel.values import Value


@builtin("get value(m: context, key: string)")
def _get_value(notes: Notes, context: dict[str, Value], key: str) -> Value:
    if key not in context:
        notes.add(f"The context has no {key!r}")
    return context.get(key)


@builtin("get entries(m: context)")
def _get_entries(notes: Notes, context: dict[str, Value]) -> Value:
    notes.sized(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin("context(entries: list)")
def _context(notes: Notes, entries: list[Value]) -> Value:
    notes.sized(len(entries))
    made: dict[str, Value] = {}
    for entry in entries:
        key = entry.get("key") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(key, str) or "value" not in entry:
            notes.add("An entry of context(...) is a context with 'key', a string, and 'value'")
            return None
        if key in made:
            notes.add(f"The key {key!r} comes twice")
            return None
        made[key] = entry["value"]
    return made


@builtin("context put(context: context, key: string, value: any)")
def _put(notes: Notes, context: dict[str, Value], key: str, value: Value) -> Value:
    notes.sized(len(context))
    return {**context, key: value}


@builtin("context put(context: context, keys: list, value: any)")
def _put_deep(notes: Notes, context: dict[str, Value], keys: list[Value], value: Value) -> Value:
    if not keys or not all(isinstance(key, str) for key in keys):
        notes.add("The keys of context put(...) are one string or more")
        return None
    notes.sized(len(keys))
    made: dict[str, Value] = {}
    result, below = made, context
    for key in keys[:-1]:
        notes.sized(len(below))
        made.update(below)
        inner = below.get(str(key))
        if not isinstance(inner, dict):
            notes.add(f"{key!r} is a {kind(inner)}, not a context")
            return None
        below, above = inner, made
        made = {}
        above[str(key)] = made
    made.update(below)
    made[str(keys[-1])] = value
    return result


@builtin("context merge(contexts: list)")
def _merge(notes: Notes, contexts: list[Value]) -> Value:
    made: dict[str, Value] = {}
    for context in contexts:
        if not isinstance(context, dict):
            notes.add(f"context merge(...) takes contexts, not a {kind(context)}")
            return None
        notes.sized(len(context))
        made.update(context)
    return made
