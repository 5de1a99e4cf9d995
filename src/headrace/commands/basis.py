"""`headrace basis`: a sale at futures plus a premium, its fixings, hedge, delivery, and result."""

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.events import check_writable
from headrace.adapters.printing import basis as printing_basis
from headrace.adapters.printing import vouchers as printing_vouchers
from headrace.adapters.user_files import read_toml, write_file
from headrace.commands.options import AsJson, Language
from headrace.contracts.basis.delivery import DeliveryRefusal
from headrace.errors import InputError
from headrace.money import to_minor
from headrace.workflows.basis import Trade, delivery_result, run_basis
from headrace.workflows.basis_case import read_basis, with_fixed_price
from headrace.workflows.desk_rows import PRICE_MOST
from headrace.workflows.vouchers import movement_table

app = typer.Typer(help="Basis trades: priced at futures plus a premium, hedged, delivered.")

EXAMPLES = ("silicon-600", "silicon-203", "lithium-300")


@app.command("run")
def run_command(
    case: Annotated[Path, typer.Argument(help="A case as TOML; see `basis example`.")],
    *,
    fixed_at: Annotated[
        str | None,
        typer.Option("--fixed-at", help="As if all were fixed at this futures price, yuan."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the movements: .csv, .xlsx or .parquet.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Let a basis sale happen: prices, margin locked, what is open by the day, movements."""
    if out is not None:
        check_writable(out)
    given = read_basis(read_toml(case), str(case))
    if fixed_at is not None:
        given = with_fixed_price(given, _price(fixed_at, given.futures.tick_minor))
    trade = run_basis(given)
    moves = movement_table(trade.movements)
    if out is not None:
        people = out.suffix.lower() != ".parquet"
        told = printing_vouchers.for_people(moves, lang) if people else moves
        write_contract_table(out, told, printing_vouchers.headings(lang) if people else {})
    if as_json:
        printing.as_json(_object(trade, moves))
        return
    printing_basis.ran(trade, lang)
    if out is not None:
        printing.line(f"{out}: {moves.num_rows:,} × {moves.num_columns}")


@app.command("example")
def example_command(
    name: Annotated[str, typer.Argument(help=", ".join(EXAMPLES))] = EXAMPLES[1],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Print a published case; each number is marked as the source's or assumed."""
    if name not in EXAMPLES:
        raise InputError(f"there is no case {name!r}", where="example", remedy=", ".join(EXAMPLES))
    path = files("headrace.contracts.basis").joinpath(f"examples/{name}.toml")
    text = path.read_text(encoding="utf-8")
    if out is None:
        printing.line(text.rstrip("\n"))
    else:
        write_file(out, text.encode())


def _price(text: str, tick: int) -> int:
    problem = InputError(
        f"{text!r} is no futures price", where="--fixed-at",
        remedy=f"above zero, a multiple of {tick / 100:g} yuan",
    )  # fmt: skip
    try:
        value = Decimal(text.replace(",", ""))
        if not value.is_finite() or not 0 < value <= PRICE_MOST // 100:
            raise problem
        price = to_minor(value, "CNY")
    except (InvalidOperation, ValueError) as error:
        raise problem from error
    if price % tick:
        raise problem
    return price


def _object(trade: Trade, moves: pa.Table) -> dict[str, Any]:
    brought = trade.delivered
    delivered: dict[str, Any] | None = None
    if isinstance(brought, DeliveryRefusal):
        delivered = {"refused": brought.value}
    elif brought is not None:
        delivered = {**asdict(brought), "result": delivery_result(trade)}
    return {
        "note": trade.case.note,
        "origin": dict(trade.case.origin),
        "final_price": trade.sale.final_price,
        "fixed_amount": trade.sale.fixed_amount,
        "open_kilograms": trade.sale.open_kilograms,
        "locked": None if trade.locked is None else asdict(trade.locked),
        "earned": None if trade.earned is None else asdict(trade.earned),
        "gain_booked": trade.gain_booked,
        "delivered": delivered,
        "days": [asdict(each) for each in trade.days],
        "refused": [asdict(each) for each in trade.refused],
        "movements": moves.to_pylist(),
    }
