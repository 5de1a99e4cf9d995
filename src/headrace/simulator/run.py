"""One call makes an economy, another writes it to a folder."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.errors import InputError
from headrace.simulator.books import (
    dates,
    draw_sides,
    ledger_of,
    purchase_table,
    sales_table,
    texts,
)
from headrace.simulator.contracts import Links, draw_contracts, draw_links
from headrace.simulator.defaults import Outcomes, draw_outcomes
from headrace.simulator.faults import plant
from headrace.simulator.firms import (
    INDUSTRIES,
    REGIONS,
    TIERS,
    Firms,
    draw_firms,
    firm_ids,
    firm_names,
)
from headrace.simulator.manifest import mapping_text, notice_text
from headrace.simulator.ownership import draw_ownership
from headrace.simulator.payments import draw_payments
from headrace.simulator.relations import draw_ties
from headrace.simulator.response import rate_response
from headrace.simulator.seasons import Calendar, calendar_of
from headrace.simulator.settings import EconomySettings
from headrace.simulator.trade import (
    Trades,
    concat,
    draw_activity,
    draw_tax_classes,
    numbered,
    ordinary_trades,
    with_red_letters,
    with_voids,
)
from headrace.simulator.truth import truth_tables


@dataclass(frozen=True)
class Economy:
    """A simulated economy as tables.

    Attributes:
        settings: What was asked for.
        seed: The seed it was drawn from.
        tables: What a bank would hold, by file stem.
        truth: What only the simulator knows, by file stem.
    """

    settings: EconomySettings
    seed: int
    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def simulate(settings: EconomySettings, seed: int) -> Economy:
    """The economy of these settings and this seed: the same arguments give the same tables.

    Each part draws from a generator of its own, so that a change to one part leaves what the
    parts before it drew as it was.

    Args:
        settings: Size and make-up.
        seed: Any whole number from 0 on.

    Raises:
        InputError: If the seed is negative.
    """
    if seed < 0:
        raise InputError(f"{seed} cannot seed an economy", where="seed", remedy="Give 0 or more")
    rngs = iter(np.random.default_rng(seed).spawn(7))
    calendar = calendar_of(settings.start, settings.end)
    rng = next(rngs)
    firms = draw_firms(settings, calendar.months, rng)
    links = draw_links(firms, rng)
    outcomes = draw_outcomes(settings, firms, links, calendar, next(rngs))
    rng = next(rngs)
    trades = _draw_trades(settings, firms, links, (outcomes, calendar), rng)
    trades, number = numbered(trades, rng)
    rng = next(rngs)
    sellers, buyers = settings.outside_sellers, settings.outside_buyers
    traders = (len(firms), len(firms) + sellers, len(firms) + buyers)
    ledger = ledger_of(trades, number, calendar, traders, rng)
    purchases, sales = draw_sides(ledger, settings.invoices, rng)
    payments = draw_payments(ledger, firms, outcomes, settings.payment_share, next(rngs))
    ownership = draw_ownership(firms, links, next(rngs))
    ties = draw_ties(firms, ownership, calendar, next(rngs))
    sides = {"purchase_invoices": purchases, "sales_invoices": sales}
    tables = {
        "firms": _firm_table(firms, calendar),
        "credit_records": _credit_records(firms, outcomes),
        "purchase_invoices": purchase_table(ledger, purchases),
        "sales_invoices": sales_table(ledger, sales),
        "rate_response": rate_response(),
        "ownership": ownership,
        "payments": payments,
        **ties.tables,
    }
    truth = truth_tables(ledger, sides, firms, outcomes, settings.contagion) | ties.truth
    return Economy(settings, seed, tables, truth)


def write_economy(economy: Economy, folder: Path) -> None:
    """Write an economy: Parquet (zstd), mapping.toml, SIMULATED.txt and the folder truth/.

    Args:
        economy: What to write.
        folder: Where; it is made if it is not there, and files of the same names are replaced.

    Raises:
        InputError: If `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(
            "An economy is written to a folder, and this is a file",
            where=str(folder),
            remedy="Name a folder that exists or can be made",
        )
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for stem, table in economy.tables.items():
        _write(table, folder / f"{stem}.parquet")
    for stem, table in economy.truth.items():
        _write(table, folder / "truth" / f"{stem}.parquet")
    mapping = mapping_text(economy.seed)
    (folder / "mapping.toml").write_text(mapping, encoding="utf-8", newline="\n")
    notice = notice_text(economy.settings, economy.seed)
    (folder / "SIMULATED.txt").write_text(notice, encoding="utf-8", newline="\n")


def _draw_trades(
    settings: EconomySettings,
    firms: Firms,
    links: Links,
    course: tuple[Outcomes, Calendar],
    rng: np.random.Generator,
) -> Trades:
    """All invoices: ordinary ones, planted ones, and red letters upon ordinary ones."""
    outcomes, calendar = course
    activity = draw_activity(firms, outcomes, calendar.months, rng)
    contracts = draw_contracts(settings, firms, links, calendar.months, rng)
    planted = plant(settings, firms, activity, calendar, rng)
    red_rows = round(settings.red_letter_share * settings.invoices)
    copies = round(settings.duplicate_share * settings.invoices)
    rows = settings.invoices - planted.rows(len(firms)) - red_rows - copies
    ordinary = ordinary_trades(contracts, activity, calendar, rows, rng)
    trades = concat(with_voids(ordinary, activity.void_rate, calendar, rng), planted)
    tax_class = draw_tax_classes(firms, settings.outside_sellers, rng)
    taxed = replace(trades, percent=calendar.vat_percent(trades.day, tax_class[trades.seller]))
    return with_red_letters(taxed, red_rows, len(firms), calendar, rng)


def _firm_table(firms: Firms, calendar: Calendar) -> pa.Table:
    return pa.table(
        {
            "firm_id": firm_ids(len(firms)),
            "name": firm_names(firms),
            "industry": texts(firms.industry, INDUSTRIES),
            "tier": texts(firms.tier, TIERS),
            "region": texts(firms.region, REGIONS),
            "founded": dates(calendar, firms.founded),
        }
    )


def _credit_records(firms: Firms, outcomes: Outcomes) -> pa.Table:
    """One row per labelled firm: what the bank knows of its past loan on the as-of date."""
    labelled = np.flatnonzero(outcomes.labelled)
    return pa.table(
        {
            "firm_id": pc.take(pa.array(firm_ids(len(firms))), pa.array(labelled)),
            "defaulted": texts(outcomes.known_default[labelled].astype(np.int32), ["no", "yes"]),
        }
    )


def _write(table: pa.Table, path: Path) -> None:
    """Without the Arrow schema, so that dictionary-encoded columns read back as plain text."""
    encoded = [name for name in table.column_names if name not in {"invoice_number", "row"}]
    pq.write_table(table, path, compression="zstd", use_dictionary=encoded, store_schema=False)
