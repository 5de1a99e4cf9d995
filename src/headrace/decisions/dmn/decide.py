"""Decisions made with a model (DMN 1.5, 10.4).

model = read_model(text, imports={"rates.dmn": other})
outcome = decide(model, "Approval", {"Age": Decimal(42)})
"""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.decisions.dmn.model import Model, evaluated, parameters
from headrace.decisions.dmn.run import Fired, Run
from headrace.decisions.dmn.tree import Decision, InputData, Ref, Service
from headrace.decisions.feel import (
    DateTime,
    Function,
    Limits,
    Note,
    Notes,
    Value,
    call_function,
    check_size,
)
from headrace.errors import InputError


@dataclass(frozen=True)
class Outcome:
    """What a decision came to.

    Attributes:
        value: Of the decision; None is DMN's null.
        notes: Every null that DMN keeps silent about: which element, what was wrong.
        fired: The rules that fired, in order of evaluation.
    """

    value: Value
    notes: tuple[Note, ...]
    fired: tuple[Fired, ...]


def decide(
    model: Model,
    name: str,
    inputs: Mapping[str, Value],
    *,
    moment: DateTime | None = None,
    limits: Limits | None = None,
) -> Outcome:
    """Make a decision, or call a decision service.

    Args:
        model: As read.
        name: Of a decision or a decision service of the model itself.
        inputs: Values of input data by name, as FEEL has them; of a service's input decisions too,
            and of decisions that the model leaves to people. An input of an imported model may be
            told apart as `import.name`. One that is not told is null.
        moment: What `now()` and `today()` answer.
        limits: Of the evaluation.

    Raises:
        InputError: There is no such decision or service, or no such input.
        FeelError: The evaluation went over its limits.
        MappingError: The decision needs a text that could not be read.
    """
    target = _target(model, name)
    given = _given(model, inputs, _input_names(model, target))
    run = Run(Notes(moment=moment, limits=limits or Limits()), given)
    run.at("", model.types[model.root].plain)
    try:
        value = evaluated(target, model, run)
        if isinstance(value, Function) and isinstance(model.node(target), Service):
            value = _served(target, value, model, run)
        check_size(value, run.notes)
    except RecursionError:
        problem = "Expressions are nested too deep to be evaluated"
        raise InputError(problem, where=model.node(target).where) from None
    return Outcome(value, tuple(run.notes.notes), tuple(run.fired))


def _served(ref: Ref, function: Function, model: Model, run: Run) -> Value:
    """What a service answers to the inputs that the caller told."""
    arguments = [run.given.get(each) for each in parameters(model.node(ref))]
    return call_function(function, arguments, run.notes)


def _target(model: Model, name: str) -> Ref:
    nodes = model.definitions[model.root].nodes.values()
    known = {node.name: node.ref for node in nodes if isinstance(node, Decision | Service)}
    if name not in known:
        remedy = f"Expected one of {', '.join(known) or 'none: the model has no decision'}"
        raise InputError(f"The model has no decision '{name}'", where=model.file, remedy=remedy)
    return known[name]


def _given(model: Model, inputs: Mapping[str, Value], known: Mapping[str, Ref]) -> dict[Ref, Value]:
    """The caller's values by element."""
    unknown = [name for name in inputs if name not in known]
    if unknown:
        remedy = f"Expected some of {', '.join(known) or 'none: the model has no inputs'}"
        raise InputError(f"The model has no input '{unknown[0]}'", where=model.file, remedy=remedy)
    return {known[name]: value for name, value in inputs.items()}


def _input_names(model: Model, target: Ref) -> dict[str, Ref]:
    """Names that inputs go by; of equal ones the model's own counts, else the first imported."""
    taken = parameters(model.node(target))
    root = model.definitions[model.root]
    prefixes = {each.namespace: each.name for each in root.imports}
    known: dict[str, Ref] = {}
    for namespace, definitions in model.definitions.items():
        for node in definitions.nodes.values():
            left_to_people = isinstance(node, Decision) and node.logic is None
            if not (isinstance(node, InputData) or left_to_people or node.ref in taken):
                continue
            known.setdefault(node.name, node.ref)
            if prefixes.get(namespace):
                known.setdefault(f"{prefixes[namespace]}.{node.name}", node.ref)
    return known
