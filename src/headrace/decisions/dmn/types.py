"""Item definitions as FEEL types, and values made to be of a type (DMN 1.5, 7.3.2, 10.3.2.9).

A model's types are handed to FEEL by name. `instance of` does not ask for the values that a type
allows, what is given a type must have one of them: so there are two tables, `plain` for FEEL and
`registry`, where a type that restricts values is a test. A name of an imported model's type holds
its namespace, so that one table serves values that pass from model to model.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from headrace.decisions.dmn.run import Registry, Run, Test
from headrace.decisions.dmn.tree import Definitions, FunctionItem, ItemDefinition, Literal
from headrace.decisions.feel import (
    ANY,
    BUILTINS,
    ContextType,
    Date,
    Function,
    FunctionType,
    ListType,
    NamedType,
    Notes,
    Type,
    Value,
    conforms,
    matches,
    parse_tests,
)
from headrace.decisions.feel.operators import midnight
from headrace.decisions.feel.types import SIMPLE
from headrace.errors import HeadraceError, MappingError

SPELLINGS = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}
"""Types as `typeRef`s of older versions and of many tools spell them, by FEEL's names."""


@dataclass(frozen=True)
class Types:
    """The types that the texts of one model may name.

    Attributes:
        registry: What each key stands for, keys of every model of the program.
        plain: The same without restrictions of values.
        keys: The key of each name that this model may use, imports as `import.name`.
        functions: Signatures, by key, of the types that are functions.
    """

    registry: Registry
    plain: dict[str, Type]
    keys: Mapping[str, str]
    functions: Mapping[str, FunctionItem]

    def named(self, type_ref: str) -> Type | None:
        """The type that a `typeRef` names; None where any value will do.

        Raises:
            MappingError: There is none of that name.
        """
        name = type_ref.removeprefix("feel:")
        if name in self.keys:
            return self._stands(self.keys[name])
        name = SPELLINGS.get(name, name)
        if name in {"", "Any"}:
            return None
        if name not in SIMPLE:
            known = ", ".join(sorted(self.keys)) or "the model has none of its own"
            remedy = f"Expected a FEEL type or one of the model's: {known}"
            raise MappingError(f"The type '{type_ref}' is not known", remedy=remedy)
        return NamedType(name)

    def _stands(self, key: str) -> Type:
        """What a key stands for where that is a type, else its name."""
        stands = self.registry.get(key)
        while isinstance(stands, NamedType) and stands.name in self.registry:
            key, stands = stands.name, self.registry[stands.name]
        return NamedType(key) if stands is None or callable(stands) else stands

    def parameter(self, type_ref: str) -> Type | None:
        """The type of a parameter as FEEL checks it; None where any value will do.

        A function's is not checked by FEEL, which does not know what functions return; `coerce`
        goes by what is known.

        Raises:
            MappingError: There is none of that name.
        """
        wanted = self.named(type_ref)
        key = self.keys.get(type_ref.removeprefix("feel:"))
        while key is not None:
            wanted = self.plain[key]
            key = (
                wanted.name if isinstance(wanted, NamedType) and wanted.name in self.plain else None
            )
        return None if isinstance(wanted, FunctionType) else wanted

    def result_ref(self, type_ref: str) -> str:
        """Of a function's `typeRef` the name of its result's type; others name that themselves."""
        signature = self.functions.get(self.keys.get(type_ref, ""))
        return type_ref if signature is None else signature.type_ref


def types_of(models: Iterable[Definitions], root: str) -> dict[str, Types]:
    """The types of each model, by namespace.

    Args:
        models: The model that is run and those it imports.
        root: The namespace of the model that is run; its types keep their plain names.

    Raises:
        MappingError: A type names one that is not there or itself, or its values are no FEEL.
    """
    found = {each.namespace: each for each in models}
    registry: Registry = {}
    plain: dict[str, Type] = {}
    every: dict[str, Types] = {}
    functions: dict[str, FunctionItem] = {}
    for model in found.values():
        keys = {name: _key(model, name, root) for name in model.types}
        for imported in model.imports:
            other = found[imported.namespace]
            prefix = f"{imported.name}." if imported.name else ""
            keys.update({f"{prefix}{name}": _key(other, name, root) for name in other.types})
        every[model.namespace] = Types({}, {}, keys, functions)
    for model in found.values():
        for name, item in model.types.items():
            key = _key(model, name, root)
            registry[key] = _defined(item, key, every[model.namespace], registry)
            plain[key] = _plain(item, every[model.namespace])
            if item.function is not None:
                functions[key] = item.function
            _refuse_circle(key, item, registry)
    for types in every.values():
        own = {name: NamedType(key) for name, key in types.keys.items() if name != key}
        types.registry.update({**registry, **own})
        types.plain.update({**plain, **own})
    return every


def _refuse_circle(key: str, item: ItemDefinition, registry: Registry) -> None:
    """A type may hold itself as a member, but not be itself."""
    seen = {key}
    stands = registry[key]
    while isinstance(stands, NamedType) and stands.name in registry:
        if stands.name in seen:
            raise MappingError(f"The type '{key}' is defined as itself", where=item.where)
        seen.add(stands.name)
        stands = registry[stands.name]


def coerce(value: Value, wanted: Type, where: str, types: Types, run: Run) -> Value:
    """The value as one of the type, or null and a note (10.3.2.9.4)."""
    if value is None:
        return None
    with run.checking(types.registry):
        for form in _forms(value):
            if _fits(form, wanted, run.notes):
                return form
    run.note(where, f"The value is not of the type {spelled(wanted)}")
    return None


def _forms(value: Value) -> Iterator[Value]:
    """What a value may be taken for: itself, its only item, its midnight, a list of it."""
    yield value
    if isinstance(value, list) and len(value) == 1:
        yield value[0]
    if isinstance(value, Date):
        yield midnight(value)
    yield [value]


def _fits(value: Value, wanted: Type, notes: Notes) -> bool:
    if not (isinstance(value, Function) and isinstance(wanted, FunctionType)):
        return conforms(value, wanted, notes)
    if value.name in BUILTINS:
        return True  # of many signatures, each call is checked
    known = value.result in {None, ANY} or wanted.result in {ANY, value.result}
    return known and len(value.parameters) == len(wanted.parameters)


def spelled(wanted: Type) -> str:
    """A type in words, for people."""
    return wanted.name if isinstance(wanted, NamedType) else str(wanted)


def _key(model: Definitions, name: str, root: str) -> str:
    return name if model.namespace == root else f"{model.namespace}#{name}"


def _defined(item: ItemDefinition, key: str, types: Types, registry: Registry) -> Type | Test:
    """What a type stands for; parts that restrict values get keys of their own."""
    base = _base(item, key, types, registry)
    if item.allowed is not None:
        restricted = _restricted(base, item.allowed)
        if not item.is_collection:
            return restricted
        base = _registered(f"{key}/item", restricted, registry)
    whole = ListType(base) if item.is_collection else base
    return whole if item.constraint is None else _restricted(whole, item.constraint)


def _plain(item: ItemDefinition, types: Types) -> Type:
    """What a type stands for, whatever values it allows."""
    base: Type
    if item.components:
        members = tuple((each.name, _plain(each, types)) for each in item.components)
        base = ContextType(members)
    else:
        base = _base(item, "", types, {})
    return ListType(base) if item.is_collection else base


def _base(item: ItemDefinition, key: str, types: Types, registry: Registry) -> Type:
    if item.function is not None:
        parameters = (_cited(each.type_ref, item, types) for each in item.function.parameters)
        return FunctionType(tuple(parameters), _cited(item.function.type_ref, item, types))
    if not item.components:
        return _cited(item.type_ref, item, types)
    members = []
    for component in item.components:
        inner = f"{key}/{component.name}"
        stands = _defined(component, inner, types, registry)
        member = _registered(inner, stands, registry) if callable(stands) else stands
        members.append((component.name, member))
    return ContextType(tuple(members))


def _cited(type_ref: str, item: ItemDefinition, types: Types) -> Type:
    try:
        return types.named(type_ref) or ANY
    except MappingError as error:
        raise MappingError(error.problem, where=item.where, remedy=error.remedy) from error


def _registered(key: str, stands: Test, registry: Registry) -> NamedType:
    registry[key] = stands
    return NamedType(key)


def _restricted(base: Type, allowed: Literal) -> Test:
    try:
        tests = parse_tests(allowed.text)
    except HeadraceError as error:
        where = f"{allowed.where}, {error.where}"
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error

    def test(notes: Notes, value: Value) -> bool:
        return conforms(value, base, notes) and matches(tests, value, {}, notes) is True

    return test
