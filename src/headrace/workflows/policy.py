"""A pack's policy files, read and checked as a whole before any data are touched."""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from headrace.decisions.evaluate import conflicts
from headrace.decisions.lending.decision import Outcome
from headrace.decisions.lending.economics import Economics, parse_economics
from headrace.decisions.lending.stress import Scenario, parse_scenarios
from headrace.decisions.table import DecisionTable, parse_table
from headrace.errors import MappingError
from headrace.pack import Pack, Text
from headrace.workflows.industry import parse_words

TABLES = ("access", "limit")
RATING_CLASS = "rating_class"
OUTCOMES = {outcome.value: outcome for outcome in Outcome}
WANTED = {"access": {"outcome", "reason"}, "limit": {"turnover_share"}}


@dataclass(frozen=True)
class Policy:
    """What decides, beside the score.

    Attributes:
        economics: Money of the book.
        tables: Who may borrow (`access`) and how much (`limit`).
        scenarios: Stress.
        words: Words in a name that tell the industry.
        digests: SHA-256 of what each part means, hexadecimal, by name.
    """

    economics: Economics
    tables: Mapping[str, DecisionTable]
    scenarios: tuple[Scenario, ...]
    words: tuple[tuple[str, str], ...]
    digests: Mapping[str, str]

    def with_budget(self, budget_minor: int | None) -> "Policy":
        """The same policy under another budget; None keeps it."""
        if budget_minor is None:
            return self
        return replace(self, economics=self.economics.with_budget(budget_minor))


def parse_policy(pack: Pack) -> Policy:
    """The policy that the files of a pack state.

    Raises:
        MappingError: Naming file, row and column of the first thing that cannot be, and what
            would be right.
        InputError: If the pack does not lend.
    """
    lending = pack.require_lending()
    files = lending.files
    economics = parse_economics(files["economics.toml"], "economics.toml")
    tables = {name: parse_table(files[f"{name}.csv"], f"{name}.csv") for name in TABLES}
    scenarios = parse_scenarios(files["scenarios.csv"], "scenarios.csv")
    words = parse_words(files["industries.csv"], "industries.csv")
    features = {feature.name for feature in pack.features}
    for name, table in tables.items():
        _check_columns(table, name, features | {RATING_CLASS})
    _check_limit(tables["limit"])
    _check_access(tables["access"], set(lending.reasons))
    for scenario in scenarios:
        for change in scenario.changes:
            _check_known(change.feature, features, f"scenarios.csv, row {change.row}")
    digests = {f"table:{name}": table.digest() for name, table in tables.items()}
    digests["economics"] = hashlib.sha256(files["economics.toml"].encode()).hexdigest()
    return Policy(economics, tables, scenarios, words, digests)


def remarks(policy: Policy) -> tuple[Text, ...]:
    """What is odd about a policy whoever applies: rules that can never speak, or speak at once."""
    found = []
    for name, table in policy.tables.items():
        for problem in conflicts(table):
            first, second = problem.rows
            found.append(
                Text(
                    f"{name}.csv: row {second} never speaks, because row {first} is met "
                    "wherever it is",
                    f"{name}.csv：第 {second} 行永远不会生效，因为第 {first} 行总是先命中",
                )
                if problem.code == "shadowed"
                else Text(
                    f"{name}.csv: rows {first} and {second} can be met together",
                    f"{name}.csv：第 {first} 行与第 {second} 行可能同时命中",
                )
            )
    known = {industry for _, industry in policy.words}
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


def _check_columns(table: DecisionTable, name: str, inputs: set[str]) -> None:
    for each in table.inputs:
        _check_known(each, inputs, f"{name}.csv, header, in:{each}")
    missing = WANTED[name] - set(table.outputs)
    if missing:
        raise MappingError(
            f"the table gives no {', '.join(sorted(missing))}",
            where=f"{name}.csv, header",
            remedy="add a column " + ", ".join(f"out:{each}" for each in sorted(missing)),
        )


def _check_known(name: str, known: set[str], where: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), n=1)
        raise MappingError(
            f"there is no feature {name!r}",
            where=where,
            remedy=f"is {near[0]} meant?" if near else "docs/reference lists the features",
        )


def _check_limit(table: DecisionTable) -> None:
    at = table.outputs.index("turnover_share")
    for rule in table.rules:
        share = rule.outputs[at]
        if share is not None and not (isinstance(share, Decimal) and 0 <= share <= 1):
            raise MappingError(
                f"{share!r} is no share of turnover",
                where=table.where(rule.row, "out:turnover_share"),
                remedy="a number from 0 to 1, such as 0.25 for a quarter",
            )


def _check_access(table: DecisionTable, reasons: set[str]) -> None:
    for column, known in {"outcome": set(OUTCOMES), "reason": reasons}.items():
        at = table.outputs.index(column)
        for rule in table.rules:
            if rule.outputs[at] not in known:
                raise MappingError(
                    f"{rule.outputs[at]!r} is no {column}",
                    where=table.where(rule.row, f"out:{column}"),
                    remedy=f"one of {', '.join(sorted(known))}",
                )
