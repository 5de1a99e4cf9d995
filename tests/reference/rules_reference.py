"""Rules over sets of tuples, from scratch, every rule over every fact until nothing is new."""

from headrace.graph.rules.kernels import MISSING
from headrace.graph.rules.language import Function
from headrace.graph.rules.ruleset import INNER

COMPARE = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def derived(rules, given, codes=None):
    """{relation: set of tuples} of the derived relations that rules write."""
    facts = {name: set(map(tuple, given.get(name, ()))) for name in rules.base}
    for component in rules.components:
        for name in component.relations:
            facts[name] = set()
        changed = True
        while changed:
            changed = False
            for rule in component.rules:
                new = set(heads(rule, facts, codes or {})) - facts[rule.head.relation]
                facts[rule.head.relation] |= new
                changed |= bool(new)
            for total in component.totals:
                new = groups(total, facts[total.parts]) - facts[total.relation]
                facts[total.relation] |= new
                changed |= bool(new)
    return {name: facts[name] for name in rules.derived if INNER not in name}


def heads(rule, facts, codes):
    start = {
        each.slot: each.value if isinstance(each.value, int) else codes.get(each.value, -1)
        for each in rule.constants
    }
    for bound in bindings(rule.body, facts, start):
        if all(compared(each, bound) for each in rule.comparisons) and not any(
            list(bindings([each], facts, bound)) for each in rule.absent
        ):
            yield tuple(bound[slot] for slot in rule.head.slots)


def bindings(readings, facts, bound):
    if not readings:
        yield bound
        return
    first, *rest = readings
    for fact in facts[first.relation]:
        more = dict(bound)
        if all(
            more.setdefault(slot, value) == value
            for slot, value in zip(first.slots, fact, strict=True)
        ):
            yield from bindings(rest, facts, more)


def compared(comparing, bound):
    left, right = bound[comparing.left], bound[comparing.right]
    return MISSING not in (left, right) and COMPARE[comparing.operator](left, right)


def groups(total, parts):
    by_group = {}
    for fact in parts:
        by_group.setdefault(fact[: total.groups], []).append(fact[-1])
    found = set()
    for group, values in by_group.items():
        whole = total_of(total.function, values)
        if not total.operator:
            found.add((*group, whole))
        elif whole != MISSING and COMPARE[total.operator](whole, total.bound):
            found.add(group)
    return found


def total_of(function, values):
    if function == Function.COUNT:
        return len(values)
    if MISSING in values:
        return int(MISSING)
    if function == Function.SUM:
        whole = sum(values)
        return whole if abs(whole) < 2**63 else int(MISSING)
    return min(values) if function == Function.MIN else max(values)
