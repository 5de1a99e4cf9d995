"""The DMN TCK: one test a test file; which cases are known to fail, and why, is written down."""

import tomllib
from pathlib import Path

import pytest
from tck_cases import ARCHIVE, TestFile, cases_of, failure_of, test_files

KNOWN = tomllib.loads((Path(__file__).parent / "known_failures.toml").read_text())
FILES = test_files()


def known_failures(file: TestFile) -> dict[str, str]:
    """Reasons by case."""
    return {
        case: group["reason"]
        for group in KNOWN.get("group", [])
        for case in group["cases"].get(file.name, [])
    }


@pytest.mark.real
@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_test_file_of_the_tck(file, record_property):
    model, cases = cases_of(file)
    outcomes = [(case.identifier, failure_of(case, model)) for case in cases]
    passed = sum(not problem for _, problem in outcomes)
    record_property("tck", (file.level, file.folder, passed, len(cases)))
    failures = {case: problem for case, problem in outcomes if problem}

    known = known_failures(file)
    new = {case: problem for case, problem in failures.items() if case not in known}
    assert not new, "\n".join(f"{case}: {problem}" for case, problem in new.items())
    mended = sorted(set(known) - set(failures))
    assert not mended, f"listed as failing, and pass or are not there: {mended}"


@pytest.mark.real
def test_the_archive_is_whole():
    if not ARCHIVE.exists():
        pytest.skip(f"the TCK is not at {ARCHIVE}")
    levels = [file.level for file in FILES]
    found = {level: levels.count(level) for level in levels}
    assert found == {"compliance-level-2": 28, "compliance-level-3": 118, "non-compliant": 4}


def test_every_known_failure_has_a_reason_and_names_a_test_file():
    groups = KNOWN.get("group", [])
    assert all(group["reason"].strip() for group in groups)
    named = {name for group in groups for name in group["cases"]}
    assert not FILES or named <= {file.name for file in FILES}
