"""`headrace abs`: securitisations from a deal file to the last yuan, and what goes with them."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer

from headrace.adapters import printing
from headrace.adapters import securitisation_files as files
from headrace.adapters.printing import issuance as printing_issuance
from headrace.adapters.printing import securitisation as printing_securitisation
from headrace.adapters.printing import securitisation_stress as printing_securitisation_stress
from headrace.adapters.printing.issuance import Checked
from headrace.adapters.printing.securitisation import Shown
from headrace.adapters.store import csv_bytes
from headrace.adapters.user_files import read_text, read_toml, write_file
from headrace.commands.options import AsJson, Language
from headrace.commands.securitisation_given import (
    Cdr,
    Cpr,
    Given,
    Lag,
    RateOptions,
    Recovery,
    Shortfall,
    Sources,
    case_of,
    cash_of,
    percents_of,
    rates_given,
    scenario_of,
    shifts_of,
)
from headrace.contracts.securitisation import pool
from headrace.contracts.securitisation.absbox import Comparison, compare, from_absbox
from headrace.contracts.securitisation.amounts import PPM
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.projection import ABSBOX, project
from headrace.contracts.securitisation.rules import Rule, rule_book, shipped_rules
from headrace.contracts.securitisation.shelf import Finding, Refusal, issue, retention
from headrace.contracts.securitisation.trace import through_row, trace
from headrace.errors import HeadraceError, InputError
from headrace.workflows.loan_tape import balance_of, bound, split_of
from headrace.workflows.securitisation import (
    TABLES,
    Outcome,
    covered,
    flow_sums,
    grid_points,
    outcome,
    rows_table,
    sensitivities,
    tables,
)
from headrace.workflows.securitisation_data import read_issue, read_pool_rules, read_shelf

app = typer.Typer(help="Securitisations: pools, waterfalls, where each yuan went, stress, shelves.")

DealFile = Annotated[Path, typer.Argument(help="The deal, as TOML; `abs example gas` shows one.")]
Loans = Annotated[Path | None, typer.Option("--loans", help="Loan tape: .csv, .xlsx, .parquet.")]
FlowsFile = Annotated[
    Path | None,
    typer.Option("--flows", help="What a servicer expects: CSV with date, principal, interest."),
]
Assets = Annotated[
    Path | None, typer.Option("--assets", help="Loan tape that a revolving deal may buy from.")
]
AssetRules = Annotated[
    Path | None, typer.Option("--asset-rules", help="What a loan must be to be bought, as TOML.")
]
Assume = Annotated[Path | None, typer.Option("--assume", help="Assumptions and rates, as TOML.")]
OwnRules = Annotated[
    Path | None, typer.Option("--rules", help="Own rules on cover and retention, as TOML.")
]
Folder = Annotated[Path, typer.Argument(help="The folder that `abs run --out` wrote.")]


@app.command("example")
def example_command(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(files.EXAMPLES)}.")] = "gas",
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all of them into this folder.")
    ] = None,
) -> None:
    """Print a file to start from, simulated and assumed: a deal, loans, rules, a programme."""
    if name not in files.EXAMPLES:
        raise InputError(
            f"there is no example {name!r}", where="NAME", remedy=", ".join(files.EXAMPLES)
        )
    if out is None:
        printing.line(files.example(name).removeprefix("\ufeff").rstrip("\n"))
        return
    files.made(out)
    for each, file in files.EXAMPLES.items():
        write_file(out / file, files.example(each).encode())
        printing.line(str(out / file))


@app.command("run")
def run_command(  # noqa: PLR0913 - a command has a parameter per option
    deal: DealFile,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the report (XLSX, CSV) and the trace.")
    ] = None,
    loans: Loans = None,
    flows: FlowsFile = None,
    assets: Assets = None,
    asset_rules: AssetRules = None,
    assume: Assume = None,
    cdr: Cdr = None,
    cpr: Cpr = None,
    recovery: Recovery = None,
    lag: Lag = None,
    shortfall: Shortfall = None,
    rates: RateOptions = None,
    rules: OwnRules = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Run a deal: who is paid what and when, triggers with their values, every yuan followed."""
    case = case_of(deal)
    given = Given(assume, cdr, cpr, recovery, lag, shortfall, tuple(rates or ()))
    scenario = scenario_of(case, given)
    curves = rates_given(case, given)
    source = cash_of(case, Sources(loans, flows, assets, asset_rules), scenario, curves)
    book = _rule_book(rules)
    with _running(deal):
        found = outcome(source.cash.run(case.deal, scenario))
        if case.right is not None:
            found = covered(found, book)
    shown = Shown(
        case.notice,
        scenario.assumptions,
        case.right is not None,
        source.tape,
        0 if source.tape is None else balance_of(source.tape.table),
        tuple((name, curve[-1][1] / PPM) for name, curve in curves.items()),
        out,
        _worse(deal, loans, flows),
    )
    told = found.to_dict() | {
        "notice": case.notice,
        "assumed": vars(scenario.assumptions),
        "set_aside": 0 if source.tape is None else source.tape.aside.num_rows,
    }
    if out is not None:
        with _running(deal):
            _write(out, found, shown, told)
    if as_json:
        printing.as_json(told)
    else:
        printing_securitisation.outcome(found, shown, lang)


def _rule_book(path: Path | None) -> tuple[Rule, ...]:
    return shipped_rules() if path is None else rule_book(read_text(path), str(path))


@contextmanager
def _running(deal: Path) -> Iterator[None]:
    """Errors of a run name the deal; amounts of a table are 64 bits of minor units."""
    try:
        yield
    except InputError as error:
        where = f"{deal}, {error.where}" if error.where else str(deal)
        raise InputError(error.problem, where=where, remedy=error.remedy or _LOOK) from error
    except (OverflowError, pa.ArrowException) as error:
        raise InputError(
            f"an amount is beyond what can be reckoned with ({error})",
            where=str(deal),
            remedy="amounts below 90 trillion yuan; look for a number with too many digits",
        ) from error


def _write(out: Path, found: Outcome, shown: Shown, told: dict[str, Any]) -> None:
    tape = shown.tape
    labels = [("交易", found.run.deal.name), ("声明", shown.notice)]
    labels += [("资产池文件抬头", "" if tape is None else tape.title)]
    labels += [("假设", printing_securitisation.assumed(shown, "zh"))]
    named = _labelled(labels, tables(found))
    if tape is not None and tape.aside.num_rows:
        named[ASIDE] = tape.aside
    exact = {files.ROWS_FILE: rows_table(found.run), files.TRACE: trace(found.run)}
    files.write_results(out, named, exact, json.dumps(told, default=str, ensure_ascii=False))
    files.remove_stale(out, [name for name in (*TABLES, ASIDE) if name not in named])


_LOOK = "compare it with `headrace abs example loans-deal`"
ASIDE = "未入池的行"


def _worse(deal: Path, loans: Path | None, flows: Path | None) -> str:
    """The command that stresses the same deal."""
    given = {"--loans": loans, "--flows": flows}
    pays = [word for key, path in given.items() if path is not None for word in (key, str(path))]
    return shlex.join(["headrace", "abs", "sensitivity", str(deal), *pays])


@app.command("trace")
def trace_command(
    folder: Folder,
    *,
    row: Annotated[
        int | None, typer.Option("--row", min=0, help="Number of a row of 资金收付明细.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write a CSV that Excel opens.")] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Where the yuan of a row came from and where it went; without --row, all of them in sums."""
    rows, ways, told = files.read_results(folder)
    if row is None:
        found = flow_sums(ways)
    else:
        chosen = rows.filter(pc.equal(rows["number"], row)).to_pylist()
        if not chosen:
            raise InputError(
                f"there is no row {row}", where="--row", remedy=f"0 to {rows.num_rows - 1}"
            )
        found = through_row(ways, row)
    if out is not None:
        write_file(out, csv_bytes(_flat(found)))
    if as_json:
        value: Any = found.to_pylist()
        printing.as_json(value if row is None else {"row": chosen[0], "parts": value})
    elif out is not None:
        printing.line(f"{out}: {found.num_rows:,} × {found.num_columns}")
    elif row is None:
        printing_securitisation.flows_traced(found, told["currency"], lang)
    else:
        printing_securitisation.row_traced(chosen[0], found, told["currency"], lang)


@app.command("sensitivity")
def sensitivity_command(  # noqa: PLR0913 - a command has a parameter per option
    deal: DealFile,
    *,
    cdr: Annotated[
        str | None, typer.Option("--cdr", help="Default rates in per cent, such as 0,1,2,5.")
    ] = None,
    cpr: Annotated[
        str | None, typer.Option("--cpr", help="Prepayment rates in per cent, such as 5,10.")
    ] = None,
    shortfall: Annotated[
        str | None,
        typer.Option("--shortfall", help="Revenue that never comes, in per cent: 0,10,20."),
    ] = None,
    shift: Annotated[
        str, typer.Option("--shift", help="Added to index rates, in basis points: -50,0,50.")
    ] = "0",
    loans: Loans = None,
    flows: FlowsFile = None,
    assets: Assets = None,
    asset_rules: AssetRules = None,
    assume: Assume = None,
    recovery: Recovery = None,
    lag: Lag = None,
    rates: RateOptions = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write a CSV that Excel opens.")] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Life, yield and shortfall of each class as borrowers pay worse, and what it can bear."""
    case = case_of(deal)
    given = Given(assume, None, None, recovery, lag, None, tuple(rates or ()))
    base = scenario_of(case, given, cdr=cdr, cpr=cpr, shortfall=shortfall)
    if case.right is not None:
        defaults = percents_of(shortfall, "--shortfall", "0,10,20,30,40")
    else:
        defaults = percents_of(cdr, "--cdr", "0,1,2,5,10")
    prepayments = percents_of(cpr, "--cpr", f"{base.assumptions.prepayment[0]:.10%}")
    points = grid_points(defaults, prepayments, shifts_of(shift), base)
    curves = rates_given(case, given)
    source = cash_of(case, Sources(loans, flows, assets, asset_rules), base, curves)
    with _running(deal), printing_securitisation_stress.runs(lang, quiet=as_json) as tick:
        found = sensitivities(case.deal, source.cash, points, base, tick)
    if out is not None:
        write_file(out, csv_bytes(found.grid))
    if as_json:
        printing.as_json(
            {
                "notice": case.notice,
                "base": vars(base.assumptions),
                "grid": found.grid.to_pylist(),
                "first_loss": found.first_loss,
            }
        )
        return
    if out is not None:
        printing.line(f"{out}: {found.grid.num_rows:,} × {found.grid.num_columns}")
    shown = Shown(case.notice, base.assumptions, case.right is not None, source.tape)
    printing_securitisation_stress.sensitivities(found, shown, case.deal.currency, lang)


@app.command("check")
def check_command(
    loans: Annotated[Path, typer.Argument(help="Loan tape: .csv, .xlsx, .parquet.")],
    *,
    rules: Annotated[Path, typer.Option("--rules", help="Standards, limits and strata, as TOML.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write a workbook (.xlsx): every loan and reason.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Which loans may enter a pool and why not, how concentrated it is; exit 1 if not all may."""
    wanted, tape = read_pool_rules(read_toml(rules), str(rules)), files.read_tape(loans)
    standards = bound(wanted.standards, tape.table)
    reasons = pool.eligible(tape.table, standards.loans)
    kept = tape.table.filter(reasons["eligible"])
    strata = {}
    for split in wanted.splits:
        column = split_of(tape.table, split)
        strata[split.column] = pool.strata(kept, column, split.edges)
    found = Checked(
        tape,
        reasons,
        pool.concentration(kept, standards.limits),
        strata,
        balance_of(tape.table),
        balance_of(kept),
        wanted.notice,
    )
    if out is not None:
        if out.suffix.lower() != ".xlsx":
            raise InputError(
                f"{out.suffix or 'nothing'} is no workbook", where=str(out), remedy="name a .xlsx"
            )
        write_file(out, files.workbook(_check_tables(found)))
    if as_json:
        printing.as_json(
            {
                "passes": found.passes,
                "balance_minor": found.balance,
                "eligible_minor": found.kept,
                "set_aside": tape.aside.to_pylist(),
                "loans": reasons.to_pylist(),
                "limits": found.limits.to_pylist(),
                "strata": {name: table.to_pylist() for name, table in strata.items()},
            }
        )
    else:
        printing_issuance.checked(found, lang)
    if not found.passes:
        raise typer.Exit(1)


def _labelled(
    labels: Sequence[tuple[str, str]], named: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """The tables behind one that says what they are: made up, assumed."""
    kept = [label for label in labels if label[1]]
    about = pa.table({"项目": [key for key, _ in kept], "内容": [text for _, text in kept]})
    return {"说明": about, **named}


def _check_tables(found: Checked) -> dict[str, pa.Table]:
    labels = [("声明", found.notice), ("资产池文件抬头", found.tape.title)]
    out = _labelled(labels, {"合格性": found.reasons, "集中度": found.limits})
    for number, table in enumerate(found.strata.values(), start=1):
        out[f"分层{number}"] = table
    return out | {ASIDE: found.tape.aside}


@app.command("compare")
def compare_command(  # noqa: PLR0913 - a command has a parameter per option
    request: Annotated[Path, typer.Argument(help="AbsBox's request: .json or .json.gz.")],
    response: Annotated[Path, typer.Argument(help="Its response: .json or .json.gz.")],
    *,
    cdr: Cdr = None,
    cpr: Cpr = None,
    rates: RateOptions = None,
    assume: Assume = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Run AbsBox's deal here and compare every statement to the cent; exit 1 where one differs.

    A request holds no assumptions: give those of its run by --cdr, --cpr, --rates or --assume.
    """
    given = Given(assume, cdr, cpr, None, None, None, tuple(rates or ()))
    scenario, curves = scenario_of(None, given), rates_given(None, given)
    try:
        read = from_absbox(files.read_json(request))
        flows = project(read.lines, scenario.assumptions, read.as_of, curves, ABSBOX)
        done = run(read.deal, flows, curves)
    except HeadraceError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _no_absbox(request, "request", error) from error
    found = _compared(done, response)
    if as_json:
        equal = found.equal()
        printing.as_json(
            {
                "deal": read.deal.name,
                "cells": found.cells,
                "equal": equal,
                "differences": [vars(one) for one in found.differences],
            }
        )
    else:
        printing_issuance.compared(found, read.deal.name, lang)
    if found.differences:
        raise typer.Exit(1)


def _compared(done: Any, response: Path) -> Comparison:
    try:
        return compare(done, files.read_json(response))
    except HeadraceError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _no_absbox(response, "response", error) from error


def _no_absbox(path: Path, what: str, error: Exception) -> InputError:
    return InputError(
        f"it is no {what} of AbsBox to this deal ({type(error).__name__}: {error})",
        where=str(path),
        remedy="the JSON that AbsBox sent to, or had from, its server; request first",
    )


@app.command("shelf")
def shelf_command(
    shelf: Annotated[Path, typer.Argument(help="The programme, as TOML.")],
    series: Annotated[list[Path], typer.Argument(help="Series to issue, in order, as TOML.")],
    *,
    rules: OwnRules = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Whether a programme lets series be issued, what is left, what the originator keeps.

    Exit 1 where one may not be issued, or too little is kept.
    """
    book = _rule_book(rules)
    current = read_shelf(read_toml(shelf), str(shelf))
    told, holds = [], True
    for path in series:
        wanted = read_issue(read_toml(path), str(path))
        current, refusal = issue(current, wanted.series)
        kept = retention(wanted.bonds, wanted.held, book, wanted.kind, wanted.series.issued)
        holds = holds and refusal is None and all(each.passes for each in kept)
        if not as_json:
            printing_issuance.issued(current, wanted, refusal, kept, lang)
        told.append(_issue_dict(wanted.series.name, refusal, kept))
    if as_json:
        printing.as_json({"holds": holds, "remaining_minor": current.remaining, "series": told})
    if not holds:
        raise typer.Exit(1)


def _issue_dict(name: str, refusal: Refusal | None, kept: list[Finding]) -> dict[str, Any]:
    return {
        "series": name,
        "refusal": refusal,
        "retention": [
            {
                "rule": each.rule.id,
                "clause": each.rule.clause,
                "verified": each.rule.verified,
                "value": None if each.value is None else float(each.value),
                "passes": each.passes,
            }
            for each in kept
        ],
    }


def _flat(found: pa.Table) -> pa.Table:
    """Lists of row numbers as text, for a CSV."""
    if "via" not in found.column_names:
        return found
    at = found.column_names.index("via")
    texts = [" ".join(map(str, via)) for via in found["via"].to_pylist()]
    return found.set_column(at, "via", pa.array(texts, pa.string()))
