"""Identity, slow and plain: what the arrays and compiled loops must agree with."""

import math
from itertools import combinations

from headrace.graph.identity.firm_words import BRANCHES, FORMS, FirmName, Form, businesses
from headrace.graph.identity.regions import compatible, regions
from headrace.graph.identity.writing import fold, pinyin


def jaro_winkler(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    reach = max(len(one), len(other)) // 2 - 1
    free = list(range(len(other)))
    pairs = []
    for i, character in enumerate(one):
        for j in free:
            if abs(i - j) <= reach and other[j] == character:
                pairs.append((i, j))
                free.remove(j)
                break
    if not pairs:
        return 0.0
    first = [one[i] for i, _ in pairs]
    second = [other[j] for j in sorted(j for _, j in pairs)]
    swapped = sum(a != b for a, b in zip(first, second, strict=True)) // 2
    common = len(pairs)
    jaro = (common / len(one) + common / len(other) + (common - swapped) / common) / 3
    prefix = 0
    for a, b in zip(one[:4], other[:4], strict=False):
        if a != b:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def edits(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    best = min(
        edits(one[:-1], other) + 1,
        edits(one, other[:-1]) + 1,
        edits(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    )
    if len(one) > 1 and len(other) > 1 and one[-2:] == other[-2:][::-1]:
        best = min(best, edits(one[:-2], other[:-2]) + 1)
    return best


def parsed(name: str) -> FirmName:
    """A Chinese name in parts, by plain string methods."""
    text = fold(name).replace(" ", "")
    text, region, form = _brackets(text)
    text, branch = _branch(text)
    text, ending = _forms(text)
    known, whole = 0, text
    while True:
        word = _longest(text, _regions(), front=True)
        code = _regions().get(word, 0)
        if not word or len(text) - len(word) < 2 or (known and not compatible(known, code)):
            break
        known = max(known, code)
        text = text[len(word) :]
    places = whole[: len(whole) - len(text)]
    found = []
    while len(found) < 4:
        word = _longest(text, businesses(), front=False)
        if not word or len(text) - len(word) < 2:
            break
        found.append(word)
        text = text[: -len(word)]
    if text == _longest(text, businesses(), front=False) and text:
        text = places + text
    form = form or ending
    return FirmName(known or region, text, pinyin(text), tuple(found), Form(form), branch)


def _brackets(text: str) -> tuple[str, int, int]:
    kept, region, form, place = "", 0, 0, 0
    while place < len(text):
        close = text.find(")", place) if text[place] == "(" else -1
        inside = text[place + 1 : close if close >= 0 else len(text)]
        if text[place] == "(" and inside in _regions() and inside:
            region = _regions()[inside]
            place += len(inside) + 2
        elif text[place] == "(" and inside in ("股", "有"):
            form = 2 if inside == "股" else 1
            place += 3
        else:
            kept += "" if text[place] in "()" else text[place]
            place += 1
    return kept, region, form


def _branch(text: str) -> tuple[str, str]:
    word = _longest(text, BRANCHES, front=False)
    if not word or len(word) == len(text):
        return text, ""
    head = text[: -len(word)]
    cut = head.rfind("公司")
    at = cut + 2 if cut >= 0 else len(head)
    return text[:at], text[at:]


def _forms(text: str) -> tuple[str, int]:
    form = 0
    while True:
        word = _longest(text, FORMS, front=False)
        if not word or len(text) - len(word) < 2:
            return text, form
        form = form or int(FORMS[word])
        text = text[: -len(word)]


def _longest(text: str, words, *, front: bool) -> str:
    fits = (w for w in words if (text.startswith(w) if front else text.endswith(w)))
    return max(fits, key=len, default="")


def _regions() -> dict[str, int]:
    found = {name: r.code for r in reversed(regions()) for name in r.spellings}
    return found | {"中国": 0, "中华人民共和国": 0}


def pairs(keys: list[list[set[int]]], most: int) -> set[tuple[int, int]]:
    """Pairs of rows that share a key of a rule, unless more than `most` rows do."""
    found = set()
    for rule in keys:
        count: dict[int, int] = {}
        for row in rule:
            for key in row:
                count[key] = count.get(key, 0) + 1
        for i, j in combinations(range(len(rule)), 2):
            if any(count[key] <= most for key in rule[i] & rule[j]):
                found.add((i, j))
    return found


def clustered(
    rows: int, edges: list[tuple[int, int, float]], apart, single
) -> list[frozenset[int]]:
    """The surest pair first; a pair is skipped where it would join what must stay apart."""
    groups = [{row} for row in range(rows)]
    for left, right, weight in sorted(edges, key=lambda e: (-e[2], min(e[:2]), max(e[:2]))):
        one = next(g for g in groups if left in g)
        other = next(g for g in groups if right in g)
        if one is other:
            continue
        both = one | other
        values, more = ({single[row] for row in group} - {0} for group in (one, other))
        clash = values and more and not values & more and weight < float("inf")
        if clash or any(a in both and b in both for a, b in apart):
            continue
        groups = [g for g in groups if g is not one and g is not other] + [both]
    return sorted((frozenset(g) for g in groups), key=min)


def firm_level(one: str, other: str) -> int:
    """The level of two Chinese names that have one region and trade name each."""
    a, b = parsed(one), parsed(other)
    if not a.sound or not b.sound:
        return -1
    lines = _nested(set(a.businesses), set(b.businesses))
    fits = lines and compatible(a.region, b.region)
    if a.trade == b.trade:
        if not fits:
            return 2
        if set(a.businesses) != set(b.businesses):
            return 5
        return 7 if (a.region, a.form) == (b.region, b.form) else 6
    if a.sound == b.sound:
        return 4 if fits else 1
    short, long = sorted((a.trade, b.trade), key=len)
    near = len(short) >= 3 and edits(short, long) <= 1
    if len(short) < 2 or not (long.startswith(short) or near):
        return 0
    return 3 if fits else 1


def _nested(one: set[str], other: set[str]) -> bool:
    return one <= other or other <= one


def weight(one: dict, other: dict, model) -> float:
    """Bits of evidence of two rows of texts, by the formula."""
    bits = math.log2(model.prior / (1 - model.prior))
    for comparison, agreement in zip(model.settings.comparisons, model.agreements, strict=True):
        a, b = one[comparison.field], other[comparison.field]
        if a is None or b is None:
            continue
        level = len(comparison.words) - 1
        if a != b:
            near = [t for t in comparison.thresholds if _near(a, b, comparison.measure, t)]
            level = len(near)
        bits += math.log2(agreement.same[level] / agreement.chance[level])
    return bits


def _near(one: str, other: str, measure: int, threshold: float) -> bool:
    if measure == 1:
        return jaro_winkler(one, other) >= threshold
    return measure == 2 and edits(one, other) <= threshold


def resolved(rows: list[dict], model, same, different) -> set[frozenset[int]]:
    """Parties of rows of texts, rules of whole fields, one single field; words as pairs of rows."""
    settings = model.settings
    keys = []
    for rule in settings.rules:
        values = [tuple(row[part.field] for part in rule.parts) for row in rows]
        keys.append([set() if None in value else {value} for value in values])
    found = [
        (i, j, weight(rows[i], rows[j], model)) for i, j in pairs(keys, settings.block_rows_max)
    ]
    edges = [edge for edge in found if edge[2] >= settings.weight_min]
    edges += [(i, j, float("inf")) for i, j in same]
    single = [row[settings.single[0]] or 0 for row in rows]
    return set(clustered(len(rows), edges, different, single))


def expectation_maximisation(patterns, chance, rounds: int):
    """Shares m per comparison by level, learned from one pair after another; u is given."""
    same = [[0.05 / (len(u) - 1)] * (len(u) - 1) + [0.95] for u in chance]
    share = 0.3
    for _ in range(rounds):
        matched = []
        for pattern in patterns:
            odds = share / (1 - share)
            for level, m, u in zip(pattern, same, chance, strict=True):
                odds *= m[level] / u[level] if level >= 0 else 1
            matched.append(odds / (1 + odds))
        share = sum(matched) / len(matched)
        for place, old in enumerate(same):
            seen = [0.0] * len(old)
            for pattern, belief in zip(patterns, matched, strict=True):
                if pattern[place] >= 0:
                    seen[pattern[place]] += belief
            shares = [max(value / max(sum(seen), 1e-300), 1e-6) for value in seen]
            same[place] = [value / sum(shares) for value in shares]
    return same
