"""The files of one small world, read as anybody would read them."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.simulator import Economy

Query = Callable[[str], list[tuple]]
MONEY = pa.decimal128(18, 2)
INVOICE = [
    ("amount", MONEY),
    ("tax", MONEY),
    ("total", MONEY),
    ("status", pa.string()),
    ("void_date", pa.date32()),
    ("corrects_number", pa.string()),
]
KEY = [("firm_id", pa.string()), ("invoice_number", pa.string()), ("date", pa.date32())]
SCHEMAS = {
    "firms": [(c, pa.string()) for c in ("firm_id", "name", "industry", "tier", "region")]
    + [("founded", pa.date32())],
    "credit_records": [("firm_id", pa.string()), ("defaulted", pa.string())],
    "purchase_invoices": [*KEY, ("seller_id", pa.string()), *INVOICE],
    "sales_invoices": [*KEY, ("buyer_id", pa.string()), *INVOICE],
    "rate_response": [(c, pa.float64()) for c in ("rate", "rating_a", "rating_b", "rating_c")],
    "ownership": [("owner_id", pa.string()), ("owned_id", pa.string()), ("share", pa.float64())],
    "payments": [
        ("payer_id", pa.string()),
        ("payee_id", pa.string()),
        ("date", pa.date32()),
        ("amount", MONEY),
        ("invoice_number", pa.string()),
    ],
    "people": [("person_id", pa.string()), ("name", pa.string())],
    "relations": [
        *((c, pa.string()) for c in ("statement", "relation", "subject", "object", "role")),
        ("amount", MONEY),
        ("from", pa.date32()),
        ("to", pa.date32()),
    ],
    "exposures": [
        *((c, pa.string()) for c in ("firm_id", "product")),
        ("date", pa.date32()),
        ("amount", MONEY),
        ("deposit", MONEY),
    ],
    "transfers": [
        *((c, pa.string()) for c in ("payer_id", "payee_id")),
        ("date", pa.date32()),
        ("amount", MONEY),
    ],
}
BOTH = """(
    select *, 'bought' as side, seller_id as partner from purchase_invoices
    union all by name select *, 'sold' as side, buyer_id as partner from sales_invoices
)"""


@pytest.mark.parametrize("stem", SCHEMAS)
def test_columns_and_types(folder: Path, stem: str) -> None:
    schema = pq.read_schema(folder / f"{stem}.parquet")
    assert [(field.name, field.type) for field in schema] == SCHEMAS[stem]
    meta = pq.read_metadata(folder / f"{stem}.parquet")
    assert meta.row_group(0).column(0).compression == "ZSTD"


def test_every_firm_is_fictional_by_name(sql: Query) -> None:
    rows = sql("select firm_id, name from firms")
    assert [firm for firm, _ in rows] == [f"S{n}" for n in range(1, 81)]
    assert all("模拟" in name for _, name in rows)
    assert len({name for _, name in rows}) == 80


def test_the_rows_asked_for(sql: Query, economy: Economy) -> None:
    [(rows,)] = sql(f"select count(*) from {BOTH}")
    assert abs(rows / economy.settings.invoices - 1) < 0.02


def test_half_of_the_firms_are_labelled_and_a_fifth_of_them_defaulted(sql: Query) -> None:
    assert sql("select defaulted, count(*) from credit_records group by all order by all") == [
        ("no", 32),
        ("yes", 8),
    ]


def test_labels_are_what_was_known_on_the_as_of_date(sql: Query) -> None:
    assert not sql("""
        select * from credit_records left join truth_defaults using (firm_id)
        where (defaulted = 'yes') <> coalesce(known_date <= date '2019-12-31', false)
    """)


def test_codes_of_counterparties(sql: Query) -> None:
    [(purchases,)] = sql("select bool_and(seller_id[1] = 'A') from purchase_invoices")
    [(sales,)] = sql("select bool_and(buyer_id[1] = 'B') from sales_invoices")
    assert purchases
    assert sales
    [(shared,)] = sql("""
        select count(*) from (
            select seller_id from purchase_invoices group by all having count(distinct firm_id) > 3)
    """)
    assert shared > 20, "sellers serve several firms"


def test_dates_lie_in_the_span(sql: Query) -> None:
    [(first, last)] = sql(f"select min(date), max(date) from {BOTH}")
    assert str(first) >= "2017-01-01"
    assert str(last) <= "2019-12-31"


def test_rows_per_firm_are_very_uneven(sql: Query) -> None:
    counts = [n for (n,) in sql(f"select count(*) from {BOTH} group by firm_id order by 1")]
    assert counts[-1] > 20 * np.median(counts[: len(counts) // 4])


def test_voids_are_dated_within_the_month_of_issue(sql: Query) -> None:
    assert not sql(f"""
        select * from {BOTH} where trim(status) not in ('valid', 'voided')
        or (trim(status) = 'voided') <> (void_date is not null)
        or void_date < date or void_date > last_day(date)
    """)
    [(share,)] = sql("select avg((status <> 'valid')::int) from sales_invoices")
    assert 0.03 < share < 0.12


@pytest.mark.parametrize("table", ["bought", "sold"])
def test_red_letters_name_an_older_valid_invoice_of_the_same_parties(
    sql: Query, table: str
) -> None:
    [(reds, found, late, small)] = sql(f"""
        select count(*), count(o.number), bool_and(r.date > o.date), bool_and(-r.amount <= o.amount)
        from (select * from {table} where amount < 0) r
        left join (select * from {table} where amount > 0 and status = 'valid') o
        on o.firm_id = r.firm_id and o.partner = r.partner and o.number = r.corrects_number
    """)
    assert reds == found > 100
    assert late
    assert small
    [(rows,)] = sql(f"select count(*) from {table} where status = 'valid'")
    assert 0.01 < reds / rows < 0.03


@pytest.mark.parametrize("table", ["bought", "sold"])
def test_a_number_names_a_correction_just_on_red_letters(sql: Query, table: str) -> None:
    assert not sql(f"select * from {table} where (amount < 0) <> (corrects_number is not null)")


@pytest.mark.parametrize("table", ["bought", "sold"])
def test_tax_is_by_law_at_the_date_of_the_first_invoice(sql: Query, table: str) -> None:
    """A red letter takes back tax at the rate of the invoice that it corrects."""
    taxed = f"""
        select t.*, coalesce(o.date, t.date) as tax_date,
            case when tax_date < date '2018-05-01' then 17
                 when tax_date < date '2019-04-01' then 16 else 13 end as goods
        from {table} t left join {table} o on o.firm_id = t.firm_id and o.partner = t.partner
            and o.number = t.corrects_number
    """
    assert not sql(f"""
        select * from ({taxed}) where tax not in
        (round(amount * goods * 0.01, 2), round(amount * 0.06, 2), round(amount * 0.03, 2))
    """)
    [(goods,)] = sql(f"select avg((tax = round(amount * goods * 0.01, 2))::int) from ({taxed})")
    assert goods > 0.4


def test_totals_are_wrong_just_where_the_truth_says(sql: Query) -> None:
    for table in ("purchase_invoices", "sales_invoices"):
        wrong = sql(f"""
            select n from (select row_number() over () - 1 as n, amount + tax <> total as wrong
            from {table}) where wrong order by n
        """)
        said = sql(f"""
            select "row" from truth_defects
            where file = '{table}' and kind = 'wrong_total' order by "row"
        """)
        assert wrong == said != []


def test_rates_of_churn_rise_ever_more_slowly_from_nothing(sql: Query) -> None:
    table = np.array(sql("from rate_response"))
    assert table.shape == (29, 4)
    assert (table[0, 0], table[-1, 0]) == (0.04, 0.15)
    churn = table[:, 1:]
    assert (churn[0] == 0).all()
    assert churn[-1].tolist() == [0.92, 0.90, 0.88]
    assert (np.diff(churn, axis=0) > 0).all()
    assert (np.diff(churn, 2, axis=0) < 0).all()
    assert (np.diff(churn[1:], axis=1) < 0).all(), "the better the rating, the more leave"


def test_nobody_owns_more_than_the_whole(sql: Query) -> None:
    assert not sql("select owned_id, sum(share) s from ownership group by 1 having s > 1 + 1e-9")
    assert not sql("select * from ownership where share <= 0 or owner_id = owned_id")
    assert not sql("select owner_id, owned_id from ownership group by all having count(*) > 1")
    [(owned,)] = sql("select count(distinct owned_id) from ownership")
    assert owned == 80
    [(crossed,)] = sql("""
        select count(*) from ownership a join ownership b
        on a.owner_id = b.owned_id and a.owned_id = b.owner_id
    """)
    assert crossed >= 2


def test_payments_settle_valid_invoices_later(sql: Query) -> None:
    [(payments,)] = sql("select count(*) from payments")
    [(settled,)] = sql("""
        select count(*) from payments p join (
            select firm_id as payee_id, number as invoice_number, date as issued,
                amount + tax as amount from sold where status = 'valid' and amount > 0)
        using (payee_id, invoice_number, amount) where p.date > issued
    """)
    [(paid_by_firms,)] = sql("""
        select count(*) from payments p join (
            select firm_id as payer_id, number as invoice_number, date as issued, partner,
                amount + tax as amount from bought where status = 'valid' and amount > 0)
        using (payer_id, invoice_number, amount)
        where p.date > issued and (payee_id = partner or payee_id[1] = 'S')
    """)
    [(between,)] = sql("select count(*) from payments where payer_id[1] = payee_id[1]")
    assert between > 0, "both accounts are with the bank"
    assert settled + paid_by_firms - between == payments > 5_000


def test_the_mapping_names_files_and_columns_that_are_there(folder: Path) -> None:
    mapping = tomllib.loads((folder / "mapping.toml").read_text(encoding="utf-8"))
    assert mapping["simulated"] is True
    assert mapping["name"] == "simulated economy, seed 11"
    facts = [table["fact"] for table in mapping["table"]]
    assert facts == [
        *("invoice", "invoice", "party", "party", "relation", "relation", "relation"),
        *("exposure", "credit_record", "rate_response"),
    ]
    for table in mapping["table"]:
        names = pq.read_schema(folder / f"{table['file']}.parquet").names
        assert set(table["columns"].values()) <= set(names)
    assert [t["constants"]["direction"] for t in mapping["table"][:2]] == ["purchase", "sale"]


def test_the_notice_says_in_two_languages_that_nothing_is_real(folder: Path) -> None:
    notice = (folder / "SIMULATED.txt").read_text(encoding="utf-8")
    assert "simulated" in notice
    assert "模拟数据" in notice
    assert notice.count("seed 11") == 1
    assert notice.count("firms = 80") == 2
