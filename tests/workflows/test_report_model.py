"""The report as data: whole and plain JSON, also where hardly anything is known."""

import csv
import io
import json
import shutil
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.adapters.folder import DiskFolder
from headrace.adapters.html import render_report
from headrace.workflows.report import PARTNERS_SHOWN, partners, report_model
from headrace.workflows.summary import headings, summary

CODE = {"headrace": "0", "code": "0" * 64}


def model_of(result):
    return report_model(result, CODE, 0.95)


def strictly(model) -> str:
    """As JSON without NaN and without anything that is no JSON."""
    return json.dumps(model, ensure_ascii=False, allow_nan=False)


@pytest.fixture(scope="module")
def poor(found, economy, run_into, tmp_path_factory):
    """A run that hardly knows anything: no sales, no label, no party fact, a single month."""
    data = tmp_path_factory.mktemp("poor") / "data"
    shutil.copytree(economy, data)
    for name in ("sales_invoices", "credit_records", "firms"):
        file = data / f"{name}.parquet"
        pq.write_table(pq.read_table(file).slice(0, 0), file)
    file = data / "purchase_invoices.parquet"
    pq.write_table(pq.read_table(file).slice(0, 3), file)
    return run_into(data, data.parent / "out", card=found.market.scored.card)


def test_the_model_of_a_run_is_json_and_renders(found):
    model = model_of(found)
    assert json.loads(strictly(model)) == model
    for language in ("zh", "en"):
        assert render_report(model, language).startswith(b"<!")


def test_where_hardly_anything_is_known_it_is_json_all_the_same(poor):
    model = model_of(poor)
    assert json.loads(strictly(model)) == model
    assert model["graph"]["hidden"] == model["graph"]["rings"] == model["graph"]["two_way"] == []
    assert model["score"]["agreement"] is None
    assert "auc" not in model["score"]
    assert model["book"]["rate_mean"] is None
    assert model["book"]["approved"] == 0
    assert model["book"]["rates"] == []
    assert model["book"]["backtest"] is None
    assert all(firm["industry"] == "未知" for firm in model["firms"])
    assert b"</html>" in render_report(model, "zh")
    assert json.loads(strictly(summary(poor)))["score"]["auc"] is None


def test_the_parts_add_up(found):
    model = model_of(found)
    book = model["book"]
    assert book["approved"] + book["referred"] + book["declined"] == book["applicants"]
    for groups in ("by_class", "by_industry"):
        for part, whole in (("applicants", "applicants"), ("approved", "approved"),
                            ("lent_minor", "lent_minor")):  # fmt: skip
            assert sum(each[part] for each in book[groups]) == book[whole]
    assert sum(each["count"] for each in book["by_reason"]) == book["applicants"]
    assert sum(each["count"] for each in book["limits"]) == book["approved"]
    assert sum(each["count"] for each in book["rates"]) == book["approved"]
    lost = sum(each["expected_loss_minor"] for each in book["by_class"])
    assert lost == pytest.approx(book["expected_loss_minor"], abs=len(book["by_class"]) + 1)
    scores = model["score"]["distribution"]
    counted = sum(each[name] for each in scores for name in ("repaid", "default", "unknown"))
    assert counted == book["applicants"] == len(model["firms"])


def test_a_firms_page_agrees_with_its_decision_and_its_months_with_the_features(found):
    pages = model_of(found)["firms"]
    features = {row["party"]: row for row in found.market.features.to_pylist()}
    for page, decision in zip(pages, found.lent.decisions, strict=True):
        assert page["party"] == decision.party
        assert (page["decision"]["limit_minor"] or 0) == decision.limit_minor
        sales = sum(month[1] for month in page["months"])
        assert sales == pytest.approx(features[page["party"]]["sales_all"] or 0.0)
        assert {each["feature"] for each in page["reasons"]} == {
            each.reason for each in decision.points
        }


def test_the_frontier_names_one_book_as_chosen(found):
    points = model_of(found)["frontier"]["points"]
    assert [point["chosen"] for point in points].count(True) == 1
    chosen = next(point for point in points if point["chosen"])
    assert chosen["approved"] == model_of(found)["book"]["approved"]
    assert not any(
        one["dominated"] and one["chosen"] and one["approved"] > chosen["approved"]
        for one in points
    )


class Graph:
    """Only what `partners` looks at."""

    def __init__(self, trades: list[tuple], identities: dict[str, str]) -> None:
        names = ("party", "counterparty", "direction", "amount_minor", "invoices")
        kinds = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.int64())
        columns = list(zip(*trades, strict=True)) or [()] * 5
        self.trades = pa.table(
            {n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)}
        )
        self.identities = pa.table(
            {
                "code": pa.array(identities.keys(), pa.string()),
                "party": pa.array(identities.values(), pa.string()),
            }
        )


def plainly(graph, parties):
    """Twin: walk over all trades, the largest first, and take the first eight of each side."""
    shown = {party: [] for party in parties}
    taken = defaultdict(int)
    known = dict(zip(*graph.identities.to_pydict().values(), strict=True))
    trades = sorted(
        graph.trades.to_pylist(),
        key=lambda row: (-row["amount_minor"], row["party"], row["counterparty"], row["direction"]),
    )
    for row in trades:
        side = (row["party"], row["direction"])
        if taken[side] < PARTNERS_SHOWN and row["party"] in shown:
            taken[side] += 1
            page = {"name": row["counterparty"], "party": known.get(row["counterparty"])}
            page |= {name: row[name] for name in ("direction", "amount_minor", "invoices")}
            shown[row["party"]].append(page)
    return shown


@pytest.mark.parametrize("count", [0, 1, 7, 200])
def test_partners_are_the_largest_of_each_side_as_the_twin_finds_them(count):
    rng = np.random.default_rng(count)
    pairs = {
        (f"E{rng.integers(3)}", f"C{rng.integers(40):02d}", "sale" if rng.random() < 0.5 else
         "purchase")
        for _ in range(count)
    }  # fmt: skip
    trades = [(*pair, int(rng.integers(-3, 4)), 1) for pair in sorted(pairs)]
    graph = Graph(trades, {"C01": "E2"})
    parties = ("E0", "E1", "E9")
    assert partners(graph, parties) == plainly(graph, parties)


def test_summary_figures_are_those_of_the_decisions_that_were_written(found, folder):
    book = summary(found)["book"]
    sheet = pq.read_table(folder / "decisions.parquet").to_pylist()
    approved = [row for row in sheet if row["outcome"] == "approve"]
    assert book["applicants"] == len(sheet)
    assert book["approved"] == len(approved)
    assert book["approval_rate"] == len(approved) / len(sheet)
    lent = sum(row["limit_minor"] for row in approved)
    assert book["lent_minor"] == lent <= book["budget_minor"]
    weighted = sum(row["limit_minor"] * row["rate"] for row in approved)
    assert book["rate_mean"] == pytest.approx(weighted / lent)
    drawn = sum(row["limit_minor"] * row["take_up"] for row in approved)
    assert book["expected_drawn_minor"] == pytest.approx(drawn, abs=1)
    loss = sum(row["limit_minor"] * row["take_up"] * row["probability"] * 0.45 for row in approved)
    assert book["expected_loss_minor"] == pytest.approx(loss, abs=1)
    assert book["expected_loss_share"] == pytest.approx(loss / drawn)
    profit = sum(row["expected_profit_minor"] for row in approved)
    assert book["expected_profit_minor"] == pytest.approx(profit, abs=len(approved) + 2)
    assert json.loads((folder / "summary.json").read_text()) == summary(found)


def rows_of(folder, name):
    text = DiskFolder(folder).read(name).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_spreadsheets_of_frontier_and_stress_say_what_the_model_says(found, folder):
    model = model_of(found)
    frontier, stress = rows_of(folder, "frontier.csv"), rows_of(folder, "stress.csv")
    for row, point in zip(frontier, model["frontier"]["points"], strict=True):
        assert int(row["approved"]) == point["approved"]
        assert int(row["expected_profit_minor"]) == point["expected_profit_minor"]
        assert float(row["rate_mean"]) == point["rate_mean"]
        assert (row["chosen"] == "True") == point["chosen"]
    for row, each in zip(stress, model["stress"], strict=True):
        assert (row["scenario"], row["zh"]) == (each["scenario"], each["zh"])
        assert int(row["profit_after_minor"]) == each["profit_after_minor"]
        assert int(row["expected_loss_before_minor"]) == model["book"]["expected_loss_minor"]


def test_every_column_of_the_sheet_has_a_heading_in_both_languages(folder):
    columns = pq.read_schema(folder / "decisions.parquet").names
    for language in ("zh", "en"):
        assert set(headings(language)) == set(columns)
        assert len(set(headings(language).values())) == len(columns)
