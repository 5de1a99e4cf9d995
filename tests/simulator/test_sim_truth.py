"""What the truth says was planted is in the books, and nothing else is."""

from collections.abc import Callable

import pytest

Query = Callable[[str], list[tuple]]


@pytest.mark.parametrize("table", ["rings", "circular_trades", "self_invoices"])
def test_planted_invoices_stand_in_both_books(sql: Query, table: str) -> None:
    [(planted, sold, bought)] = sql(f"""
        select count(*), count(s.number), count(b.number) from truth_{table} t
        left join sold s on s.firm_id = t.seller_id and s.number = t.invoice_number
            and s.partner = t.buyer_code and s.date = t.date and s.amount = t.amount
        left join bought b on b.firm_id = t.buyer_id and b.number = t.invoice_number
            and b.partner = t.seller_code and b.date = t.date and b.amount = t.amount
    """)
    assert planted == sold == bought > 0


@pytest.mark.parametrize(
    ("table", "plan"), [("rings", "ring_id"), ("circular_trades", "circular_id")]
)
def test_cycles_close_within_days_at_near_equal_amounts(sql: Query, table: str, plan: str) -> None:
    for (which,) in sql(f"select distinct {plan} from truth_{table}"):
        legs = sql(f"""
            select seller_id, buyer_id, date, amount from truth_{table}
            where {plan} = {which} order by step
        """)
        size = len({seller for seller, *_ in legs})
        assert size == 2 if table == "circular_trades" else 3 <= size <= 6
        rounds = [legs[at : at + size] for at in range(0, len(legs), size)]
        assert 3 <= len(rounds) <= 6
        for one in rounds:
            assert [buyer for _, buyer, *_ in one] == [seller for seller, *_ in one[1:] + one[:1]]
            days = [day for _, _, day, _ in one]
            assert (max(days) - min(days)).days <= 2 * size
            amounts = [amount for *_, amount in one]
            assert min(amounts) > 0.94 * float(max(amounts)) > 0


def test_the_planted_number_of_structures(sql: Query) -> None:
    [counts] = sql("""
        select (select count(distinct ring_id) from truth_rings),
            (select count(distinct circular_id) from truth_circular_trades),
            (select count(distinct self_id) from truth_self_invoices),
            (select count(*) from truth_shells)
    """)
    assert counts == (4, 4, 3, 5)


def test_self_invoices_are_the_only_ones(sql: Query) -> None:
    found = sql("""
        select s.firm_id, s.number from sold s join bought b
        on s.firm_id = b.firm_id and s.number = b.number and s.date = b.date
            and s.amount = b.amount and s.tax = b.tax order by all
    """)
    said = sql("select seller_id, invoice_number from truth_self_invoices order by all")
    assert found == said
    assert not sql("select * from truth_self_invoices where seller_id <> buyer_id")


def test_matching_both_books_finds_just_the_hidden_edges(sql: Query) -> None:
    found = sql("""
        select s.firm_id, b.firm_id, b.partner, s.partner, count(*), min(s.date), max(s.date)
        from sold s join bought b
        on s.number = b.number and s.date = b.date and s.amount = b.amount and s.tax = b.tax
        where s.status = 'valid' and b.status = 'valid' and s.firm_id <> b.firm_id
        group by all order by all
    """)
    said = sql("""
        select seller_id, buyer_id, seller_code, buyer_code, invoices, first_date, last_date
        from truth_hidden_edges order by all
    """)
    assert found == said
    assert len(said) > 50


def test_both_books_agree_on_voids(sql: Query) -> None:
    assert not sql("""
        select * from sold s join bought b
        on s.number = b.number and s.date = b.date and s.amount = b.amount and s.tax = b.tax
        where s.void_date is distinct from b.void_date
    """)


def test_a_code_means_one_trader(sql: Query) -> None:
    for code, firm in (("seller_code", "seller_id"), ("buyer_code", "buyer_id")):
        assert not sql(f"""
            select {code} from truth_hidden_edges group by 1 having count(distinct {firm}) > 1
        """)


def test_shells_live_short_round_and_crowded_lives(sql: Query) -> None:
    for firm, founded, first, last, invoices, voided, buyers, sellers in sql("from truth_shells"):
        assert founded < first < last
        assert (last - first).days <= 366
        assert invoices >= 24
        assert voided / invoices > 0.1
        assert buyers <= 3
        assert sellers <= 2
        rows = sql(f"select amount, partner, status, date from sold where firm_id = '{firm}'")
        assert len(rows) == invoices
        assert all(amount % 1000 == 0 for amount, *_ in rows)
        assert len({partner for _, partner, *_ in rows}) == buyers
        assert sum(status == "voided" for *_, status, _ in rows) == voided
        assert not sql(f"select * from credit_records where firm_id = '{firm}'")


def test_shells_void_at_the_end_of_the_month(sql: Query) -> None:
    [(late, early)] = sql("""
        select avg((status = 'voided')::int) filter (last_day(date) - date < 4),
            avg((status = 'voided')::int) filter (last_day(date) - date >= 4)
        from sold join truth_shells using (firm_id)
    """)
    assert late > 2 * early


@pytest.mark.parametrize("table", ["purchase_invoices", "sales_invoices"])
def test_duplicates_are_exact_and_all_told(sql: Query, table: str) -> None:
    rows = sql(f"from {table}")
    copies = [(place,) for place in range(1, len(rows)) if rows[place] == rows[place - 1]]
    said = sql(f"""select "row" from truth_duplicates where file = '{table}' order by 1""")
    assert copies == said != []
    assert len(rows) - len(set(rows)) == len(said)
    assert 0.003 < len(said) / len(rows) < 0.02


@pytest.mark.parametrize("table", ["purchase_invoices", "sales_invoices"])
def test_defects_are_where_the_truth_says(sql: Query, table: str) -> None:
    partner = "seller_id" if table.startswith("purchase") else "buyer_id"
    rows = sql(f"""
        select kind, written, correct, status, t.invoice_number, total, amount + tax,
            d.firm_id = t.firm_id and d.counterparty_id = t.{partner} and d.date = t.date
                and d.invoice_number = lpad(t.invoice_number, 8, '0')
        from truth_defects d
        join (select row_number() over () - 1 as place, * from {table}) t on t.place = d."row"
        where d.file = '{table}'
    """)
    assert {kind for kind, *_ in rows} == {"leading_blank", "lost_zeros", "wrong_total"}
    for kind, written, right, status, number, total, true_total, same_row in rows:
        assert same_row
        if kind == "leading_blank":
            assert (status, written, right) == (" voided", " voided", "voided")
        elif kind == "lost_zeros":
            assert (number, right) == (written, written.zfill(8))
            assert len(written) < 8
        else:
            assert (str(total), str(true_total)) == (written, right)
            assert total != true_total


@pytest.mark.parametrize("table", ["purchase_invoices", "sales_invoices"])
def test_no_defect_goes_untold(sql: Query, table: str) -> None:
    for kind, sign in (
        ("leading_blank", "status[1] = ' '"),
        ("lost_zeros", "len(invoice_number) < 8"),
        ("wrong_total", "amount + tax <> total"),
    ):
        [(rows,)] = sql(f"select count(*) from {table} where {sign}")
        [(said,)] = sql(f"""
            select count(*) from truth_defects where file = '{table}' and kind = '{kind}'
        """)
        assert rows == said > 0


def test_defaults_are_known_later(sql: Query) -> None:
    assert not sql("""
        select * from truth_defaults where known_date <= event_date
        or known_on_as_of <> (known_date <= date '2019-12-31')
        or cause not in ('own', 'contagion')
    """)
    [(past, ahead)] = sql("""
        select count(*) filter (known_on_as_of),
            count(*) filter (event_date > date '2019-12-31') from truth_defaults
    """)
    assert past >= 8
    assert ahead > 0


def test_sales_collapse_after_a_default_and_then_stop(sql: Query) -> None:
    [(before, after)] = sql("""
        select count(*) filter (date between event_date - 180 and event_date),
            count(*) filter (date > event_date and date <= event_date + 180)
        from sold join truth_defaults using (firm_id)
        where status = 'valid' and amount > 0 and event_date < date '2019-06-30'
    """)
    assert after < 0.7 * before
    assert not sql("""
        select * from sold join truth_defaults using (firm_id)
        where corrects_number is null and date > event_date + 400
            and number not in (select invoice_number from truth_rings)
            and number not in (select invoice_number from truth_circular_trades)
            and number not in (select invoice_number from truth_self_invoices)
    """)
