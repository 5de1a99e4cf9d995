"""`headrace loan`: one loan, or a book of them, from its terms to its last day."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import (
    write_contract_table,
)
from headrace.adapters.events import check_writable, quarantine_path
from headrace.adapters.printing import loan as printing_loan
from headrace.adapters.user_files import read_text
from headrace.adapters.user_tables import UserTable, read_user_table
from headrace.adapters.wall_clock import now
from headrace.clock import local_day
from headrace.commands.loan_terms import on_terms, terms_file
from headrace.commands.options import AsJson, Language
from headrace.contracts.classification.tables import read_tables, shipped_tables
from headrace.contracts.classification.words import Language as Words
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.disclosure import cost
from headrace.contracts.lending.schedule import Instalment, schedule
from headrace.contracts.lending.terms import Terms
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.money import MINOR_PER_MAJOR
from headrace.workflows.claim_columns import (
    CLAIM_HEADERS,
    CLAIM_NEEDED,
    classified,
    typed_claims,
)
from headrace.workflows.loan import agreement_of
from headrace.workflows.loan_columns import (
    INSTALMENTS,
    LOAN_HEADERS,
    LOAN_NEEDED,
    REFUSED,
    by_year,
    parts,
    refusals,
    typed_loans,
)
from headrace.workflows.loan_costs import law_of
from headrace.workflows.loan_file import (
    Told,
    read_document,
    read_option_day,
    told_of,
    told_of_rows,
)
from headrace.workflows.loan_steps import last_day, movements_table, story

app = typer.Typer(help="Loans: schedules, what they cost, their days, books of them, classes.")

ZONE = "Asia/Shanghai"
EVENT_HEADERS = {
    "event": ("event", "事项", "交易类型"),
    "on": ("on", "date", "日期", "交易日期"),
    "amount": ("amount", "金额"),
    "amount_minor": ("amount_minor",),
    "rate": ("rate", "利率", "年利率"),
    "name": ("name", "名称"),
    "after": ("after", "提前还款后"),
    "to": ("to", "入账"),
    "late": ("late", "后知", "倒起息"),
}
Out = Annotated[Path | None, typer.Option("--out", help="Write .csv, .xlsx or .parquet.")]
Currency = Annotated[str, typer.Option("--currency", help="Of all amounts.")]
Book = Annotated[Path, typer.Argument(help=".csv, .xlsx or .parquet, a row a loan.")]
On = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="The day.")]


@app.command("schedule")
@on_terms
def schedule_command(
    terms: Terms, *, out: Out = None, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """What falls due and when, with its totals: from options, or from a TERMS.toml."""
    rows = schedule(terms, CHINA)
    if out is not None:
        _written(_instalments(rows, terms), out, terms.currency, lang, as_json=as_json)
    if as_json:
        printing.as_json(
            {"terms": asdict(terms), "instalments": [_row(row) for row in rows], **_totals(rows)}
        )
    elif out is None:
        printing_loan.schedule(terms, rows, lang)


@app.command("cost")
@on_terms
def cost_command(
    terms: Terms,
    *,
    lender: Annotated[
        str, typer.Option("--lender", help="financial, or private: whose ceilings count.")
    ] = "financial",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What a loan costs a year, all fees in it, and the ceilings in force when it starts."""
    told = law_of(terms, lender)
    found = cost(terms, schedule(terms, CHINA))
    if as_json:
        printing.as_json(
            {
                "principal_minor": terms.principal,
                "interest_minor": found.interest,
                "fees_minor": found.fees,
                "total_minor": found.total,
                "compound": found.compound,
                "nominal": found.nominal,
                "simple": found.simple,
                "ceilings": [
                    {
                        **asdict(each.ceiling),
                        "clause": asdict(each.clause),
                        "above": found.compound > float(each.ceiling.rate),
                    }
                    for each in told.ceilings
                ],
                "penalties": [{**asdict(each), "holds": each.holds} for each in told.penalties],
            }
        )
    else:
        printing_loan.cost(terms, found, told, lang)


@app.command("many")
def many_command(
    book: Book,
    *,
    out: Out = None,
    currency: Currency = "CNY",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The instalments of a book, a row a loan; rows that cannot be are told beside the result."""
    _check_currency(currency)
    if out is not None:
        check_writable(out)
    sheet = read_user_table(book, LOAN_HEADERS, LOAN_NEEDED)
    read = typed_loans(sheet.columns, sheet.rows, currency)
    found, loans, refused = [INSTALMENTS.empty_table()], 0, [_ragged(sheet), read.refused]
    with printing_loan.loans_bar(read.table.num_rows, lang, quiet=as_json) as tick:
        for part in parts(read, CHINA):
            found.append(part.instalments)
            refused.append(part.refused)
            loans += part.loans
            tick(part.loans + part.refused.num_rows)
    instalments = pa.concat_tables(found)
    wrong = _as_headed(pa.concat_tables(refused), sheet)
    beside = _put(instalments, wrong, out, currency, lang)
    years = by_year(instalments)
    if as_json:
        head = {"loans": loans, "refused": wrong.to_pylist(), "ignored": list(sheet.ignored)}
        head |= {"instalments": instalments.num_rows, "years": years.to_pylist()}
        printing.as_json({**head, "out": None if out is None else str(out)})
        return
    printing_loan.book(years, loans, instalments.num_rows, currency, lang)
    if out is not None:
        printing.line(f"{out}: {instalments.num_rows:,} × {instalments.num_columns}")
    printing_loan.refused(wrong, beside, lang)
    printing_loan.ignored(sheet.ignored, lang)


@app.command("replay")
def replay_command(
    events: Annotated[Path, typer.Argument(help="EVENTS.toml, or a table: event, on, amount, ….")],
    *,
    terms: Annotated[Path, typer.Option("--terms", help="TERMS.toml of the loan.")],
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Day to stop; else the last event's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the movements: .csv, .xlsx or .parquet.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """A loan by the day from its events, with the effect of those that are marked late."""
    stop = None if until is None else read_option_day(until, "--until")
    agreed = terms_file(terms, stop)
    told = _events(events, agreed).paid_out(agreed)
    day = last_day(told) if stop is None else stop
    if day < agreed.start:
        problem = f"{day} is before the loan starts"
        raise InputError(problem, where="--until", remedy=f"a day from {agreed.start} on")
    found = story(agreement_of(agreed), told, day)
    if out is not None:
        _written(found.movements, out, agreed.currency, lang, as_json=as_json)
    if as_json:
        value: dict[str, Any] = {"until": day, "status": found.account.status.value}
        value |= {"quote": None if found.quote is None else asdict(found.quote)}
        value |= {"steps": found.steps.to_pylist(), "movements": found.movements.to_pylist()}
        value["correction"] = None
        if found.correction is not None:
            value["correction"] = {
                "settlement_minor": found.correction.settlement,
                "movements": movements_table(found.correction.movements).to_pylist(),
                "unsettled": [[asdict(event), why.value] for event, why in found.unsettled],
            }
        printing.as_json(value)
    elif out is None:
        printing_loan.story(agreed, found, day, lang)


@app.command("classify")
def classify_command(  # noqa: PLR0913 - a command has a parameter per option
    book: Annotated[Path, typer.Argument(help=".csv, .xlsx or .parquet, a row a claim.")],
    *,
    on: On = None,
    tables: Annotated[
        Path | None, typer.Option("--rules", help="Your own file of rules of the classes.")
    ] = None,
    out: Out = None,
    currency: Currency = "CNY",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The five classes of a book, why, and the day on which each claim reaches the next one."""
    _check_currency(currency)
    if out is not None:
        check_writable(out)
    day = local_day(instant_of(now()), ZONE) if on is None else read_option_day(on, "--on")
    rules = shipped_tables() if tables is None else read_tables(read_text(tables), str(tables))
    sheet = read_user_table(book, CLAIM_HEADERS, CLAIM_NEEDED)
    read = typed_claims(sheet.columns, sheet.rows, currency)
    found = classified(read, rules, day, Words(lang))
    wrong = _as_headed(pa.concat_tables([_ragged(sheet), read.refused]), sheet)
    beside = _put(found.table, wrong, out, currency, lang)
    if as_json:
        value: dict[str, Any] = {"on": day, "bad_share": found.bad_share}
        value["classes"] = {
            grade.name.lower(): {"claims": found.count[grade], "amount_minor": amount}
            for grade, amount in found.amount.items()
        }
        value |= {"refused": wrong.to_pylist(), "ignored": list(sheet.ignored)}
        printing.as_json({**value, "claims": found.table.to_pylist()})
        return
    printing_loan.classes(found, day, currency, lang)
    if out is not None:
        printing.line(f"{out}: {found.table.num_rows:,} × {found.table.num_columns}")
    printing_loan.refused(wrong, beside, lang)
    printing_loan.ignored(sheet.ignored, lang)


def _events(path: Path, terms: Terms) -> Told:
    if path.suffix.lower() == ".toml":
        told = told_of(read_document(read_text(path), str(path)), terms, str(path))
    else:
        sheet = read_user_table(path, EVENT_HEADERS, ("event", "on"))
        if sheet.ragged:
            where = f"{path}, row {sheet.ragged[0].row}"
            remedy = "one cell for each heading"
            raise InputError("a row does not fit the header", where=where, remedy=remedy)
        rows = [
            (f"{path}, row {row}", each)
            for row, each in zip(sheet.rows.tolist(), sheet.columns.to_pylist(), strict=True)
        ]
        told = told_of_rows(rows, terms)
    if not (told.known or told.late):
        remedy = '[[event]] with event = "repay", on = 2026-03-01, amount = 1_000'
        raise InputError("there is no event", where=str(path), remedy=remedy)
    return told


def _put(
    table: pa.Table, wrong: pa.Table, out: Path | None, currency: str, lang: str
) -> str | None:
    """Write a result and, beside it, the rows that were not used; where those are."""
    if out is None:
        return None
    heads = printing_loan.headings(lang)
    if "class" in table.column_names:
        heads["number"] = heads["number_seen"]
    write_contract_table(out, table, heads, currency)
    beside = quarantine_path(out)
    if not wrong.num_rows:
        beside.unlink(missing_ok=True)
        return None
    write_contract_table(beside, wrong, heads | {"row": "行" if lang == "zh" else "Row"})
    return str(beside)


def _written(table: pa.Table, out: Path, currency: str, lang: str, *, as_json: bool) -> None:
    write_contract_table(out, table, printing_loan.headings(lang), currency)
    if not as_json:
        printing.line(f"{out}: {table.num_rows:,} × {table.num_columns}")


def _ragged(sheet: UserTable) -> pa.Table:
    remedy = "Give as many cells as the header has."
    told = [(each.row, str(each.row), "", each.text[:200], remedy) for each in sheet.ragged]
    return refusals(told) if told else REFUSED.empty_table()


def _as_headed(refused: pa.Table, sheet: UserTable) -> pa.Table:
    """Refusals in the order of rows, each column as the file calls it."""
    heads = [sheet.heads.get(name, name) for name in refused["field"].to_pylist()]
    at = refused.schema.get_field_index("field")
    return refused.set_column(at, REFUSED.field("field"), pa.array(heads, pa.string())).sort_by(
        "row"
    )


def _instalments(rows: tuple[Instalment, ...], terms: Terms) -> pa.Table:
    names = [name for name in INSTALMENTS.names if name not in ("loan", "rate")]
    schema = pa.schema([INSTALMENTS.field(name) for name in names])
    return pa.Table.from_pylist([_row(row) for row in rows], schema)


def _row(row: Instalment) -> dict[str, Any]:
    amounts = ("opening", "principal", "interest", "subsidy", "fee", "payment", "closing")
    days = {name: getattr(row, name) for name in ("number", "start", "due", "pay_on", "final")}
    return {**days, **{f"{name}_minor": getattr(row, name) for name in amounts}}


def _totals(rows: tuple[Instalment, ...]) -> dict[str, int]:
    names = ("principal", "interest", "subsidy", "fee", "payment")
    return {f"{name}_minor": sum(getattr(row, name) for row in rows) for name in names}


def _check_currency(currency: str) -> None:
    if currency not in MINOR_PER_MAJOR:
        remedy = f"one of {', '.join(MINOR_PER_MAJOR)}"
        raise InputError(
            f"{currency!r} is no currency known here", where="--currency", remedy=remedy
        )
