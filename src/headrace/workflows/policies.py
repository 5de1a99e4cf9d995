"""Policies from their files: tables in any notation, lists, models, checked as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import numpy as np

from headrace.decisions.dmn.reader import read_definitions
from headrace.decisions.flow.checking import check_policy
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.lists import Lists, read_lists
from headrace.decisions.flow.loading import read_policy
from headrace.decisions.flow.policy import ModelStep, Policy
from headrace.decisions.flow.program import FlowProgram, Model
from headrace.decisions.tables.grid import Row, read_grid
from headrace.decisions.tables.models import tables_of
from headrace.decisions.tables.sheet import read_csv
from headrace.decisions.tables.table import Table
from headrace.decisions.tables.yaml_text import read_yaml
from headrace.errors import InputError, MappingError
from headrace.features.definition import FeatureSet
from headrace.features.loading import dump_feature_set, load_feature_set
from headrace.scores.binning.bins import Kind
from headrace.scores.cards.codec import card_digest, card_from_json
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.store import Model as Saved
from headrace.scores.store import read
from headrace.scores.straight_card import Floats, Scorecard, Transform
from headrace.scores.trees.model import Boosting

FEATURES = "features.yaml"
POLICY = "policy.yaml"
LISTS = "lists.csv"
Files: TypeAlias = Mapping[str, bytes]
Sheets: TypeAlias = Callable[[bytes, str], Mapping[str, Sequence[Row]]]
"""Reads a workbook: its bytes and name to the rows of each sheet."""


@dataclass(frozen=True)
class Loaded:
    """A policy and what came with it.

    Attributes:
        policy: Checked.
        lists: Those of its folder; empty where it has none.
        models: Files of its models, by step.
        kinds: FEEL types of all that the policy knows, by name.
    """

    policy: Policy
    lists: Lists
    models: Mapping[str, bytes]
    kinds: Mapping[str, str]


def load_policy(files: Files, sheets: Sheets, inputs: Mapping[str, str]) -> Loaded:
    """The policy that a folder's files state.

    Args:
        files: Contents by name: `policy.yaml`; tables as `NAME.csv`, `NAME.yaml`, or within a
            `.dmn` or `.xlsx`; `lists.csv`; models as `NAME.json`.
        sheets: Reads workbooks.
        inputs: FEEL types of the features it may read, by name.

    Raises:
        MappingError: Naming file and cell of the first thing that cannot be, and what would be.
    """
    if POLICY not in files:
        raise MappingError(
            f"There is no {POLICY}",
            where=", ".join(sorted(files)) or "an empty folder",
            remedy=f"Add {POLICY} with the steps of the policy; docs/guides/policies.md shows one",
        )
    sources = _sources(files, sheets)

    def read_table(name: str, known: Collection[str]) -> Table:
        if name not in sources:
            raise MappingError(
                f"There is no table '{name}'",
                where=POLICY,
                remedy=f"Add {name}.csv, or a sheet {name} in a workbook",
            )
        return sources[name](known)

    policy = read_policy(_text(files[POLICY], POLICY), POLICY, inputs, read_table)
    kinds = check_policy(policy, inputs)
    models = {}
    for step in policy.steps:
        if isinstance(step, ModelStep) and f"{step.name}.json" in files:
            models[step.name] = files[f"{step.name}.json"]
    lists = read_lists(files[LISTS], LISTS) if LISTS in files else Lists()
    return Loaded(policy, lists, models, kinds)


def table_files(files: Files, sheets: Sheets) -> Mapping[str, str]:
    """The file that holds each table, by the table's name.

    Raises:
        MappingError: A workbook or model cannot be read.
    """
    return {
        name: file for file, content in files.items() for name in _in_file(file, content, sheets)
    }


@dataclass(frozen=True)
class CardModel:
    """A scorecard as a model step asks it: features in, probability out."""

    card: Scorecard

    @property
    def names(self) -> tuple[str, ...]:
        """Features of the card."""
        return self.card.names

    def probability(self, x: Floats) -> Floats:
        """Of default, (n,); missing where the card has no answer."""
        columns = []
        for place, term in enumerate(self.card.spec.terms):
            low = -np.inf if term.low is None else term.low
            high = np.inf if term.high is None else term.high
            value = np.clip(x[:, place], low, high)
            columns.append(np.log(value) if term.transform is Transform.LOG else value)
        return self.card.probability(np.column_stack(columns))

    def digest(self) -> str:
        """SHA-256 of the card, in hex."""
        return hashlib.sha256(self.card.to_json().encode()).hexdigest()


@dataclass(frozen=True)
class PointsModel:
    """A points card as a model step asks it: features in, probability out."""

    card: PointsCard

    @property
    def names(self) -> tuple[str, ...]:
        """Features of the card."""
        return self.card.features

    def probability(self, x: Floats) -> Floats:
        """Of default, (n,); a missing feature falls into its own bin."""
        return self.card.probability({name: x[:, at] for at, name in enumerate(self.names)})

    def digest(self) -> str:
        """SHA-256 of the card, in hex."""
        return card_digest(self.card)


def read_model(content: bytes, file: str) -> Model:
    """A model from its file: trees or a card, as JSON, by itself or as the store keeps it.

    Raises:
        InputError: It is none of them, or damaged; it names what is wrong.
    """
    text = _text(content, file)
    try:
        keys = set(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError("The model is no JSON object", where=file) from error
    try:
        return _asked(_read(text, keys))
    except InputError as error:
        where = f"{file}, {error.where}" if error.where else file
        raise InputError(error.problem, where=where, remedy=error.remedy) from error


def _read(text: str, keys: Collection[str]) -> Saved:
    if "kind" in keys:
        return read(text.encode())
    if "format" in keys:
        return card_from_json(text)
    return Scorecard.from_json(text) if "spec" in keys else Boosting.from_json(text)


def _asked(model: Saved) -> Model:
    """A model as a model step asks it."""
    if isinstance(model, Scorecard):
        return CardModel(model)
    if isinstance(model, Boosting):
        return model
    if not isinstance(model, PointsCard):
        problem = f"A {type(model).__name__} is not asked by a step"
        raise InputError(problem, where="kind", remedy="Boosted trees or a card")
    words = [line.feature for line in model.lines if line.bins.kind is Kind.CATEGORICAL]
    if words:
        remedy = "Fit it on numbers, or turn the categories into numbers first"
        raise InputError("A model step reads numbers", where=", ".join(words), remedy=remedy)
    return PointsModel(model)


def in_force(files: Files, sheets: Sheets, feature_set: FeatureSet, lateness: timedelta) -> InForce:
    """A version of a policy on a set of features, ready to decide.

    Args:
        files: As in `load_policy`.
        sheets: Reads workbooks.
        feature_set: What the engine computes; kept among the version's files.
        lateness: Of the engine.

    Raises:
        MappingError: As from `load_policy`.
        InputError: A model is missing, damaged, or reads what is not known.
    """
    definitions = dump_feature_set(feature_set)
    features = dict.fromkeys((each.name for each in feature_set.definitions), "number")
    loaded = load_policy(files, sheets, features)
    models = {name: read_model(content, f"{name}.json") for name, content in loaded.models.items()}
    for name, model in models.items():
        unknown = [each for each in model.names if each not in loaded.kinds]
        if unknown:
            raise InputError(
                f"The model reads '{unknown[0]}', which is not known",
                where=f"{name}.json",
                remedy="Fit it on features that are computed",
            )
    program = FlowProgram(loaded.policy, models, loaded.lists)
    known = {**features, **loaded.policy.inputs}
    said = f"{definitions}\nlateness {lateness.total_seconds()}"
    return InForce(
        program=program,
        inputs={name: kind for name, kind in known.items() if name in program.reads},
        features=hashlib.sha256(said.encode()).hexdigest(),
        files={**files, FEATURES: definitions.encode()},
        lateness=lateness,
    )


def kept_version(files: Files, sheets: Sheets, lateness: timedelta) -> InForce:
    """A version from the files that were kept with the decisions it made.

    Raises:
        MappingError: As from `in_force`, or the definitions of its features cannot be read.
    """
    feature_set = kept_features(files)
    policy = {name: content for name, content in files.items() if name != FEATURES}
    return in_force(policy, sheets, feature_set, lateness)


def kept_features(files: Files) -> FeatureSet:
    """The feature definitions among the files of a version.

    Raises:
        MappingError: They cannot be read.
        KeyError: They are not there.
    """
    return load_feature_set(_text(files[FEATURES], FEATURES), FEATURES)


_Source: TypeAlias = Callable[[Collection[str]], Table]


def _sources(files: Files, sheets: Sheets) -> dict[str, _Source]:
    """What reads each table, by the table's name."""
    found: dict[str, _Source] = {}
    origin: dict[str, str] = {}
    for file, content in files.items():
        for name, source in _in_file(file, content, sheets).items():
            if name in found:
                raise MappingError(
                    f"The table '{name}' is there twice",
                    where=f"{origin[name]} and {file}",
                    remedy="Keep one",
                )
            found[name], origin[name] = source, file
    return found


def _in_file(file: str, content: bytes, sheets: Sheets) -> dict[str, _Source]:
    stem, _, suffix = file.rpartition(".")
    if file in {POLICY, LISTS, FEATURES}:
        return {}
    if suffix == "csv":
        return {stem: lambda names: _named(read_csv(content, file, names), stem)}
    if suffix == "yaml":
        return {stem: lambda names: _named(read_yaml(_text(content, file), file, names), stem)}
    if suffix == "xlsx":
        return {
            name: _of_sheet(rows, name, f"{file}, sheet {name}")
            for name, rows in sheets(content, file).items()
        }
    if suffix == "dmn":
        return _of_model(content, file)
    return {}


def _of_sheet(rows: Sequence[Row], name: str, where: str) -> _Source:
    return lambda names: _named(read_grid(rows, where, names), name)


def _of_model(content: bytes, file: str) -> dict[str, _Source]:
    definitions = read_definitions(content, file)

    def source(name: str) -> _Source:
        return lambda names: next(
            each for each in tables_of(definitions, names) if each.name == name
        )

    return {table.name: source(table.name) for table in tables_of(definitions)}


def _named(table: Table, name: str) -> Table:
    if table.name != name:
        raise MappingError(
            f"The table calls itself '{table.name}'",
            where=table.file,
            remedy=f"Write `# table,{name}`, as the file is called, or call the file {table.name}",
        )
    return table


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError("The file is not UTF-8", where=file) from error
