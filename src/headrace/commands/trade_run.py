"""What `headrace payment`, `order` and `shipping` do alike: a sheet of acts, and a ledger."""

from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.desk_files import read_cells, remove_tables, write_tables
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing import trade as printing_trade
from headrace.commands.ledger import View
from headrace.commands.options import AsJson, Language
from headrace.commands.trade_books import ChartView, LedgerFile, opened_books, told_books
from headrace.commands.voucher import example_text, give_example
from headrace.workflows import trade_acts
from headrace.workflows.desk_rows import Sheet
from headrace.workflows.trade_acts import Desk, Trade
from headrace.workflows.trade_ledger import acts_of

ASIDE = "quarantine"
Acts = Annotated[Path, typer.Argument(help="Sheet of acts: CSV, XLSX, ODS, Parquet.")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder for the tables, as XLSX and Parquet.")
]


def trade_app(trade: Trade[Any], about: str, doing: str) -> typer.Typer:
    """The commands over sheets of one kind.

    Args:
        trade: What they are about.
        about: Help of the group.
        doing: Help of `run`.
    """
    app = typer.Typer(help=about)

    @app.command("run", help=doing)
    def run_command(
        acts: Acts,
        *,
        ledger: LedgerFile = None,
        view: ChartView = View.BANK,
        out: OutFolder = None,
        lang: Language = "zh",
        as_json: AsJson = False,
    ) -> None:
        with printing_desk.working(lang):
            cells = read_cells(acts, trade.fields)
            sheet = trade_acts.read_trade(trade, cells, keyed=ledger is not None)
            desk, booked = _done(trade, sheet, ledger, view)
        printing_desk.left_out(sheet, str(acts), lang)
        tables = _tables(desk, sheet, lang)
        if out is not None:
            heads = printing_trade.headings(trade, lang)
            with printing_desk.working(lang):
                written = write_tables(
                    out, tables, heads, lambda table: printing_trade.for_people(trade, table, lang)
                )
            remove_tables(out, [] if ASIDE in tables else [ASIDE])
        if as_json:
            rows = {name: table.to_pylist() for name, table in tables.items()}
            aside = sheet.aside.to_pylist()
            printing.as_json({**desk.counts, **rows, ASIDE: aside, "ledger": booked})
        else:
            printing_trade.ran(desk, tables, lang)
            if booked is not None:
                printing_trade.booked(booked, lang)
            if out is not None:
                printing_trade.wrote(out, len(written), lang)
        if booked is not None and booked["contradicted"]:
            raise typer.Exit(1)

    @app.command("example")
    def example_command(
        *,
        out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
        lang: Language = "zh",
    ) -> None:
        """Print a sheet of acts to start from, with headings in Chinese or English."""
        words = {"act": {text.en: text.zh for text in trade.acts.values()}}
        give_example(example_text(trade.name, trade.fields, lang, words), out, lang)

    return app


def _done(
    trade: Trade[Any], sheet: Sheet, address: str | None, view: View
) -> tuple[Desk, dict[str, Any] | None]:
    """The acts done, and what they left on the ledger at an address; None: there is none."""
    if address is None:
        return trade_acts.run_trade(trade, sheet), None
    with opened_books(address, view, acts_of(trade, sheet)) as (ledger, books):
        desk = trade_acts.run_trade(trade, sheet, books.post)
        return desk, told_books(address, ledger, books)


def _tables(desk: Desk, sheet: Sheet, lang: str) -> dict[str, Any]:
    tables = {
        "answers": trade_acts.answers(desk, lang),
        "contracts": trade_acts.contracts(desk),
        "totals": trade_acts.totals(desk),
        "movements": trade_acts.movements(desk),
    }
    return tables | ({ASIDE: sheet.aside} if sheet.aside.num_rows else {})
