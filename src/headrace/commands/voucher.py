"""`headrace voucher`: acts on vouchers and bills from a sheet, recourse, tiers, double pledges."""

import csv
import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.desk_files import read_cells, remove_tables, write_tables
from headrace.adapters.events import check_writable
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing import trade as printing_trade
from headrace.adapters.printing import vouchers as printing_vouchers
from headrace.adapters.user_files import write_file
from headrace.commands.ledger import View
from headrace.commands.options import AsJson, Language
from headrace.commands.trade_books import ChartView, LedgerFile, opened_books, told_books
from headrace.contracts.instruments import recourse, tiers, views
from headrace.contracts.instruments.double_pledge import Near
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows import goods_pledge, pledge_check, voucher_ledger, vouchers
from headrace.workflows.desk_rows import Field, Sheet, Unreadable, share_cell
from headrace.workflows.vouchers import Desk

app = typer.Typer(help="Vouchers and bills: acts from a sheet, recourse, tiers, double pledges.")

Acts = Annotated[
    Path, typer.Argument(help="Sheet of acts (CSV, XLSX, Parquet), or the folder `run` wrote.")
]
Limits = Annotated[
    Path | None, typer.Option("--limits", help="Sheet of parties and limits; see `example`.")
]
Closed = Annotated[
    bool, typer.Option("--closed", help="Parties that --limits does not list are unknown.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write a table: .csv, .xlsx or .parquet.")]
Payer = Annotated[str, typer.Option("--payer", help="Code of the payer, or acceptor.")]
ANSWERS, OPENING, ASIDE = "answers", "opening", "quarantine"
EXAMPLES: Mapping[str, Sequence[Field]] = {
    "acts": vouchers.ACT_FIELDS,
    "limits": vouchers.LIMIT_FIELDS,
    "new": pledge_check.FIELDS,
    "known": pledge_check.FIELDS,
}
MADE_UP = Text("an example: the firms are made up", "示例数据：企业均为虚构")


@app.command("run")
def run_command(  # noqa: PLR0913 - a command has a parameter per option
    acts: Annotated[Path, typer.Argument(help="Sheet of acts: CSV, XLSX, ODS, Parquet.")],
    *,
    limits: Limits = None,
    closed: Closed = False,
    us: Annotated[
        list[str] | None, typer.Option("--us", help="Whose ledger the movements are for.")
    ] = None,
    ledger: LedgerFile = None,
    view: ChartView = View.BANK,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the tables, as XLSX and Parquet.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Do the acts of a sheet in order: answers, live pieces, movements, and the sum that holds."""
    desk, parties, sheet = _run(acts, limits, lang, closed=closed)
    booked = None if ledger is None else _booked(desk, sheet, us or [], ledger, view)
    answers = vouchers.answers(desk, lang)
    moves = vouchers.desk_movements(desk, us or [])
    found = vouchers.summary(desk)
    if out is not None:
        tables = {
            ANSWERS: answers,
            OPENING: vouchers.opening_limits(desk, parties),
            "pieces": vouchers.live_pieces(desk.book),
            "papers": views.papers(desk.book),
            "money": vouchers.money(desk),
            "limits": vouchers.limits(desk.book),
            "movements": moves,
            **({ASIDE: sheet.aside} if sheet.aside.num_rows else {}),
        }
        with printing_desk.working(lang):
            written = _written(out, tables, lang)
        remove_tables(out, [] if sheet.aside.num_rows else [ASIDE])
    if as_json:
        printing.as_json({
            **found,
            "answers": answers.to_pylist(),
            "pieces": vouchers.live_pieces(desk.book).to_pylist(),
            "movements": moves.to_pylist(),
            "questions": [
                {"paper": paper, "months_usual": rule.months_usual, "number": rule.number}
                for paper, rule in vouchers.questions(desk)
            ],
            "quarantine": sheet.aside.to_pylist(),
            "ledger": booked,
        })  # fmt: skip
    else:
        printing_vouchers.ran(desk, answers, moves, lang)
        if booked is not None:
            printing_trade.booked(booked, lang)
        if out is not None:
            papers = views.papers(desk.book).slice(0, 1).to_pylist()
            first = papers[0] if papers else {"payer": None, "paper": None}
            printing_vouchers.wrote(out, len(written), first["payer"], first["paper"], lang)
    if found["gaps"]:
        raise typer.Exit(1)


@app.command("pieces")
def pieces_command(
    acts: Acts,
    *,
    limits: Limits = None,
    history: Annotated[bool, typer.Option("--all", help="Spent pieces too.")] = False,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The live pieces: who holds how much of what, from whom, with recourse or without."""
    desk = _opened(acts, limits, out, lang)
    found = views.pieces(desk.book) if history else vouchers.live_pieces(desk.book)
    if _told(found, out, lang, as_json=as_json):
        printing_vouchers.pieces(found, lang, "all_pieces" if history else "pieces")
        printing_vouchers.conservation(vouchers.summary(desk), lang)


@app.command("paper")
def paper_command(
    name: Annotated[str, typer.Argument(help="Number of the voucher or bill, such as V1.")],
    acts: Acts,
    *,
    limits: Limits = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """One voucher or bill: terms, every piece there ever was, the money that passed."""
    desk = _opened(acts, limits, None, lang)
    about, pieces, flows = found = vouchers.one_paper(desk, name)
    if as_json:
        printing.as_json(
            {**about.to_pylist()[0], "pieces": pieces.to_pylist(), "money": flows.to_pylist()}
        )
    else:
        printing_vouchers.paper(found, lang)


@app.command("money")
def money_command(
    acts: Acts,
    *,
    limits: Limits = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Money that passed: payment, purchase, recourse."""
    found = vouchers.money(_opened(acts, limits, out, lang))
    if _told(found, out, lang, as_json=as_json):
        printing_vouchers.passed(found, lang)


@app.command("losses")
def losses_command(
    acts: Acts,
    *,
    payer: Payer,
    limits: Limits = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """If the payer pays nothing more: who may turn to whom for how much, and who bears it."""
    desk = _opened(acts, limits, out, lang)
    vouchers.known_payer(desk.book, payer)
    walk = recourse.losses(desk.book, payer)
    if out is None and as_json:
        borne = recourse.borne(walk)
        printing.as_json({"borne": borne.to_pylist(), "walk": walk.to_pylist()})
    elif _told(walk, out, lang, as_json=False):
        printing_vouchers.losses(walk, payer, lang)


@app.command("tiers")
def tiers_command(  # noqa: PLR0913 - a command has a parameter per option
    acts: Acts,
    *,
    payer: Payer,
    rate: Annotated[
        str | None, typer.Option("--rate", help="What the payer pays for money a year: 3%.")
    ] = None,
    limits: Limits = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """How deep a payer's papers travel, what money costs on each tier, who is behind the second."""
    try:
        own = None if rate is None else share_cell(rate)
    except Unreadable as error:
        raise InputError(f"{rate!r} {error}", where="--rate", remedy="3% or 0.03") from error
    desk = _opened(acts, limits, out, lang)
    vouchers.known_payer(desk.book, payer)
    found = tiers.by_tier(desk.book, payer, own)
    behind = tiers.behind_second_tier(desk.book, payer)
    if out is None and as_json:
        printing.as_json({"tiers": found.to_pylist(), "behind": behind.to_pylist()})
    elif _told(found, out, lang, as_json=False):
        printing_vouchers.tiers(found, behind, lang)


@app.command("check")
def check_command(
    new: Annotated[Path, typer.Argument(help="Sheet of what is asked to be financed.")],
    *,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", help="Sheet of what is financed: own books, the register."),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, max=3660, help="Papers so many days apart are near.")
    ] = Near.days,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Is it financed already? Exit 1 where a claim is refused, or a row cannot be read."""
    if out is not None:
        check_writable(out)
    asked = _sheet_of(new, pledge_check.FIELDS, lang)
    stands = [_sheet_of(path, pledge_check.FIELDS, lang) for path in known or []]
    near = Near(days, max(days, Near.days_of_number))
    found = pledge_check.check_claims(asked, stands, near, lang)
    if out is not None:
        _write(found.findings, out, lang)
    if as_json:
        printing.as_json({
            "refused": found.refused,
            "raised": found.raised,
            "clear": found.clear,
            "findings": found.findings.to_pylist(),
            "quarantine": asked.aside.to_pylist(),
            "known_quarantine": [row for each in stands for row in each.aside.to_pylist()],
        })  # fmt: skip
    else:
        printing_vouchers.checked(found, lang)
    if found.refused or any(each.aside.num_rows for each in (asked, *stands)):
        raise typer.Exit(1)


@app.command("example")
def example_command(
    name: Annotated[str, typer.Argument(help="acts, limits, new or known.")] = "acts",
    *,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
    lang: Language = "zh",
) -> None:
    """Print a sheet to start from, with headings in Chinese or English."""
    if name not in EXAMPLES:
        raise InputError(
            f"there is no example {name!r}", where="example", remedy=", ".join(EXAMPLES)
        )
    give_example(example_text(name, EXAMPLES[name], lang), out, lang)


CHINESE = {
    "act": {text.en: text.zh for text in vouchers.ACTS.values()},
    "paper": {text.en: text.zh for text in vouchers.PAPERS.values()},
    "kind": {text.en: text.zh for text in pledge_check.KINDS.values()},
    "event": {text.en: text.zh for text in goods_pledge.EVENTS.values()},
    "source": {pledge_check.OWN: "本行", pledge_check.REGISTER: "登记系统"},
    "recourse": {"yes": "是"},
}
"""Words of closed lists in sheets that ship, by column."""


def example_text(
    name: str,
    fields: Sequence[Field],
    lang: str,
    chinese: Mapping[str, Mapping[str, str]] = CHINESE,
) -> str:
    """A sheet that ships, its headings and words in a language.

    Args:
        name: Of the sheet.
        fields: Its columns.
        lang: zh or en.
        chinese: Chinese of its English words, by column.
    """
    path = files("headrace.contracts.instruments").joinpath(f"examples/{name}.csv")
    text = path.read_text(encoding="utf-8")
    if lang != "zh":
        return text
    heads = {field.name: field.headings[0] for field in fields}
    head, *rows = csv.reader(io.StringIO(text))
    told = [
        [chinese.get(at, {}).get(cell, cell) for at, cell in zip(head, row, strict=True)]
        for row in rows
    ]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([[heads[each] for each in head], *told])
    return written.getvalue()


def give_example(text: str, out: Path | None, lang: str) -> None:
    """Print an example, or write it so that Excel reads its Chinese; say that it is made up."""
    console = printing.console_now(stderr=True)
    console.print(f"[dim]{MADE_UP.in_language(lang)}[/]", soft_wrap=True)
    if out is None:
        printing.line(text.rstrip("\n"))
    else:
        encoding = "utf-8-sig" if out.suffix.lower() == ".csv" else "utf-8"
        write_file(out, text.encode(encoding))


def _booked(
    desk: Desk, sheet: Sheet, us: Sequence[str], address: str, view: View
) -> dict[str, Any]:
    """What the acts move for one party, on its ledger."""
    if len(us) != 1:
        raise InputError(
            f"a ledger is that of one party, and --us names {len(us)}",
            where="--ledger",
            remedy="give --us once, such as --us bank",
        )
    vouchers.known_party(desk.book, us[0], "--us")
    voucher_ledger.check_keys(sheet)
    with opened_books(address, view, voucher_ledger.acts_of(desk, us[0])) as (ledger, books):
        voucher_ledger.book_vouchers(desk, us[0], books)
        return told_books(address, ledger, books)


def _run(
    acts: Path, limits: Path | None, lang: str, *, closed: bool
) -> tuple[Desk, Sheet | None, Sheet]:
    """The acts of a file applied, the parties given, and the sheet."""
    if closed and limits is None:
        raise InputError(
            "without a list nobody is known", where="--closed", remedy="give --limits, too"
        )
    with printing_desk.working(lang):
        sheet = vouchers.read_acts(read_cells(acts, vouchers.ACT_FIELDS))
        parties = None
        if limits is not None:
            parties = vouchers.read_limits(read_cells(limits, vouchers.LIMIT_FIELDS))
        desk = vouchers.run_acts(sheet, parties, closed=closed)
    printing_desk.left_out(sheet, str(acts), lang)
    if parties is not None:
        printing_desk.left_out(parties, str(limits), lang)
    return desk, parties, sheet


def _opened(acts: Path, limits: Path | None, out: Path | None, lang: str) -> Desk:
    """The acts of a sheet, or of the folder that `run` wrote, applied."""
    if out is not None:
        check_writable(out)
    if not acts.is_dir():
        return _run(acts, limits, lang, closed=False)[0]
    if limits is not None:
        raise InputError("the folder has its limits", where="--limits", remedy="leave it out")
    for name in (ANSWERS, OPENING):
        if not (acts / f"{name}.parquet").is_file():
            raise InputError(
                f"there is no {name}.parquet in it",
                where=str(acts),
                remedy="name a sheet of acts, or the folder that `headrace voucher run` wrote",
            )
    with printing_desk.working(lang):
        sheet = vouchers.read_acts(read_cells(acts / f"{ANSWERS}.parquet", vouchers.ACT_FIELDS))
        opening = read_cells(acts / f"{OPENING}.parquet", vouchers.LIMIT_FIELDS)
        return vouchers.run_acts(sheet, vouchers.read_limits(opening), closed=True)


def _sheet_of(path: Path, fields: Sequence[Field], lang: str) -> Sheet:
    sheet = pledge_check.read_claims(read_cells(path, fields))
    printing_desk.left_out(sheet, str(path), lang)
    return sheet


def _told(found: pa.Table, out: Path | None, lang: str, *, as_json: bool) -> bool:
    """Whether a table is still to be printed: it went neither to a file nor out as JSON."""
    if out is not None:
        _write(found, out, lang)
        printing.line(f"{out}: {found.num_rows:,} × {found.num_columns}")
    elif as_json:
        printing.table_as_json(found)
    return out is None and not as_json


def _write(table: pa.Table, out: Path, lang: str) -> None:
    """One table; for people in their words, for programs as it is."""
    people = out.suffix.lower() != ".parquet"
    told = printing_vouchers.for_people(table, lang) if people else table
    write_contract_table(out, told, printing_vouchers.headings(lang) if people else {})


def _written(folder: Path, tables: Mapping[str, pa.Table], lang: str) -> list[Path]:
    """Tables for people and programs; what `run` reads again has the headings that it reads."""
    heads = printing_vouchers.headings(lang)
    written = []
    for name, table in tables.items():
        again = {ANSWERS: vouchers.ACT_FIELDS, OPENING: vouchers.LIMIT_FIELDS}.get(name, ())
        own = {
            f"{field.name}{money}": field.headings[0] if lang == "zh" else field.name
            for field in again
            if not field.key
            for money in ("", "_minor")
        }
        written += write_tables(
            folder,
            {name: table},
            heads | own,
            lambda each: printing_vouchers.for_people(each, lang),
        )
    return written
