"""A lending pack's policy files, read and checked as a whole before any data are touched."""

import difflib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from headrace.decisions.feel import Value
from headrace.decisions.flow.checking import findings_of
from headrace.decisions.flow.policy import Action, ListStep, ModelStep
from headrace.decisions.flow.policy import Policy as Flow
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.flow.saying import ACTION, REASON
from headrace.decisions.lending.decision import Outcome
from headrace.decisions.lending.economics import Economics, parse_economics
from headrace.decisions.lending.stress import Scenario, parse_scenarios
from headrace.decisions.program.analysis import Severity
from headrace.decisions.program.columns import NUMBER, STRING
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.grid import Row
from headrace.decisions.tables.table import Table
from headrace.errors import MappingError
from headrace.pack import Pack, Text
from headrace.workflows.industry import parse_words
from headrace.workflows.policies import (
    LISTS,
    POLICY,
    Files,
    Loaded,
    Sheets,
    load_policy,
    read_model,
    table_files,
)
from headrace.workflows.standard_terms import StandardTerms, parse_standard_terms

PARTY = "party"
RATING_CLASS = "rating_class"
OUTCOMES: Mapping[Action, Outcome] = {
    Action.APPROVE: Outcome.APPROVE,
    Action.REFER: Outcome.REFER,
    Action.DECLINE: Outcome.DECLINE,
}
WORDS = ", ".join(action.word for action in OUTCOMES)
SHARE = "turnover_share"
WANTED: Mapping[str, tuple[str, ...]] = {"access": (ACTION, REASON), "limit": (SHARE,)}
BESIDE = ("economics.toml", "contract.toml", "scenarios.csv", "industries.csv")
"""Files that are no part of the flow of steps."""


@dataclass(frozen=True, eq=False)
class Policy:
    """What decides, beside the score.

    Attributes:
        economics: Money of the book.
        standard: How an approved limit becomes a contract.
        program: The steps, compiled: who may borrow (`access`), how much (`limit`), and any other.
        share: The value that says which share of a year's sales a limit may be.
        kinds: FEEL types of all that the steps know, by name.
        scenarios: Stress.
        words: Words in a name that tell the industry.
        digests: SHA-256 of what each part means, hexadecimal, by name.
        files: What it was read from, by name.
    """

    economics: Economics
    standard: StandardTerms
    program: FlowProgram
    share: str
    kinds: Mapping[str, str]
    scenarios: tuple[Scenario, ...]
    words: tuple[tuple[str, str], ...]
    digests: Mapping[str, str]
    files: Files

    @property
    def flow(self) -> Flow:
        """The steps."""
        return self.program.policy

    @property
    def tables(self) -> Mapping[str, Table]:
        """Tables by name, in the order of the steps."""
        return self.flow.tables

    def with_budget(self, budget_minor: int | None) -> "Policy":
        """The same policy under another budget; None keeps it."""
        if budget_minor is None:
            return self
        return replace(self, economics=self.economics.with_budget(budget_minor))


def no_workbooks(_content: bytes, file: str) -> Mapping[str, Sequence[Row]]:
    """Where workbooks cannot be read."""
    raise MappingError("A workbook cannot be read here", where=file, remedy="Save tables as CSV")


def parse_policy(pack: Pack, own: Files | None = None, sheets: Sheets = no_workbooks) -> Policy:
    """The policy that the files of a pack state, with a user's own in place of some.

    Args:
        pack: With its policy as it ships.
        own: The user's own files, by name; a table in any notation takes the place of the pack's
            table of that name.
        sheets: Reads workbooks.

    Raises:
        MappingError: Naming file, row and column of the first thing that cannot be, and what
            would be right.
        InputError: If the pack does not lend.
    """
    lending = pack.require_lending()
    shipped = {name: text.encode() for name, text in lending.files.items()}
    files = _merged(shipped, own or {}, sheets)
    texts = {name: _text(files[name], name) for name in BESIDE}
    economics = parse_economics(texts["economics.toml"], "economics.toml")
    features = {feature.name: NUMBER for feature in pack.features}
    inputs = {**features, PARTY: STRING, RATING_CLASS: STRING}
    loaded = load_policy(_of_flow(files), sheets, inputs)
    _check_files(own or {}, loaded.policy, sheets)
    program = _compiled(loaded, features)
    _check_inputs(loaded.policy, inputs)
    share = _check_tables(loaded)
    _check_said(loaded, lending.reasons)
    scenarios = parse_scenarios(texts["scenarios.csv"], "scenarios.csv")
    for scenario in scenarios:
        for change in scenario.changes:
            _check_known(change.feature, features, f"scenarios.csv, row {change.row}")
    return Policy(
        economics=economics,
        standard=parse_standard_terms(texts["contract.toml"], "contract.toml"),
        program=program,
        share=share,
        kinds=loaded.kinds,
        scenarios=scenarios,
        words=parse_words(texts["industries.csv"], "industries.csv"),
        digests={
            "economics": _digest(texts["economics.toml"]),
            **_digests(program),
        },
        files=files,
    )


def remarks(policy: Policy) -> tuple[Text, ...]:
    """What is odd about a policy whoever applies: rules that never speak, cases without a rule."""
    found = []
    for table in policy.tables.values():
        found += [
            Text(f"{table.file}: {each.text_en}", f"{table.file}：{each.text_zh}")
            for each in findings_of(table, policy.kinds)
            if each.severity is not Severity.NOTE
        ]
    return (*found, *scenario_remarks(policy))


def scenario_remarks(policy: Policy) -> tuple[Text, ...]:
    """Scenarios that hit nobody by the words of industries.csv."""
    known = {industry for _, industry in policy.words}
    found = []
    for scenario in policy.scenarios:
        named = {change.industry for change in scenario.changes if change.industry}
        found += [
            Text(
                f"scenarios.csv: no word of industries.csv gives {industry} "
                f"({scenario.name}); only firms whose source says so are hit",
                f"scenarios.csv：industries.csv 中没有词对应 {industry}（{scenario.name}），"
                "只影响数据源注明该行业的企业",
            )
            for industry in sorted(named - known)
        ]
    return tuple(found)


def _merged(shipped: Files, own: Files, sheets: Sheets) -> Files:
    """The pack's files, but for those that the user's take the place of."""
    given = table_files(_of_flow(own), sheets)
    replaced = {file for name, file in table_files(_of_flow(shipped), sheets).items()
                if name in given}  # fmt: skip
    return {**{name: data for name, data in shipped.items() if name not in replaced}, **own}


def _of_flow(files: Files) -> Files:
    return {name: data for name, data in files.items() if name not in BESIDE}


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError("the file is not UTF-8", where=file, remedy="save it so") from error


def _compiled(loaded: Loaded, features: Collection[str]) -> FlowProgram:
    models = {}
    for name, content in loaded.models.items():
        models[name] = read_model(content, f"{name}.json")
        for each in models[name].names:
            _check_known(each, features, f"{name}.json, names")
    return FlowProgram(loaded.policy, models, loaded.lists)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digests(program: FlowProgram) -> dict[str, str]:
    flow = program.policy
    found = {"policy": flow.digest()}
    found |= {f"table:{name}": table.digest() for name, table in flow.tables.items()}
    found |= {f"model:{name}": model.digest() for name, model in program.models.items()}
    return found | ({"lists": program.lists.digest()} if program.lists.entries else {})


def _check_files(own: Files, flow: Flow, sheets: Sheets) -> None:
    """A file without effect, such as one with a misspelt name, does not pass silently."""
    models = {f"{step.name}.json" for step in flow.steps if isinstance(step, ModelStep)}
    known = {*BESIDE, POLICY, LISTS, *models}
    given = table_files(_of_flow(own), sheets)
    used = {file for name, file in given.items() if name in flow.tables}
    for file in own:
        if file not in known | used:
            meant = {*known, *(f"{name}.csv" for name in flow.tables)}
            near = difflib.get_close_matches(file, sorted(meant), n=1)
            raise MappingError(
                f"{file} is no policy file: no step asks for it",
                where=file,
                remedy=(f"is {near[0]} meant? " if near else "")
                + f"a table is asked by a step `- table: NAME` of {POLICY}",
            )


def _check_inputs(flow: Flow, inputs: Mapping[str, str]) -> None:
    for name, kind in flow.inputs.items():
        where = f"{POLICY}, inputs, {name}"
        _check_known(name, inputs, where)
        if kind != inputs[name]:
            raise MappingError(
                f"{name} is a {inputs[name]}", where=where, remedy=f"write {name}: {inputs[name]}"
            )


def _check_known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), n=1)
        raise MappingError(
            f"there is no feature {name!r}",
            where=where,
            remedy=f"is {near[0]} meant?" if near else "docs/reference lists the features",
        )


def _check_tables(loaded: Loaded) -> str:
    """That the tables which lending needs give what it needs; the name of the share."""
    tables = loaded.policy.tables
    for name, outputs in WANTED.items():
        if name not in tables:
            raise MappingError(
                f"no step asks the table {name}", where=POLICY, remedy=f"add `- table: {name}`"
            )
        _check_outputs(tables[name], outputs)
    limit = tables["limit"]
    share = "limit" if len(limit.outputs) == 1 else f"limit.{SHARE}"
    if share not in loaded.kinds:
        raise MappingError(
            f"the table gives a list of {SHARE}s",
            where=limit.file,
            remedy="write the hit policy as FIRST, or as COLLECT MIN for the least",
        )
    for value, where in _literals(limit, SHARE):
        if value is not None and not (isinstance(value, Decimal) and 0 <= value <= 1):
            raise MappingError(
                f"{_shown(value)} is no share of turnover",
                where=where,
                remedy="a number from 0 to 1, such as 0.25 for a quarter",
            )
    return share


def _check_outputs(table: Table, wanted: Sequence[str]) -> None:
    given = [output.name for output in table.outputs]
    missing = [name for name in wanted if name not in given]
    if ACTION in missing and "outcome" in given:
        raise MappingError(
            "the output `outcome` is called `action` now",
            where=f"{table.file}, header",
            remedy="rename out:outcome to out:action; its values stay the same",
        )
    if missing:
        raise MappingError(
            f"the table gives no {', '.join(missing)}",
            where=f"{table.file}, header",
            remedy="add a column " + ", ".join(f"out:{each}" for each in missing),
        )


def _check_said(loaded: Loaded, reasons: Collection[str]) -> None:
    """That every action is one of a loan application, with a reason that people can be told."""
    flow = loaded.policy
    if flow.otherwise is not Action.REFER:
        raise MappingError(
            f"where no rule speaks, the policy says {flow.otherwise.word}",
            where=f"{POLICY}, otherwise",
            remedy="write `otherwise: refer`: there a person decides",
        )
    for table in flow.tables.values():
        if ACTION in {output.name for output in table.outputs}:
            _check_outputs(table, (ACTION, REASON))
            actions, why = _literals(table, ACTION), _literals(table, REASON)
            for (action, where), (reason, place) in zip(actions, why, strict=True):
                if action is not None:
                    _check_action(action, where)
                    _check_reason(reason, reasons, place)
    for step in flow.steps:
        if isinstance(step, ListStep) and step.action is not None:
            where = f"{POLICY}, step {step.name}"
            _check_action(step.action.word, where)
            _check_reason(step.reason, reasons, where)
            for entry in loaded.lists.entries:
                if entry.list == step.name and entry.reason:
                    _check_reason(entry.reason, reasons, f"{LISTS}, {entry.list}, {entry.value}")


def _check_action(action: Value, where: str) -> None:
    if action not in {each.word for each in OUTCOMES}:
        raise MappingError(
            f"{_shown(action)} is no action on a loan application",
            where=where,
            remedy=f"one of {WORDS}",
        )


def _check_reason(reason: Value, known: Collection[str], where: str) -> None:
    if reason not in known:
        raise MappingError(
            f"{_shown(reason)} is no reason",
            where=where,
            remedy=f"one of {', '.join(sorted(known))}",
        )


def _literals(table: Table, name: str) -> Iterator[tuple[Value, str]]:
    """What rules give for an output, each with its place; what is computed is refused for texts."""
    at = next(place for place, output in enumerate(table.outputs) if output.name == name)
    cells = [(rule.outputs[at], table.where(rule, f"out:{name}")) for rule in table.rules]
    default = table.outputs[at].default
    if default is not None:
        cells.append((default, f"{table.file}, default of out:{name}"))
    for expression, where in cells:
        known, value = constant_of(expression)
        if known:
            yield value, where
        elif name != SHARE:
            raise MappingError(
                f"the {name} is computed", where=where, remedy=f"write the {name} itself"
            )


def _shown(value: Value) -> str:
    return "an empty cell" if value is None else f"'{value}'"
