"""The test cases of the DMN TCK: read from its archive, run, compared as its Java runner does."""

import tarfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from headrace.decisions.dmn import Model, decide, read_model
from headrace.decisions.feel import (
    Date,
    DateTime,
    Notes,
    Time,
    date_of,
    date_time_of,
    duration_of,
    equal,
    time_of,
)
from headrace.errors import HeadraceError

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "dmn_tck" / "tck.tar.gz"
MOMENT = DateTime(Date(2026, 11, 21), Time(12, 0, 0, offset=0))
TOLERANCE = Decimal("1e-8")  # of numbers, as the TCK's runner has it

_TCK = "{http://www.omg.org/spec/DMN/20160719/testcase}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class TestFile:
    """One folder's test file, its model, and the models that may be imported."""

    __test__ = False
    level: str
    folder: str
    content: bytes
    models: dict[str, bytes]

    @property
    def name(self) -> str:
        return f"{self.level}/{self.folder}"


@dataclass(frozen=True)
class Node:
    """One expected result; `fails` where an error is expected, which null may stand for."""

    name: str
    expected: object
    fails: bool


@dataclass(frozen=True)
class Case:
    """One test case."""

    identifier: str
    service: str
    inputs: dict[str, object]
    nodes: tuple[Node, ...]


def test_files() -> list[TestFile]:
    """Every test file of the archive, in order of level and folder; none where it is absent."""
    if not ARCHIVE.exists():
        return []
    tests: dict[tuple[str, str], bytes] = {}
    models: dict[tuple[str, str], dict[str, bytes]] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive.getmembers():
            parts = Path(member.name).parts
            if not member.isfile() or len(parts) < 4 or parts[-4] != "TestCases":
                continue
            key, content = (parts[-3], parts[-2]), archive.extractfile(member).read()
            if parts[-1].endswith(".dmn"):
                models.setdefault(key, {})[parts[-1]] = content
            elif parts[-1].endswith(".xml"):
                assert key not in tests
                tests[key] = content
    return [TestFile(*key, content, models[key]) for key, content in sorted(tests.items())]


test_files.__test__ = False


def cases_of(file: TestFile) -> tuple[Model, list[Case]]:
    """The model of a test file, read, and its cases."""
    root = ET.fromstring(file.content)  # noqa: S314 - the TCK's own files
    name = root.findtext(f"{_TCK}modelName").strip()
    imports = {other: text for other, text in file.models.items() if other != name}
    model = read_model(file.models[name], imports, name)
    return model, [_case(each) for each in root.iter(f"{_TCK}testCase")]


def failure_of(case: Case, model: Model) -> str:
    """What is wrong with a case; empty where it passes."""
    for node in case.nodes:
        problem = _wrong(case, node, model)
        if problem:
            return f"{node.name}: {problem}"
    return ""


def _wrong(case: Case, node: Node, model: Model) -> str:
    try:
        outcome = decide(model, case.service or node.name, case.inputs, moment=MOMENT)
    except HeadraceError as error:
        return "" if node.fails else f"refused: {error}"
    except Exception as error:  # noqa: BLE001 - a crash is a failure like another, with its name
        return f"crashed: {type(error).__name__}: {error}"
    value = outcome.value
    if isinstance(value, dict) and case.service and node.name != case.service:
        value = value.get(node.name, value)  # one of a service's outputs
    if same(value, node.expected) or (node.fails and value is None):
        return ""
    notes = "; ".join(note.text for note in outcome.notes[:3])
    return f"expected {node.expected!r}, found {value!r} ({notes})"


def same(value: object, expected: object) -> bool:
    """Equal, numbers within the tolerance, members of contexts whatever their order."""
    if isinstance(expected, Decimal) and isinstance(value, Decimal):
        return abs(value - expected) <= TOLERANCE
    if isinstance(expected, list) and isinstance(value, list):
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(same(one, other) for one, other in pairs)
    if isinstance(expected, dict) and isinstance(value, dict):
        members = value.keys() == expected.keys()
        return members and all(same(value[name], expected[name]) for name in expected)
    if type(value) is not type(expected):
        return False
    return value == expected or equal(value, expected, Notes()) is True


def _case(element: ET.Element) -> Case:
    service = element.get("invocableName", "") if element.get("type") == "decisionService" else ""
    return Case(
        identifier=element.get("id", ""),
        service=service,
        inputs={each.get("name"): _value(each) for each in element.iter(f"{_TCK}inputNode")},
        nodes=tuple(
            Node(
                each.get("name"),
                _value(each.find(f"{_TCK}expected")),
                each.get("errorResult") in {"true", "1"},
            )
            for each in element.iter(f"{_TCK}resultNode")
        ),
    )


def _value(element: ET.Element | None) -> object:
    """What a node, a component or a list item holds."""
    if element is None:
        return None
    listed = element.find(f"{_TCK}list")
    if listed is not None:
        nil = listed.get(f"{_XSI}nil") == "true"
        return None if nil else [_value(each) for each in listed.findall(f"{_TCK}item")]
    components = element.findall(f"{_TCK}component")
    if components:
        return {each.get("name"): _value(each) for each in components}
    held = element.find(f"{_TCK}value")
    if held is None or held.get(f"{_XSI}nil") == "true":
        return None
    kind = held.get(f"{_XSI}type", "xsd:string").rpartition(":")[2]
    return _READERS[kind](held.text or "")


_READERS = {
    "string": str,
    "boolean": lambda text: text.strip() in {"true", "1"},
    "decimal": lambda text: Decimal(text.strip()),
    "double": lambda text: Decimal(text.strip()),
    "date": lambda text: date_of(text.strip()),
    "time": lambda text: time_of(text.strip()),
    "dateTime": lambda text: date_time_of(text.strip()),
    "duration": lambda text: duration_of(text.strip()),
}
