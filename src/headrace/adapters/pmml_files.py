"""Models as PMML 4.4 text (Data Mining Group), for banks whose engines score PMML.

Boosted trees are a `MiningModel` that sums `TreeModel`s; a points card is a `Scorecard` with reason
codes. Numbers are written so that they read back to the same bits. Outputs are `raw_score` and
`probability` of trees, `points`, `log_odds`, `probability` and `reason_1` to `reason_4` of a card.

PMML has no word for an infinite number; readers take what they are given as finite or missing.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from headrace.decisions.dmn.xml_text import Tag, document, tag, text_tag
from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Kind, special_ranges
from headrace.scores.cards.points_card import Line, PointsCard
from headrace.scores.cards.reasons import REASONS_MOST, Ranking, rank_reasons
from headrace.scores.trees.calibration import Isotonic
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.reading import NO_NODE

NAMESPACE = "http://www.dmg.org/PMML-4_4"
TREES, RAW_SCORE, PROBABILITY = "sum_of_trees", "raw_score", "probability"
POINTS, LOG_ODDS = "points", "log_odds"
REASONS = tuple(f"reason_{rank}" for rank in range(1, REASONS_MOST + 1))


def boosting_pmml(model: Boosting) -> bytes:
    """Boosted trees as the text of a `.pmml` file; equal models give equal bytes.

    Raises:
        InputError: If a feature has the name of an output.
        MappingError: If a name holds a character that XML cannot.
    """
    _check_names(model.names, (TREES, RAW_SCORE, PROBABILITY))
    schema = _mining_schema(model.names)
    raw = _apply("+", _field(TREES), _constant(model.baseline))
    outputs = tag(
        "Output",
        {},
        _output(TREES, {"feature": "predictedValue"}),
        _output(RAW_SCORE, {"feature": "transformedValue"}, raw),
        _output(PROBABILITY, {"feature": "transformedValue"}, _probability(model)),
    )
    segments = [
        tag("Segment", {"id": str(place)}, tag("True"), _tree(model, root, schema))
        for place, root in enumerate(model.roots.tolist(), start=1)
    ]
    ensemble = tag(
        "MiningModel",
        {"functionName": "regression", "algorithmName": "gradient boosting"},
        schema,
        outputs,
        tag("Segmentation", {"multipleModelMethod": "sum"}, *segments),
    )
    return _pmml(model.fitted_on, dict.fromkeys(model.names, Kind.NUMERIC), ensemble)


def _tree(model: Boosting, root: int, schema: Tag) -> Tag:
    attributes = {
        "functionName": "regression",
        "missingValueStrategy": "defaultChild",
        "splitCharacteristic": "binarySplit",
    }
    return tag("TreeModel", attributes, schema, _node(model, root, tag("True")))


def _node(model: Boosting, node: int, predicate: Tag) -> Tag:
    attributes = {"id": str(node)}
    if model.cover is not None:
        attributes["recordCount"] = str(model.cover[node])
    if model.feature[node] == NO_NODE:
        return tag("Node", {**attributes, "score": _text(model.value[node])}, predicate)
    left, right = int(model.left[node]), int(model.right[node])
    name, cut = model.names[model.feature[node]], float(model.threshold[node])
    by_default = left if model.missing_left[node] else right
    if cut == float("inf"):  # the split is between known and missing
        sides = (_lacks(name, "isNotMissing"), _lacks(name, "isMissing"))
        if model.missing_left[node]:
            sides = (tag("True"), tag("False"))
    else:
        sides = (_compare(name, "lessOrEqual", cut), _compare(name, "greaterThan", cut))
    return tag(
        "Node",
        {**attributes, "defaultChild": str(by_default)},
        predicate,
        _node(model, left, sides[0]),
        _node(model, right, sides[1]),
    )


def _probability(model: Boosting) -> Tag:
    if model.isotonic is not None:
        return _curve(model.isotonic)
    steeper = _apply("*", _field(RAW_SCORE), _constant(model.slope))
    return _logistic(_apply("+", steeper, _constant(model.shift)))


def _curve(curve: Isotonic) -> Tag:
    knots = list(zip(curve.at.tolist(), curve.to.tolist(), strict=True))
    if len(knots) == 1:
        return _constant(knots[0][1])
    numbers = [tag("LinearNorm", {"orig": _text(at), "norm": _text(to)}) for at, to in knots]
    return tag("NormContinuous", {"field": RAW_SCORE, "outliers": "asExtremeValues"}, *numbers)


def card_pmml(card: PointsCard, ranking: Ranking | None = None) -> bytes:
    """A points card as the text of a `.pmml` file; equal cards give equal bytes.

    Args:
        card: Whose points.
        ranking: What reasons compare points with; None is the most that a feature can give.

    Raises:
        InputError: If a feature has the name of an output, or a category is the empty text.
        MappingError: If a name holds a character that XML cannot.
    """
    outputs = (POINTS, LOG_ODDS, PROBABILITY, *REASONS)
    _check_names(card.features, outputs)
    reference = (ranking or rank_reasons(card)).reference
    scale = card.scale
    over = _apply("/", _apply("-", _constant(scale.points_base), _field(POINTS)),
                  _constant(scale.factor))  # fmt: skip
    even = _constant(float(scale.log_odds(scale.points_base)))
    reasons = [
        _output(name, {"feature": "reasonCode", "rank": str(rank)}, kind=Kind.CATEGORICAL)
        for rank, name in enumerate(REASONS, start=1)
    ]
    attributes = {
        "functionName": "regression",
        "initialScore": str(card.base),
        "useReasonCodes": "true",
        "reasonCodeAlgorithm": "pointsBelow",
        "baselineMethod": "other" if ranking else "max",
    }
    sheet = tag(
        "Scorecard",
        attributes,
        _mining_schema(card.features),
        tag(
            "Output",
            {},
            _output(POINTS, {"feature": "predictedValue"}),
            _output(LOG_ODDS, {"feature": "transformedValue"}, _apply("+", over, even)),
            _output(PROBABILITY, {"feature": "transformedValue"}, _logistic(_field(LOG_ODDS))),
            *reasons,
        ),
        tag("Characteristics", {}, *map(_characteristic, card.lines, reference)),
    )
    return _pmml("", {line.feature: line.bins.kind for line in card.lines}, sheet)


def _characteristic(line: Line, reference: int) -> Tag:
    """The first attribute that is true counts: missing, specials, ordinary bins, all others."""
    bins = line.bins
    numeric = bins.kind is Kind.NUMERIC
    predicates = [(bins.missing, _lacks(line.feature, "isMissing"))]
    predicates += _ranges(bins) if numeric else _texts(bins)
    attributes = [
        tag("Attribute", {"partialScore": str(line.points[number])}, predicate)
        for number, predicate in predicates
    ]
    said = {
        "name": line.feature,
        "reasonCode": line.feature,
        "baselineScore": str(reference),
    }
    return tag("Characteristic", said, *attributes)


def _ranges(bins: Bins) -> list[tuple[int, Tag]]:
    name = bins.feature
    lows, highs, numbers = special_ranges(bins.settings, bins.ordinary)
    found = [
        (number, _between(name, low, high, "lessOrEqual"))
        for low, high, number in zip(lows.tolist(), highs.tolist(), numbers.tolist(), strict=True)
    ]
    ends = [float("-inf"), *bins.edges, float("inf")]
    ordinary = [
        (number, _between(name, low, high, "lessThan"))
        for number, (low, high) in enumerate(pairwise(ends))
    ]
    return [*reversed(found), *ordinary]  # of specials that overlap the last counts


def _texts(bins: Bins) -> list[tuple[int, Tag]]:
    specials = [
        (bins.ordinary + place, [str(code) for code in special.codes])
        for place, special in enumerate(bins.settings.specials)
    ]
    groups = [*specials, *((number, list(group)) for number, group in enumerate(bins.groups))]
    named = [(number, _one_of(bins.feature, group)) for number, group in groups if group]
    return [*named, (bins.other, tag("True"))]


def _between(name: str, low: float, high: float, below: str) -> Tag:
    sides = []
    if low != float("-inf"):
        sides.append(_compare(name, "greaterOrEqual", low))
    if high != float("inf"):
        sides.append(_compare(name, below, high))
    if not sides:
        return _lacks(name, "isNotMissing")
    return sides[0] if len(sides) == 1 else tag(
        "CompoundPredicate", {"booleanOperator": "and"}, *sides
    )  # fmt: skip


def _one_of(name: str, texts: Sequence[str]) -> Tag:
    """One of some texts; not as an array, whose quotes readers do not all understand."""
    if "" in texts:
        raise InputError("PMML cannot compare with an empty text", where=name, remedy="name it")
    attributes = {"field": name, "operator": "equal"}
    each = [tag("SimplePredicate", {**attributes, "value": text}) for text in texts]
    return each[0] if len(each) == 1 else tag("CompoundPredicate", {"booleanOperator": "or"}, *each)


def _check_names(names: Iterable[str], outputs: Sequence[str]) -> None:
    taken = [name for name in names if name in outputs]
    if taken:
        raise InputError(
            f"a feature has the name of an output: {taken[0]}",
            remedy=f"rename it; outputs are {', '.join(outputs)}",
        )


def _pmml(said: str, kinds: dict[str, Kind], model: Tag) -> bytes:
    fields = [tag("DataField", {"name": name, **_type(kind)}) for name, kind in kinds.items()]
    root = tag(
        "PMML",
        {"xmlns": NAMESPACE, "version": "4.4"},
        tag("Header", {"description": said}, tag("Application", {"name": "Headrace"})),
        tag("DataDictionary", {"numberOfFields": str(len(fields))}, *fields),
        model,
    )
    return document(root)


def _type(kind: Kind) -> dict[str, str]:
    if kind is Kind.NUMERIC:
        return {"optype": "continuous", "dataType": "double"}
    return {"optype": "categorical", "dataType": "string"}


def _mining_schema(names: Iterable[str]) -> Tag:
    return tag("MiningSchema", {}, *(tag("MiningField", {"name": name}) for name in names))


def _output(
    name: str, attributes: dict[str, str], value: Tag | None = None, kind: Kind = Kind.NUMERIC
) -> Tag:
    return tag("OutputField", {"name": name, **_type(kind), **attributes}, value)


def _logistic(log_odds: Tag) -> Tag:
    power = _apply("exp", _apply("-", _constant(0.0), log_odds))
    return _apply("/", _constant(1.0), _apply("+", _constant(1.0), power))


def _apply(function: str, *arguments: Tag) -> Tag:
    return tag("Apply", {"function": function}, *arguments)


def _field(name: str) -> Tag:
    return tag("FieldRef", {"field": name})


def _constant(value: float) -> Tag:
    return text_tag("Constant", _text(value), {"dataType": "double"})


def _compare(name: str, operator: str, value: float) -> Tag:
    return tag("SimplePredicate", {"field": name, "operator": operator, "value": _text(value)})


def _lacks(name: str, operator: str) -> Tag:
    return tag("SimplePredicate", {"field": name, "operator": operator})


def _text(number: float) -> str:
    return repr(float(number))
