"""What the commands of `headrace abs` are given: a deal, what pays it, and what is assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.adapters.securitisation_files import read_rows, read_tape
from headrace.adapters.user_files import read_text, read_toml
from headrace.contracts.securitisation.book import Rates
from headrace.contracts.securitisation.deal import Deal, Step, StepKind
from headrace.contracts.securitisation.engine import Replenishment
from headrace.contracts.securitisation.flows import given_flows
from headrace.contracts.securitisation.pool import loan_lines
from headrace.contracts.securitisation.projection import Assumptions
from headrace.contracts.securitisation.revolving import Standards, offered
from headrace.contracts.securitisation.sensitivity import Cash, Scenario
from headrace.errors import InputError, MappingError
from headrace.workflows.loan_tape import Tape, bound
from headrace.workflows.securitisation import Revenue, Serviced, loans_paying
from headrace.workflows.securitisation_data import (
    Case,
    assumptions_of,
    number_of,
    rates_of,
    read_case,
    read_pool_rules,
    share_of,
)

Cdr = Annotated[
    str | None, typer.Option("--cdr", help="Defaults a year, in per cent of the balance: 2.")
]
Cpr = Annotated[
    str | None, typer.Option("--cpr", help="Prepayments a year, in per cent of the balance: 10.")
]
Recovery = Annotated[
    str | None, typer.Option("--recovery", help="Of a default that comes back, in per cent: 40.")
]
Lag = Annotated[
    int | None, typer.Option("--lag", min=0, max=600, help="Periods until it comes back.")
]
Shortfall = Annotated[
    str | None,
    typer.Option("--shortfall", help="Of a revenue right: what never comes, in per cent: 20."),
]
RateOptions = Annotated[
    list[str] | None,
    typer.Option("--rates", help="LPR5Y=4 in per cent, or a CSV with index, from, rate; repeat."),
]

TAPE = ("loan_id", "balance", "rate", "terms", "terms_left", "start", "plan")
POINTS_MAX = 200
_FLOWS = {"date": "日期", "principal": "本金", "interest": "利息"}


@dataclass(frozen=True)
class Given:
    """Options that say what is assumed; None: not given."""

    assume: Path | None
    cdr: str | None
    cpr: str | None
    recovery: str | None
    lag: int | None
    shortfall: str | None
    rates: tuple[str, ...]


@dataclass(frozen=True)
class Sources:
    """Options that say what pays the deal, and what it may buy."""

    loans: Path | None
    flows: Path | None
    assets: Path | None
    asset_rules: Path | None


@dataclass(frozen=True)
class Source:
    """What pays a deal, and the tape it comes from, if it does."""

    cash: Cash
    tape: Tape | None = None


def case_of(path: Path) -> Case:
    """A deal file.

    Raises:
        MappingError: It says something that cannot be; the place is named.
    """
    data = read_toml(path)
    try:
        return read_case(data)
    except InputError as error:
        where = f"{path}, {error.where}" if error.where else str(path)
        raise MappingError(error.problem, where=where, remedy=error.remedy or _LOOK) from error


_LOOK = "compare it with `headrace abs example gas`"


def percent_of(text: str, option: str) -> Fraction:
    """A share written in per cent, with or without its sign.

    Raises:
        InputError: It is none from 0 to 100.
    """
    try:
        return share_of(f"{text.strip().rstrip('%％')}%", option)
    except MappingError as error:
        raise InputError(
            f"{text!r} is no per cent from 0 to 100", where=option, remedy="such as 2 for 2 %"
        ) from error


def percents_of(text: str | None, option: str, otherwise: str) -> list[Fraction]:
    """A list of them, ascending and each once.

    Raises:
        InputError: One is none, or there are too many.
    """
    parts = [part for part in (text or otherwise).replace("，", ",").split(",") if part.strip()]
    if not parts or len(parts) > POINTS_MAX:
        raise InputError(
            f"{len(parts)} rates are given", where=option, remedy=f"1 to {POINTS_MAX}: 0,1,2,5"
        )
    return sorted({percent_of(part, option) for part in parts})


def shifts_of(text: str) -> list[int]:
    """Whole basis points, ascending and each once.

    Raises:
        InputError: One is none.
    """
    parts = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    try:
        shifts = sorted({int(part) for part in parts})
    except ValueError as error:
        raise InputError(
            f"{text!r} is no list of basis points", where="--shift", remedy="-50,0,50"
        ) from error
    if not shifts or len(shifts) > POINTS_MAX or max(map(abs, shifts)) > 10_000:
        raise InputError(f"{text!r}", where="--shift", remedy="-50,0,50, up to 10000 each way")
    return shifts


def scenario_of(
    case: Case | None,
    given: Given,
    *,
    cdr: str | None = None,
    cpr: str | None = None,
    shortfall: str | None = None,
) -> Scenario:
    """What is assumed: the deal's own, over it --assume, over it the options.

    Args:
        case: The deal; None: there is none yet.
        given: The options.
        cdr: Of a grid, as typed: only whether it belongs to the deal is looked at.
        cpr: The same.
        shortfall: The same.

    Raises:
        InputError: An option does not belong to the deal, or is no share.
    """
    loans = {"--cdr": cdr or given.cdr, "--cpr": cpr or given.cpr, "--recovery": given.recovery,
             "--lag": given.lag}  # fmt: skip
    revenue = case is not None and case.right is not None
    wrong = [key for key, value in loans.items() if value is not None] if revenue else []
    if not revenue and (shortfall or given.shortfall):
        wrong = ["--shortfall"]
    if wrong:
        raise InputError(
            f"{wrong[0]} means nothing here",
            where=wrong[0],
            remedy="a revenue right has no loans: --shortfall says what never comes"
            if revenue
            else "loans default and prepay: --cdr, --cpr, --recovery, --lag",
        )
    if revenue:
        missing = percent_of(given.shortfall, "--shortfall") if given.shortfall else Fraction(0)
        return Scenario("base", Assumptions((float(missing),)))
    base = Assumptions() if case is None else case.assumptions
    if given.assume is not None:
        data = {key: value for key, value in read_toml(given.assume).items() if key not in _RATES}
        base = assumptions_of(data, str(given.assume), base)
    texts = {"cdr": given.cdr, "cpr": given.cpr, "recovery": given.recovery}
    written: dict[str, Any] = {
        key: percent_of(text, f"--{key}") for key, text in texts.items() if text is not None
    }
    if given.lag is not None:
        written["lag"] = given.lag
    return Scenario("base", assumptions_of(written, "options", base))


_RATES = {"rates", "基准利率", "notice", "声明"}


def rates_given(case: Case | None, given: Given) -> Rates:
    """Index rates: the deal's own, over them those of --assume, over them --rates.

    Raises:
        InputError: A rate is none.
    """
    out: dict[str, Sequence[tuple[date, int]]] = {} if case is None else dict(case.rates)
    if given.assume is not None:
        data = read_toml(given.assume)
        for key in ("rates", "基准利率"):
            out |= rates_of(data.get(key, {}), f"{given.assume} {key}")
    for text in given.rates:
        name, equals, rate = text.partition("=")
        if equals:
            out |= rates_of({name.strip(): f"{rate.strip().rstrip('%％')}%"}, "--rates")
        else:
            out |= _curves(Path(text))
    return out


def _curves(path: Path) -> Rates:
    written: dict[str, list[tuple[str, str]]] = {}
    for row in read_rows(path, ("index", "from", "rate")):
        written.setdefault(row["index"].strip(), []).append((row["from"].strip(), row["rate"]))
    return rates_of(written, str(path))


def cash_of(case: Case, sources: Sources, scenario: Scenario, rates: Rates) -> Source:
    """What pays the deal: loans, a servicer's flows, or the revenue right of its file.

    Raises:
        InputError: Nothing does, or two things do.
    """
    named = [sources.loans is not None, sources.flows is not None, case.right is not None]
    if sum(named) != 1:
        raise InputError(
            "nothing pays the deal" if not any(named) else "more than one thing pays the deal",
            where="--loans, --flows, [revenue]",
            remedy="give a loan tape by --loans, a servicer's flows by --flows, "
            "or [revenue] in the deal file",
        )
    if case.right is not None:
        return Source(Revenue(case.right, case.stops, rates))
    assets = _assets(case.deal, sources, scenario)
    if sources.flows is not None:
        return Source(_serviced(sources.flows, case.deal, rates, assets))
    assert sources.loans is not None  # noqa: S101 - one of three, and it is not the others
    tape = read_tape(sources.loans, TAPE)
    return Source(loans_paying(loan_lines(tape.table), case.deal, rates, assets), tape)


def _assets(deal: Deal, sources: Sources, scenario: Scenario) -> Replenishment | None:
    if sources.assets is None:
        if any(_buys(steps) for steps in deal.waterfalls.values()):
            raise InputError(
                "the deal buys assets, and none are given",
                where="--assets",
                remedy="a loan tape of what it may buy; `headrace abs example loans` shows one",
            )
        return None
    tape = read_tape(sources.assets, TAPE)
    standards = Standards()
    if sources.asset_rules is not None:
        rules = read_pool_rules(read_toml(sources.asset_rules), str(sources.asset_rules))
        standards = bound(rules.standards, tape.table)
    return offered(tape.table, standards, scenario.assumptions).assets


def _buys(steps: Sequence[Step]) -> bool:
    return any(
        step.kind is StepKind.BUY_ASSETS or _buys(step.then) or _buys(step.otherwise)
        for step in steps
    )


def _serviced(path: Path, deal: Deal, rates: Rates, assets: Replenishment | None) -> Serviced:
    headers = read_text(path).partition("\n")[0]
    names = _FLOWS if "日期" in headers else {key: key for key in _FLOWS}
    listed = read_rows(path, tuple(names.values()))
    rows = [{key: row[name] for key, name in names.items()} for row in listed]
    read = sorted(_flow(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1))
    if not read:
        raise InputError("no flow is given", where=str(path), remedy="date, principal, interest")
    flows = given_flows(sum(row[1] for row in read), read)
    return Serviced(flows, deal.calendar.cutoff, rates, assets)


def _flow(row: Mapping[str, str], where: str) -> tuple[date, int, int]:
    try:
        on = date.fromisoformat(row["date"].strip())
    except ValueError as error:
        raise InputError(f"{row['date']!r} is no date", where=where, remedy="2026-11-22") from error
    amounts = [number_of(row[key], f"{where} {key}") * 100 for key in ("principal", "interest")]
    if any(one.denominator != 1 or one < 0 for one in amounts):
        raise InputError("an amount is none in yuan", where=where, remedy="such as 1234.56")
    return on, int(amounts[0]), int(amounts[1])
