"""One small world for all tests here, read back from its files with SQL."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from headrace.simulator import Economy, EconomySettings, simulate, write_economy

Query = Callable[[str], list[tuple]]


@pytest.fixture(scope="session")
def economy() -> Economy:
    return simulate(EconomySettings(firms=80, invoices=40_000), seed=11)


@pytest.fixture(scope="session")
def folder(economy: Economy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("economy")
    write_economy(economy, path)
    return path


@pytest.fixture(scope="session")
def sql(folder: Path) -> Query:
    """Rows of a query over the files; truth tables have the prefix truth_.

    `bought` and `sold` are the invoice tables with their defects undone and copies left out, and
    with the row's place in the file.
    """
    connection = duckdb.connect()
    for path in folder.glob("*.parquet"):
        connection.sql(f"create view {path.stem} as from read_parquet('{path}')")
    for path in folder.glob("truth/*.parquet"):
        connection.sql(f"create view truth_{path.stem} as from read_parquet('{path}')")
    for name, table, partner in (
        ("bought", "purchase_invoices", "seller_id"),
        ("sold", "sales_invoices", "buyer_id"),
    ):
        connection.sql(f"""
            create table {name} as
            select distinct firm_id, lpad(invoice_number, 8, '0') as number, date,
                {partner} as partner, amount, tax, trim(status) as status, void_date,
                corrects_number
            from {table}
        """)
    return lambda query: connection.sql(query).fetchall()
