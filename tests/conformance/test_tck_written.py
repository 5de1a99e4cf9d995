"""Every model of the TCK, written and read again: the same model, and the same decisions."""

from dataclasses import fields, is_dataclass, replace

import pytest
from tck_cases import cases_of, failure_of, test_files
from test_tck import known_failures

from headrace.decisions.dmn import read_definitions, write_definitions
from headrace.decisions.dmn.tree import Definitions, Ref, Rule

FILES = test_files()


def plain(value, names):
    """A part of a model without its places in the file; references by the name they point to."""
    if isinstance(value, Ref):
        return names.get(value, (value.namespace, value.identifier))
    if isinstance(value, tuple):
        return tuple(plain(each, names) for each in value)
    if isinstance(value, Rule):
        value = replace(value, annotations=tuple(filter(None, value.annotations)))
    if is_dataclass(value):
        return type(value).__name__, {
            each.name: plain(getattr(value, each.name), names)
            for each in fields(value)
            if each.name != "where"
        }
    return value


def meaning(model: Definitions):
    names = {ref: (type(node).__name__, node.name) for ref, node in model.nodes.items()}
    return (
        (model.name, model.namespace, plain(model.imports, names)),
        [plain(each, names) for each in model.types.values()],
        [plain(each, names) for each in model.nodes.values()],
    )


@pytest.mark.real
@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_a_model_of_the_tck_survives_being_written(file):
    for name, content in file.models.items():
        model = read_definitions(content, name)
        written = write_definitions(model)
        again = read_definitions(written, name)
        assert meaning(again) == meaning(model)
        assert write_definitions(again) == written
        newest = read_definitions(write_definitions(model, "1.5"), name)
        assert meaning(newest) == meaning(model)
    written_models = {
        name: write_definitions(read_definitions(content, name))
        for name, content in file.models.items()
    }
    model, cases = cases_of(replace(file, models=written_models))
    known = known_failures(file)
    failures = {case.identifier: failure_of(case, model) for case in cases}
    assert {case for case, problem in failures.items() if problem} == set(known)
