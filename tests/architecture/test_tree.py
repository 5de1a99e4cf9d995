"""Rules about the shape of the code, kept by tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "headrace"
GENERATED = {PACKAGE / "client" / "generated.py"}  # nobody edits it
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path not in GENERATED)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NAMELESS = {"utils.py", "helpers.py", "common.py", "misc.py", "core.py", "base.py"}
KERNEL_IMPORTS = {"numpy", "numba", "math"}
KERNELS = [path for path in MODULES if path.name == "kernels.py" or path.parent.name == "kernels"]
LINES_MAX = 800
FUNCTION_LINES_MAX = 60


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_files_say_what_they_hold_and_stay_within_budget(path):
    text = path.read_text(encoding="utf-8")
    assert path.name not in NAMELESS
    assert text.count("\n") <= LINES_MAX
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"
    if path not in KERNELS:
        long = [
            f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
            for node in functions(path)
            if node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
        ]
        assert not long


def imports(path: Path) -> set[str]:
    """The modules that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return whole | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", [p for p in KERNELS if p.name != "__init__.py"], ids=name)
def test_kernels_see_arrays_and_each_other_only(path):
    """The `__init__` of a package of kernels compiles them and keeps their machine code."""
    own = ".".join(["headrace", *path.parent.relative_to(PACKAGE).parts])
    siblings = path.parent.name == "kernels"
    others = {
        each
        for each in imports(path)
        if not (siblings and (each == own or each.startswith(f"{own}.")))
    }
    assert {each.split(".")[0] for each in others} <= KERNEL_IMPORTS


def test_there_are_kernels_to_look_at():
    assert {path.parent.relative_to(PACKAGE).as_posix() for path in KERNELS} >= {
        "graph",
        "features/kernels",
    }


def test_packages_sit_at_most_three_deep():
    depth = {len(path.relative_to(PACKAGE).parts) - 1 for path in MODULES}
    assert max(depth) <= 3


def test_nothing_is_left_to_do_later():
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [name(path) for path in MODULES if marks.search(path.read_text(encoding="utf-8"))]
    assert not found


def test_an_exemption_states_its_reason():
    bare = re.compile(r"#\s*(noqa(: ?[A-Z0-9, ]+)?|type: ignore(\[[^\]]*\])?)\s*$", re.MULTILINE)
    found = [
        name(path) for path in [*MODULES, *TESTS] if bare.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_every_test_asserts_something():
    proof = re.compile(r"assert|raises|warns|expect|check|verify")
    empty = [
        f"{name(path)}: {node.name}"
        for path in TESTS
        for node in functions(path)
        if node.name.startswith("test_") and not proof.search(ast.unparse(node))
    ]
    assert not empty


def test_test_files_have_names_of_their_own():
    stems = [path.name for path in TESTS if path.name.startswith("test_")]
    assert len(stems) == len(set(stems))


def test_every_change_is_in_the_changelog():
    entries = sorted((ROOT / "changelog.d").glob("*.md"))
    assert entries
    assert all(len(path.read_text(encoding="utf-8").strip()) > 20 for path in entries)
