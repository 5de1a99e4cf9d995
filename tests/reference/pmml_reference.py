"""PMML evaluated as the standard reads, one element at a time; for what Headrace writes."""

import math
import xml.etree.ElementTree as ET

SPACE = "{http://www.dmg.org/PMML-4_4}"


def plain(element, name):
    return element.find(SPACE + name)


def every(element, name):
    return element.findall(SPACE + name)


def holds(predicate, row):
    """True, False, or None where a missing value leaves it unknown."""
    kind = predicate.tag.removeprefix(SPACE)
    if kind in {"True", "False"}:
        return kind == "True"
    if kind == "CompoundPredicate":
        found = [holds(each, row) for each in predicate]
        if predicate.get("booleanOperator") == "and":
            return False if False in found else None if None in found else True
        assert predicate.get("booleanOperator") == "or"
        return True if True in found else None if None in found else False
    value, operator = row[predicate.get("field")], predicate.get("operator")
    if operator == "isMissing":
        return value is None
    if operator == "isNotMissing":
        return value is not None
    if value is None:
        return None
    right = predicate.get("value")
    if operator == "equal":
        return value == right if isinstance(value, str) else value == float(right)
    return {
        "lessOrEqual": value <= float(right),
        "lessThan": value < float(right),
        "greaterThan": value > float(right),
        "greaterOrEqual": value >= float(right),
    }[operator]


def predicate_of(element):
    kinds = {"True", "False", "SimplePredicate", "CompoundPredicate"}
    return next(each for each in element if each.tag.removeprefix(SPACE) in kinds)


def tree(node, row):
    while node.get("score") is None:
        below = {each.get("id"): each for each in every(node, "Node")}
        for each in below.values():
            found = holds(predicate_of(each), row)
            if found is None:
                node = below[node.get("defaultChild")]
                break
            if found:
                node = each
                break
        else:
            raise AssertionError("no child holds")
    return float(node.get("score"))


def value_of(expression, fields):
    kind = expression.tag.removeprefix(SPACE)
    if kind == "FieldRef":
        return fields[expression.get("field")]
    if kind == "Constant":
        return float(expression.text)
    if kind == "NormContinuous":
        assert expression.get("outliers") == "asExtremeValues"
        knots = [(float(k.get("orig")), float(k.get("norm"))) for k in expression]
        at = min(max(fields[expression.get("field")], knots[0][0]), knots[-1][0])
        place = max(i for i, (orig, _) in enumerate(knots[:-1]) if orig <= at)
        (low, one), (high, two) = knots[place : place + 2]
        return one + (at - low) / (high - low) * (two - one)
    numbers = [value_of(each, fields) for each in expression]
    function = expression.get("function")
    if function == "exp":
        return math.exp(numbers[0])
    left, right = numbers
    return {"+": left + right, "-": left - right, "*": left * right,
            "/": left / right if right else None}[function]  # fmt: skip


def card(model, row):
    """Points, and characteristics by what they lack to their baseline, greatest first."""
    total, lacking = float(model.get("initialScore")), []
    for line in plain(model, "Characteristics"):
        score = next(
            float(each.get("partialScore"))
            for each in every(line, "Attribute")
            if holds(predicate_of(each), row)
        )
        total += score
        lacking.append((float(line.get("baselineScore")) - score, line.get("reasonCode")))
    ranked = sorted(lacking, key=lambda pair: -pair[0])
    return total, [code for _, code in ranked]


def evaluate(data, row):
    """All outputs of a document for one row; None is missing."""
    root = ET.fromstring(data)  # noqa: S314 the tests wrote it themselves
    model = next(each for each in root if each.tag in {SPACE + "MiningModel", SPACE + "Scorecard"})
    reasons = []
    if model.tag == SPACE + "Scorecard":
        predicted, reasons = card(model, row)
    else:
        segments = every(plain(model, "Segmentation"), "Segment")
        trees = [plain(plain(each, "TreeModel"), "Node") for each in segments]
        predicted = sum((tree(each, row) for each in trees), 0.0)
    fields = {}
    for output in plain(model, "Output"):
        name = output.get("name")
        if output.get("feature") == "predictedValue":
            fields[name] = predicted
        elif output.get("feature") == "reasonCode":
            rank = int(output.get("rank")) - 1
            fields[name] = reasons[rank] if rank < len(reasons) else None
        else:
            fields[name] = value_of(output[0], fields)
    return fields
