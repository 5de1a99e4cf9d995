"""Write the typed client from the API's own document: `python docs/make_client.py`.

A test holds `src/headrace/client/generated.py` to what this script would write.
"""

import keyword
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.adapters.workspace import Workspace
from headrace.web.app import create_app, make_services
from headrace.web.settings import Settings

TARGET = Path(__file__).parents[1] / "src" / "headrace" / "client" / "generated.py"
METHODS = ("get", "put", "post", "patch", "delete")
JSON = "application/json"
HEAD = '''"""Written by docs/make_client.py from the API's document; edit the service, not this."""

from __future__ import annotations

import datetime
from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from headrace.client.transport import Request, Transport, filled

'''
PLAIN = {"integer": "int", "number": "float", "boolean": "bool", "null": "None", "string": "str"}
DATES = {"date": "datetime.date", "date-time": "datetime.datetime"}
TEXTS = {"str", *DATES.values()}

Schema = Mapping[str, Any]


def document() -> dict[str, Any]:
    """The API's document, of a service on an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        services = make_services(Workspace(Path(folder)), Settings(), lambda: 0, lambda _: None)
        try:
            return create_app(services).openapi()
        finally:
            services.close()


def client(found: Mapping[str, Any]) -> str:
    """The module, from a document."""
    names = class_names(found["components"]["schemas"])
    types = Types(names)
    parts = [types.struct(name, schema) for name, schema in found["components"]["schemas"].items()]
    methods = [
        method(types, path, verb, item[verb])
        for path, item in found["paths"].items()
        for verb in METHODS
        if verb in item
    ]
    told = "\n\n".join(sorted(methods))
    whole = (
        "class Client(Transport):\n"
        '    """Everything the API can do; each method is one operation of its document."""\n\n'
    )
    return (
        HEAD + "\n\n".join(sorted(filter(None, parts), key=_aliases_last)) + f"\n\n{whole}{told}\n"
    )


def class_names(schemas: Mapping[str, Schema]) -> dict[str, str]:
    """A class name for each schema: its last part, longer where two would be the same."""
    last = {name: _camel(name.split("__")[-1]) for name in schemas}
    short = list(last.values())
    return {
        name: last[name]
        if short.count(last[name]) == 1
        else _camel(" ".join(name.split("__")[-2:]))
        for name in schemas
    }


@dataclass(frozen=True)
class Types:
    """Python's types for schemas.

    Attributes:
        names: Class names, by the schema's.
    """

    names: Mapping[str, str]

    def of(self, schema: Schema) -> str:
        """The type of a value; `Any` where a schema says less, or more than a type can."""
        if "$ref" in schema:
            return self.names[schema["$ref"].rpartition("/")[2]]
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            return f"Literal[{', '.join(map(repr, schema['enum']))}]"
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self._union([self.of(each) for each in schema[union]])
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([self.of({**schema, "type": each}) for each in kind])
        if kind == "array":
            return self._array(schema)
        if kind == "object":
            inner = schema.get("additionalProperties")
            return f"dict[str, {self.of(inner)}]" if isinstance(inner, dict) else "dict[str, Any]"
        if kind == "string":
            return DATES.get(schema.get("format", ""), "str")
        return PLAIN.get(str(kind), "Any")

    def struct(self, name: str, schema: Schema) -> str:
        """A class for a schema of the document; an alias where it is no object."""
        own = self.names[name]
        if "properties" not in schema:
            return f"{own}: TypeAlias = {self.of(schema)}\n"
        required = set(schema.get("required", ()))
        fields, renamed = [], {}
        for given, inner in schema["properties"].items():
            plain = _identifier(given)
            if plain != given:
                renamed[plain] = given
            fields.append(f"    {plain}: {self._field(inner, is_given=given in required)}")
        settings = "frozen=True, kw_only=True"
        if renamed:
            settings += f", rename={renamed!r}"
        text = _docstring(schema.get("description", own), "    ")
        return (
            f"class {own}(Struct, {settings}):\n{text}\n" + "\n".join(fields or ["    pass"]) + "\n"
        )

    def _field(self, schema: Schema, *, is_given: bool) -> str:
        kind = self.of(schema)
        if is_given:
            return kind
        default = schema.get("default")
        if "default" in schema and (
            default is None or isinstance(default, str | int | float | bool)
        ):
            return f"{kind} = {default!r}"
        return f"{kind} | UnsetType = UNSET"

    def _array(self, schema: Schema) -> str:
        if "prefixItems" in schema:
            return f"tuple[{', '.join(map(self.of, schema['prefixItems']))}]"
        return f"tuple[{self.of(schema.get('items', {}))}, ...]"

    def _union(self, kinds: list[str]) -> str:
        """The members of a union by JSON's kinds, as msgspec tells them apart; else `Any`."""
        single = list(dict.fromkeys(kinds))
        counted = [_json_kind(each) for each in single]
        if "any" in counted or len(set(counted)) < len(counted):
            return "Any"
        return " | ".join(single)


@dataclass
class Signature:
    """What a method takes, and how it makes a request of it."""

    given: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


def method(types: Types, path: str, verb: str, operation: Mapping[str, Any]) -> str:
    """One operation as a method."""
    made = Signature()
    _parameters(types, operation, path, made)
    _body(types, operation, made)
    result, call = _result(types, operation)
    taken = ["self", *made.given] + (["*", *made.named] if made.named else [])
    lines = [
        f"    def {operation['operationId']}({', '.join(taken)}) -> {result}:",
        _docstring(operation.get("description", operation["operationId"]), "        "),
        f'        request = Request("{verb.upper()}", {", ".join(made.parts)})',
        f"        {call}",
    ]
    return "\n".join(lines) + "\n"


def _parameters(types: Types, operation: Mapping[str, Any], path: str, made: Signature) -> None:
    found: dict[str, list[tuple[str, str]]] = {"path": [], "query": [], "header": []}
    for each in operation.get("parameters", ()):
        name, place = _identifier(each["name"]), each["in"]
        if place == "cookie":
            continue
        kind = types.of(each.get("schema", {}))
        found[place].append((each["name"], name))
        if place == "path":
            made.given.append(f"{name}: {kind}")
        elif each.get("required"):
            made.named.append(f"{name}: {kind}")
        else:
            optional = kind if "None" in kind or kind == "Any" else f"{kind} | None"
            made.named.append(f"{name}: {optional} = None")
    filled = ", ".join(f"{name}={name}" for _, name in found["path"])
    made.parts.append(f'filled("{path}", {filled})' if filled else f'"{path}"')
    for place, argument in (("query", "query"), ("header", "headers")):
        if found[place]:
            pairs = ", ".join(f'"{given}": {name}' for given, name in found[place])
            made.parts.append(f"{argument}={{{pairs}}}")


def _body(types: Types, operation: Mapping[str, Any], made: Signature) -> None:
    content = operation.get("requestBody", {}).get("content", {})
    if set(content) == {JSON}:
        kind = types.of(content[JSON].get("schema", {}))
        made.given.append(f"body: {kind}")
        made.parts.append("body=body")
    elif content:
        kinds = ", ".join(repr(each) for each in content)
        made.given.append("content: bytes")
        made.named.append(f"content_type: Literal[{kinds}]")
        made.parts.append("body=content, content_type=content_type")


def _result(types: Types, operation: Mapping[str, Any]) -> tuple[str, str]:
    """The type that comes back, and the call that gets it."""
    good = [each for status, each in operation["responses"].items() if status.startswith("2")]
    content = [each.get("content", {}) for each in good]
    if not any(content) and "204" in operation["responses"]:
        return "None", "self.fetch(request)"
    told = [types.of(each[JSON].get("schema", {})) for each in content if JSON in each]
    if not told:
        return "bytes", "return self.fetch(request)"
    if told[0] == "Any" or len(set(told)) > 1:
        return "Any", "return self.ask(request, object)"
    if " | " in told[0]:
        return "Any", "return self.ask(request, object)"
    return told[0], f"return self.ask(request, {told[0]})"


def _json_kind(kind: str) -> str:
    if kind in TEXTS or kind.startswith("Literal['"):
        return "text"
    if kind in ("int", "float"):
        return kind
    if kind in ("None", "bool"):
        return kind
    if kind.startswith("tuple["):
        return "array"
    return "any" if kind == "Any" or " | " in kind else "object"


def _identifier(text: str) -> str:
    plain = re.sub(r"\W", "_", text).strip("_").lower() if not text.isidentifier() else text
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def _camel(text: str) -> str:
    return "".join(each[0].upper() + each[1:] for each in re.split(r"\W+|_", text) if each)


def _docstring(text: str, indent: str) -> str:
    lines = [
        each.rstrip()
        for each in text.strip().replace('"""', "'''").replace("\\", "\\\\").split("\n")
    ]
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}"""'
    rest = "\n".join(f"{indent}{each}" if each else "" for each in lines[1:])
    return f'{indent}"""{lines[0]}\n{rest}\n{indent}"""'


def _aliases_last(part: str) -> tuple[bool, str]:
    """Aliases are read when the module is, and name classes."""
    return not part.startswith("class "), part


if __name__ == "__main__":
    TARGET.write_text(client(document()), encoding="utf-8")
