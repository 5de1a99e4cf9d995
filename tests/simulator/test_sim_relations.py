"""What stands between firms and people: plausible, planted as the truth says, and readable."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

Query = Callable[[str], list[tuple]]


def truth(folder: Path, name: str) -> list[dict]:
    return pq.read_table(folder / "truth" / f"{name}.parquet").to_pylist()


def groups(rows: list[dict], number: str) -> list[list[str]]:
    return [
        [row["firm_id"] for row in rows if row[number] == each]
        for each in sorted({row[number] for row in rows})
    ]


def test_each_ring_of_guarantees_is_closed_and_no_other_is(folder: Path, sql: Query) -> None:
    edges = sql("select subject, object from relations where relation = 'guarantees'")
    rings = groups(truth(folder, "guarantee_rings"), "ring_id")
    assert rings
    planted = {
        (firm, other)
        for ring in rings
        for firm, other in zip(ring, [*ring[1:], ring[0]], strict=True)
    }
    assert planted <= set(edges)
    others = [(int(a[1:]), int(b[1:])) for a, b in set(edges) - planted]
    assert others
    assert all(guarantor > borrower for guarantor, borrower in others), "no circle by chance"


def test_shells_have_one_agent_and_one_address(folder: Path, sql: Query) -> None:
    (shells,) = groups(truth(folder, "shell_clusters"), "cluster_id")
    assert set(shells) == {row["firm_id"] for row in truth(folder, "shells")}
    at_agent = sql("select subject from relations where object = 'address:agent'")
    outside = {f"N{number}" for number in range(1, 5)}
    assert {firm for (firm,) in at_agent} == {*shells, *outside}
    agent = sql("select subject, object from relations where role = 'supervisor'")
    assert {firm for _, firm in agent} == {*shells, *outside}
    assert len({person for person, _ in agent}) == 1
    [(park,)] = sql("select count(*) from relations where object = 'address:park'")
    assert park > 1, "honest firms share an address, too"


def test_money_of_some_loans_comes_back_within_a_month(folder: Path, sql: Query) -> None:
    transfers = sql("select payer_id, payee_id, date, amount from transfers")
    loans = sql("select firm_id, date, amount from exposures")
    paid_out = [(b, d, m) for a, b, d, m in transfers if a == "BANK"]
    assert sorted(paid_out) == sorted(loans)
    for path in groups(truth(folder, "fund_returns"), "return_id"):
        borrower = path[0]
        [(start, amount)] = [(day, lent) for firm, day, lent in loans if firm == borrower]
        back = [
            (day - start).days
            for payer, payee, day, money in transfers
            if (payer, payee) == (path[-1], borrower) and money > amount / 2
        ]
        assert any(0 < days <= 30 for days in back)


def test_couples_lead_firms_and_everybody_named_is_described(folder: Path, sql: Query) -> None:
    kin = set(sql("select subject, object from relations where relation = 'family'"))
    couples: dict[int, set[str]] = {}
    for row in truth(folder, "kin_groups"):
        couples.setdefault(row["couple_id"], set()).add(row["person_id"])
    assert {frozenset(pair) for pair in kin} == {frozenset(pair) for pair in couples.values()}
    leads = sql("select subject, object from relations where role = 'legal_representative'")
    assert sorted(firm for _, firm in leads) == sorted(
        f for (f,) in sql("select firm_id from firms")
    )
    people = {person for (person,) in sql("select person_id from people")}
    assert {person for person, _ in leads} <= people
    assert all("模拟" in name for (name,) in sql("select name from people"))
