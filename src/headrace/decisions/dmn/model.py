"""A decision requirement graph, compiled: which element needs which, and how each is evaluated (6).

What a decision requires is listed in order when the model is read, so that evaluation makes each
element once, nothing else, and needs no recursion however long the chain. Cycles are refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn, TypeAlias

from headrace.decisions.dmn.compile import compile_boxed, compile_function
from headrace.decisions.dmn.functions import signature_of
from headrace.decisions.dmn.reader import read_definitions
from headrace.decisions.dmn.run import Check, Run
from headrace.decisions.dmn.texts import Place, broken, checked, typed
from headrace.decisions.dmn.tree import (
    Boxed,
    Decision,
    Definitions,
    InputData,
    Knowledge,
    Node,
    Parameter,
    Ref,
    Service,
)
from headrace.decisions.dmn.types import Types, types_of
from headrace.decisions.dmn.words import Words, member_names
from headrace.decisions.feel import Scope, Value
from headrace.errors import HeadraceError, MappingError

Evaluation: TypeAlias = Callable[[Run], Value]


@dataclass(frozen=True)
class Model:
    """A model and those it imports, compiled.

    Attributes:
        definitions: Of each model by namespace, as read.
        root: The namespace of the model that is run.
        evaluations: How each element comes to its value, once what it requires has its own.
        types: What texts may name, by namespace.
        problems: Texts that are not FEEL and types that are not known; a decision that needs one of
            them raises it, others can be made.
    """

    definitions: Mapping[str, Definitions]
    root: str
    evaluations: Mapping[Ref, Evaluation]
    types: Mapping[str, Types]
    problems: tuple[HeadraceError, ...]

    @property
    def file(self) -> str:
        """The name under which it was read."""
        return self.definitions[self.root].file

    def node(self, ref: Ref) -> Node:
        """The element a reference points to."""
        return self.definitions[ref.namespace].nodes[ref]

    def names(self, kind: type[Node]) -> tuple[str, ...]:
        """Names of the model's own elements of a kind, in order of the file."""
        nodes = self.definitions[self.root].nodes.values()
        return tuple(node.name for node in nodes if isinstance(node, kind))


def read_model(
    content: str | bytes, imports: Mapping[str, str | bytes] | None = None, file: str = "model"
) -> Model:
    """A model, ready to decide.

    Args:
        content: The DMN file's text or bytes.
        imports: Texts of the models it imports, directly or not, by their names for errors; which
            is meant by an import is told by the namespace.
        file: The model's name, for errors.

    Raises:
        MappingError: Naming the element and what was expected. FEEL texts that cannot be read are
            no error here but among the model's problems.
    """
    root = read_definitions(content, file)
    others = [read_definitions(text, name) for name, text in (imports or {}).items()]
    models = _reachable(root, _by_namespace(others))
    nodes = {ref: node for model in models.values() for ref, node in model.nodes.items()}
    for node in nodes.values():
        for ref in (*_needs(node), *_holds(node)):
            _known(ref, node, nodes, models[node.ref.namespace])
    _refuse_cycles(nodes)
    types = types_of(models.values(), root.namespace)
    members = Words()
    members.add_members(member_names(models.values()))
    problems: list[HeadraceError] = []
    evaluations: dict[Ref, Evaluation] = {}
    model = Model(models, root.namespace, evaluations, types, ())
    for ref, node in nodes.items():
        words = members.inner(*_cited(node, model))
        place = Place(words, types[ref.namespace], problems)
        evaluations[ref] = _compiled(node, model, place)
    return replace(model, problems=tuple(problems))


def evaluated(ref: Ref, model: Model, run: Run) -> Value:
    """The value of an element, after all it requires; what the run has already stays."""
    for each in _order(ref, model, run):
        run.values[each] = model.evaluations[each](run)
    return run.values[ref]


def parameters(node: Node) -> tuple[Ref, ...]:
    """The parameters of a decision service: its inputs, then its input decisions (10.2.1.8)."""
    return (*node.inputs, *node.input_decisions) if isinstance(node, Service) else ()


def _order(ref: Ref, model: Model, run: Run) -> list[Ref]:
    """What has to be evaluated for an element, requirements first, the element itself last."""
    order: list[Ref] = []
    met: set[Ref] = set(run.values)
    waiting = [] if ref in met else [(ref, False)]
    while waiting:
        each, ready = waiting.pop()
        if ready:
            order.append(each)
        elif each not in met:
            met.add(each)
            waiting.append((each, True))
            waiting.extend((need, False) for need in reversed(_needs(model.node(each))))
    return order


def _by_namespace(models: Sequence[Definitions]) -> dict[str, Definitions]:
    found: dict[str, Definitions] = {}
    for model in models:
        if model.namespace in found:
            problem = f"The namespace {model.namespace} is also that of {model.file}"
            where = found[model.namespace].file
            raise MappingError(problem, where=where, remedy="Give one model a namespace")
        found[model.namespace] = model
    return found


def _reachable(root: Definitions, others: Mapping[str, Definitions]) -> dict[str, Definitions]:
    """The model and all it imports, by namespace."""
    found = {root.namespace: root}
    waiting = [root]
    while waiting:
        for imported in waiting.pop().imports:
            if imported.namespace in found:
                continue
            if imported.namespace not in others:
                given = ", ".join(sorted(others)) or "none"
                problem = f"The imported model of namespace {imported.namespace} is not given"
                raise MappingError(problem, where=imported.where, remedy=f"Given are: {given}")
            found[imported.namespace] = others[imported.namespace]
            waiting.append(others[imported.namespace])
    return found


def _needs(node: Node) -> tuple[Ref, ...]:
    """What must have a value before the element can be evaluated."""
    if isinstance(node, Decision):
        return (*node.information, *node.knowledge) if node.logic else ()
    return node.knowledge if isinstance(node, Knowledge) else ()


def _holds(node: Node) -> tuple[Ref, ...]:
    """What a service evaluates and takes, in its own run."""
    if not isinstance(node, Service):
        return ()
    return (*node.outputs, *node.encapsulated, *parameters(node))


_REQUIRED: Mapping[type[Node], tuple[type[Node], ...]] = {
    Decision: (Decision, InputData, Knowledge, Service),
    Knowledge: (Knowledge, Service),
    Service: (Decision, InputData),
}


def _known(ref: Ref, node: Node, nodes: Mapping[Ref, Node], model: Definitions) -> None:
    target = nodes.get(ref)
    if target is None:
        problem = f"The element requires '{ref.identifier}', which is not in the model"
        remedy = f"Expected an identifier of {ref.namespace or 'the model'}"
        raise MappingError(problem, where=node.where, remedy=remedy)
    if not isinstance(target, _REQUIRED[type(node)]):
        problem = f"The element requires {target.where}, which it cannot"
        raise MappingError(problem, where=node.where)
    imported = {each.namespace for each in model.imports}
    if ref.namespace not in {model.namespace, *imported}:
        problem = f"The element requires {target.where} of a model that is not imported"
        raise MappingError(problem, where=node.where, remedy=f"Import {ref.namespace}")


def _refuse_cycles(nodes: Mapping[Ref, Node]) -> None:
    """A decision may not need itself, nor through others (6.2.2)."""
    done: set[Ref] = set()
    for start in nodes:
        path: dict[Ref, None] = {}  # in order, and quick to ask
        waiting = [(start, False)]
        while waiting:
            ref, leaving = waiting.pop()
            if leaving:
                path.popitem()
                done.add(ref)
            elif ref in path:
                _refuse(_cycle(list(path), ref), nodes)
            elif ref not in done:
                path[ref] = None
                waiting.append((ref, True))
                node = nodes[ref]
                inner = node.outputs if isinstance(node, Service) else _needs(node)
                waiting.extend((need, False) for need in inner)


def _refuse(cycle: list[Ref], nodes: Mapping[Ref, Node]) -> NoReturn:
    names = [f"'{nodes[each].name}'" for each in cycle]
    shown = names if len(names) <= 10 else [*names[:5], "...", *names[-4:]]
    problem = f"The requirements go in a circle: {' needs '.join(shown)}"
    raise MappingError(problem, where=nodes[cycle[0]].where, remedy="Remove one of them")


def _cycle(path: Sequence[Ref], ref: Ref) -> list[Ref]:
    return [*path[path.index(ref) :], ref]


def _compiled(node: Node, model: Model, place: Place) -> Evaluation:
    if isinstance(node, Decision) and node.logic is not None:
        return _decision(node, node.logic, model, place)
    if isinstance(node, InputData | Decision):
        return _told(node, checked(node.type_ref, node.where, place))
    if isinstance(node, Knowledge):
        return _knowledge(node, model, place)
    return _service(node, model, place)


def _told(node: InputData | Decision, check: Check) -> Evaluation:
    """What the caller told of an input, or of a decision that the model leaves to people."""

    def evaluation(run: Run) -> Value:
        if node.ref not in run.given:
            run.note(node.where, "No value is given; taken as null")
        return check(run.given.get(node.ref), run)

    return evaluation


def _paths(node: Node, model: Model) -> dict[Ref, tuple[str, ...]]:
    """How a node's texts cite what it requires: by name, or import and name."""
    prefixes = {each.namespace: each.name for each in model.definitions[node.ref.namespace].imports}
    found: dict[Ref, tuple[str, ...]] = {}
    for ref in _needs(node):
        name = model.node(ref).name
        prefix = prefixes.get(ref.namespace, "") if ref.namespace != node.ref.namespace else ""
        found[ref] = (prefix, name) if prefix else (name,)
    return found


def _cited(node: Node, model: Model) -> Iterator[str]:
    """The names that a node's texts may cite."""
    for path in _paths(node, model).values():
        yield from path


def _scope(paths: Mapping[Ref, tuple[str, ...]], run: Run) -> dict[str, Value]:
    scope: dict[str, Value] = {}
    imported: dict[str, dict[str, Value]] = {}
    for ref, (*prefix, name) in paths.items():
        members = imported.setdefault(prefix[0], {}) if prefix else scope
        members[name] = run.values[ref]
    return {**scope, **imported}


def _decision(node: Decision, logic: Boxed, model: Model, place: Place) -> Evaluation:
    step = typed(compile_boxed(logic, place), node.type_ref, node.where, place)
    paths = _paths(node, model)

    def evaluation(run: Run) -> Value:
        with run.inside(node.where):
            return step(Scope(_scope(paths, run)), run)

    return evaluation


def _knowledge(node: Knowledge, model: Model, place: Place) -> Evaluation:
    if node.logic is None:
        error = MappingError("The knowledge model has no expression", where=node.where)
        missing = broken(error, place)
        return lambda run: missing(Scope({}), run)
    result = place.types.result_ref(node.type_ref)
    function = replace(node.logic, type_ref=result or node.logic.type_ref)
    step = compile_function(function, place.with_names(node.name))
    paths = _paths(node, model)

    def evaluation(run: Run) -> Value:
        scope = _scope(paths, run)
        scope[node.name] = made = step(Scope(scope), run)  # it may call itself
        return made

    return evaluation


def _service(node: Service, model: Model, place: Place) -> Evaluation:
    taken = [model.node(ref) for ref in parameters(node)]
    own = [replace(place, types=model.types[each.ref.namespace]) for each in taken]
    named = [Parameter(each.name, each.type_ref) for each in taken]
    listed = list(zip(named, own, strict=True))
    signature = signature_of(listed, node.type_ref, node.where, place)
    return lambda run: signature.function(partial(_serve, node, model), run)


def _serve(service: Service, model: Model, given: Mapping[str, Value], run: Run) -> Value:
    """What a service answers: its output, or a context of its outputs by name (10.4)."""
    inner = run.within({ref: given[model.node(ref).name] for ref in parameters(service)})
    values = {model.node(ref).name: evaluated(ref, model, inner) for ref in service.outputs}
    return next(iter(values.values())) if len(values) == 1 else values
