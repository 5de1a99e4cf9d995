"""Chains of relations as plain rules: the friendly case of a rule.

`p ∘ q` joins the object of p with the subject of q; `p+` is p once or more; `^p` is p from its
object to its subject; `p | q` is either. A part that is repeated and is more than one relation gets
a relation of its own, named as it is written.
"""

from collections import Counter

from headrace.graph.rules.language import (
    Atom,
    Chain,
    Choice,
    Link,
    Path,
    Place,
    Repeated,
    Rule,
    Sequence,
    Variable,
)


def rules_of(clauses: list[Rule | Chain]) -> list[Rule]:
    """Rules, and those of chains; parts that need a relation of their own have it once."""
    defined = Counter(
        each.name if isinstance(each, Chain) else each.head.relation for each in clauses
    )
    made: dict[str, list[Rule]] = {}
    found: list[Rule] = []
    for each in clauses:
        if isinstance(each, Rule):
            found.append(each)
        elif isinstance(each.path, Repeated) and defined[each.name] == 1:
            found += _repeated(each.name, each.path, each, made)
        else:
            found += _rules(each.name, each.path, each, made)
    return found + [rule for rules in made.values() for rule in rules]


def written(path: Path) -> str:
    """A path as text, the same for the same path."""
    if isinstance(path, Link):
        return f"^{path.relation}" if path.turned else path.relation
    if isinstance(path, Repeated):
        return f"{written(path.part)}+"
    sign = " ∘ " if isinstance(path, Sequence) else " | "
    return f"({sign.join(written(part) for part in path.parts)})"


def _rules(name: str, path: Path, chain: Chain, made: dict[str, list[Rule]]) -> list[Rule]:
    """Rules by which `name` holds between the ends of a path."""
    place = chain.place
    if isinstance(path, Choice):
        return [rule for part in path.parts for rule in _rules(name, part, chain, made)]
    parts = path.parts if isinstance(path, Sequence) else (path,)
    ends = _ends(len(parts) + 1, place)
    body = tuple(_step(part, ends[at], ends[at + 1], chain, made) for at, part in enumerate(parts))
    return [Rule(Atom(name, (ends[0], ends[-1]), place), body, chain.text)]


def _repeated(name: str, path: Repeated, chain: Chain, made: dict[str, list[Rule]]) -> list[Rule]:
    """Rules by which `name`, which has no others, is a path once or more."""
    place = chain.place
    x, y, z = _ends(3, place)
    once = (_step(path.part, x, y, chain, made),)
    again = (Atom(name, (x, y), place), _step(path.part, y, z, chain, made))
    return [
        Rule(Atom(name, (x, y), place), once, chain.text),
        Rule(Atom(name, (x, z), place), again, chain.text),
    ]


def _step(
    path: Path, source: Variable, target: Variable, chain: Chain, made: dict[str, list[Rule]]
) -> Atom:
    """A path as one atom, by a relation of its own where it is more than one relation."""
    if isinstance(path, Link):
        ends = (target, source) if path.turned else (source, target)
        return Atom(path.relation, ends, path.place, ends=True)
    name = written(path)
    if name not in made:
        made[name] = []
        made[name] = (
            _repeated(name, path, chain, made)
            if isinstance(path, Repeated)
            else _rules(name, path, chain, made)
        )
    return Atom(name, (source, target), chain.place)


def _ends(count: int, place: Place) -> list[Variable]:
    names = "XYZ" if count <= 3 else [f"X{number}" for number in range(count)]
    return [Variable(names[number], place) for number in range(count)]
