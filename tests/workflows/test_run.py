"""The whole job: what comes out is bounded, provable, repeatable, and free of look-ahead."""

import hashlib
import io
import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from headrace.adapters.folder import DiskFolder, MemoryFolder
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.formats import StandardFormats
from headrace.adapters.mappings import find_mapping, load_mapping
from headrace.adapters.store import FactStore
from headrace.adapters.terminal import Silent
from headrace.errors import InputError, LeakageError
from headrace.facts.kinds import KINDS, PARTY, RELATION
from headrace.facts.mapping import parse_mapping
from headrace.packs import load
from headrace.workflows.explain import explain, facts_behind
from headrace.workflows.graph_features import RELATION_FEATURES, relation_features
from headrace.workflows.lend import LendSettings
from headrace.workflows.policy import parse_policy
from headrace.workflows.prove import verify
from headrace.workflows.result import RunResult
from headrace.workflows.run import Output, RunSettings, Signer, run
from headrace.workflows.score import ScoreSettings
from headrace.workflows.summary import summary

SETTINGS = RunSettings(score=ScoreSettings(repeats=1), code={"headrace": "test", "code": "0" * 64})
SIGNER = Signer(bytes(range(32)), "headrace-test")


def run_on(data: Path, settings: RunSettings = SETTINGS, folder=None) -> RunResult:
    source = FolderSource(data, load_mapping(data / "mapping.toml"))
    output = Output(folder or MemoryFolder(), StandardFormats(), SIGNER)
    return run(source, load("sme_invoices"), output, settings, Silent())


@pytest.fixture(scope="module")
def done(economy, tmp_path_factory) -> tuple[RunResult, Path]:
    out = tmp_path_factory.mktemp("out")
    return run_on(economy, folder=DiskFolder(out)), out


def test_every_invoice_is_accounted_for(done, economy):
    facts = summary(done[0])["facts"]
    files = [economy / f"{side}_invoices.parquet" for side in ("purchase", "sales")]
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    assert facts["rows"] == rows
    assert facts["accepted"] + facts["duplicates"] + facts["quarantined"] == rows
    planted = pq.read_table(economy / "truth" / "duplicates.parquet").num_rows
    assert facts["duplicates"] == planted > 0
    assert facts["quarantined"] > 0


def test_the_book_keeps_to_budget_bounds_steps_and_grid(done):
    lent = done[0].lent
    book, economics = lent.chosen.book, lent.economics
    limits = book.limit_minor[book.lent]
    assert 0 < limits.sum() <= economics.budget_minor
    assert limits.min() >= economics.limit_min_minor
    assert limits.max() <= economics.limit_max_minor
    assert not np.any(limits % economics.limit_step_minor)
    rates = {decision.rate for decision in lent.decisions} - {None}
    assert all(economics.rate_min <= rate <= economics.rate_max for rate in rates)
    assert all(decision.rating != "D" for decision in lent.decisions if decision.rate)
    assert book.proof.gap <= 1e-3


def test_the_optimiser_is_no_worse_than_a_greedy_lender(done):
    lent = done[0].lent
    assert lent.baseline.totals.approvals >= lent.chosen.book.totals.approvals
    assert lent.chosen.book.totals.profit_minor >= lent.baseline.totals.profit_minor
    assert lent.best.totals.profit_minor >= lent.greedy_best.totals.profit_minor
    kept = lent.chosen.book.totals.profit_minor / lent.best.totals.profit_minor
    assert kept >= LendSettings().profit_share_min


def test_the_summary_has_what_it_promises(done):
    found = summary(done[0])
    promised = {
        "facts": ["accepted", "duplicates", "quarantined"],
        "score": ["auc", "auc_low", "auc_high", "brier"],
        "book": ["applicants", "approved", "approval_rate", "lent_minor", "budget_minor",
                 "rate_mean", "expected_loss_minor", "expected_profit_minor", "gap"],
    }  # fmt: skip
    for section, names in promised.items():
        assert all(found[section][name] is not None for name in names)
    assert found["simulated"] is True
    assert len(found["digest"]) == 64
    assert json.loads(json.dumps(found)) == found


def test_the_folder_proves_itself_and_the_data_it_read(done, economy):
    result, out = done
    found = verify(DiskFolder(out), data=DiskFolder(economy))
    assert found.problems == ()
    assert found.decisions_proved == result.lent.chosen.book.totals.applicants
    assert (found.entries, found.root) == (result.entries, result.root)


ALTERED = (
    "decisions.csv",
    "facts/invoice.parquet",
    "records/decisions.jsonl",
    "report.html",
    "evidence/log.jsonl",
    "run.json",
)


@pytest.mark.parametrize("part", ALTERED)
def test_an_altered_byte_is_found_and_named(done, tmp_path, part):
    copy = tmp_path / "copy"
    shutil.copytree(done[1], copy)
    target = copy / part
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.write_bytes(bytes(data))
    problems = verify(DiskFolder(copy)).problems
    assert any(part in problem.where for problem in problems)


def test_an_altered_input_is_found_and_named(done, economy, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(economy, copy)
    with (copy / "sales_invoices.parquet").open("ab") as file:
        file.write(b"!")
    problems = verify(DiskFolder(done[1]), data=DiskFolder(copy)).problems
    assert ["sales_invoices.parquet" in problem.where for problem in problems] == [True]


@pytest.mark.parametrize("threads", [1, 2])
def test_equal_runs_are_equal_on_any_number_of_threads(done, economy, threads):
    before = pa.cpu_count()
    pa.set_cpu_count(threads)
    try:
        with threadpool_limits(threads):
            again = run_on(economy)
    finally:
        pa.set_cpu_count(before)
    assert (again.digest, again.root) == (done[0].digest, done[0].root)


def test_facts_of_the_future_change_no_decision(economy, tmp_path):
    """Deciding as of a day is the same as deciding on data that ends that day."""
    day = date(2019, 6, 30)
    settings = replace(SETTINGS, as_of=day)
    whole = run_on(economy, settings)
    cut = tmp_path / "cut"
    shutil.copytree(economy, cut)
    for side in ("purchase", "sales"):
        file = cut / f"{side}_invoices.parquet"
        table = pq.read_table(file)
        pq.write_table(table.filter(pc.less_equal(table["date"], day)), file)
    # Row numbers are kept by order, so that ids and with them every tie stay the same.
    assert run_on(cut, settings).digest == whole.digest
    assert whole.as_of == datetime(2019, 6, 30, 15, 59, 59, 999999, tzinfo=UTC)
    assert whole.digest != run_on(economy).digest


def pairs(table: pa.Table, first: str, second: str) -> set[tuple[str, str]]:
    return set(zip(table[first].to_pylist(), table[second].to_pylist(), strict=True))


def test_an_outcome_that_became_known_later_teaches_nothing(economy, tmp_path):
    """A label with a known time after the moment does not exist yet."""
    data = tmp_path / "dated"
    shutil.copytree(economy, data)
    records = pq.read_table(data / "credit_records.parquet")
    day = [date(2019, 1, 1) if n % 3 else date(2019, 12, 1) for n in range(records.num_rows)]
    pq.write_table(records.append_column("told", pa.array(day)), data / "credit_records.parquet")
    mapping = (data / "mapping.toml").read_text(encoding="utf-8")
    add_column(data / "mapping.toml", mapping, 'known_time = "told"')
    early = run_on(data, replace(SETTINGS, as_of=date(2019, 6, 30))).market.scored
    late = run_on(data).market.scored
    assert late.card.rows == records.num_rows
    assert early.card.rows == sum(each == date(2019, 1, 1) for each in day)


def add_column(file: Path, mapping: str, column: str) -> None:
    """Map one more column of the credit records."""
    place = mapping.index("defaulted")
    start = mapping.rindex("\n", 0, place) + 1
    line = mapping[start : mapping.index("\n", start)]
    file.write_text(mapping.replace(line, line.replace("}", f", {column} }}", 1)), encoding="utf-8")


def test_rings_and_hidden_edges_that_were_planted_are_found(done, economy):
    graph, truth = done[0].graph, economy / "truth"
    edges = pq.read_table(truth / "hidden_edges.parquet")
    found = pairs(graph.hidden, "seller", "buyer")
    assert found == pairs(edges, "seller_id", "buyer_id")
    circles = {frozenset(ring) for ring in graph.rings["parties"].to_pylist()}
    planted: set[frozenset[str]] = set()
    for name in ("ring", "circular"):
        file = {"ring": "rings", "circular": "circular_trades"}[name]
        table = pq.read_table(truth / f"{file}.parquet").group_by(f"{name}_id")
        groups = table.aggregate([("seller_id", "distinct")])["seller_id_distinct"]
        planted |= {frozenset(group) for group in groups.to_pylist()}
    assert planted <= circles, "every planted circle is found"
    assert len(planted) / len(circles) >= 0.9, "and hardly anything else"
    own = pq.read_table(truth / "self_invoices.parquet")["seller_id"].to_pylist()
    assert sorted(graph.self_invoices["seller"].to_pylist()) == sorted(own)


def test_planted_shells_never_get_a_loan(done, economy):
    shells = pq.read_table(economy / "truth" / "shells.parquet")["firm_id"].to_pylist()
    decisions = {each.party: each for each in done[0].lent.decisions}
    assert shells
    assert {decisions[shell].outcome.value for shell in shells} <= {"decline", "refer"}


def test_an_explanation_computes_every_value_again_from_the_facts(done):
    _, out = done
    pack = load("sme_invoices")
    for party in ("S1", "S17"):
        found = explain(DiskFolder(out), FactStore(out), pack, party)
        assert len(found.lines) == len(pack.require_lending().card.terms)
        assert all(line.again for line in found.lines)
        whole = sum(line.points for line in found.lines) + found.points_of_uncertainty
        assert found.points == pytest.approx(found.points_mean_applicant + whole, abs=0.2)
        used = facts_behind(DiskFolder(out), FactStore(out), pack, party, "sales_month_mean")
        line = next(line for line in found.lines if line.feature == "sales_month_mean")
        assert used.num_rows == line.facts
        months = {day[:7] for day in used["day"].to_pylist()}
        mean = sum(used["amount_minor"].to_pylist()) / len(months)
        assert line.value == pytest.approx(mean)
    with pytest.raises(InputError, match="there is no decision on 'S9999'"):
        explain(DiskFolder(out), FactStore(out), pack, "S9999")
    with pytest.raises(InputError, match="no facts of the firm stand behind 'ring_count'"):
        facts_behind(DiskFolder(out), FactStore(out), pack, "S1", "ring_count")


def with_rating(economy: Path, to: Path) -> Path:
    """The economy with a rating that its bank gave after the loans had ended."""
    shutil.copytree(economy, to)
    records = pq.read_table(to / "credit_records.parquet")
    rating = ["D" if each == "yes" else "A" for each in records["defaulted"].to_pylist()]
    pq.write_table(records.append_column("rating", pa.array(rating)), to / "credit_records.parquet")
    mapping = (to / "mapping.toml").read_text(encoding="utf-8")
    add_column(to / "mapping.toml", mapping, 'rating = "rating"')
    return to


def test_the_banks_own_rating_is_refused_as_an_input(economy, tmp_path):
    data = with_rating(economy, tmp_path / "rated")
    cheating = ScoreSettings(repeats=1, extra_terms=("信誉评级",))
    with pytest.raises(LeakageError, match="rating was formed after the loan ended"):
        run_on(data, replace(SETTINGS, score=cheating))
    allowed = run_on(data, replace(SETTINGS, score=replace(cheating, allow_leakage=True)))
    assert summary(allowed)["score"]["leaks_allowed"] == ["rating"]
    assert summary(allowed)["score"]["auc"] > 0.97
    honest = run_on(data)
    assert honest.market.scored.leaks == ()
    assert "rating" not in honest.market.scored.card.names


def test_only_known_fields_can_be_added_to_the_card(economy):
    added = ScoreSettings(repeats=1, extra_terms=("supplier_count",))
    assert (
        "supplier_count" in run_on(economy, replace(SETTINGS, score=added)).market.scored.card.names
    )
    with pytest.raises(InputError, match="'shoe_size' cannot be added"):
        run_on(economy, replace(SETTINGS, score=replace(added, extra_terms=("shoe_size",))))


def test_a_card_fitted_before_is_used_as_it_is(done, economy):
    card = done[0].market.scored.card
    brought = run_on(economy, replace(SETTINGS, score=ScoreSettings(card=card)))
    assert brought.market.scored.validation is None
    assert brought.digest == done[0].digest
    assert summary(brought)["score"]["auc"] is None


def test_without_credit_records_it_says_what_is_needed(economy, tmp_path):
    data = tmp_path / "unlabelled"
    shutil.copytree(economy, data)
    file = data / "credit_records.parquet"
    pq.write_table(pq.read_table(file).slice(0, 5), file)
    with pytest.raises(InputError, match="5 firms have a credit record") as error:
        run_on(data)
    assert "--scorecard" in error.value.remedy


def test_a_firm_without_invoices_is_decided_and_says_so(economy, tmp_path):
    data = tmp_path / "idle"
    shutil.copytree(economy, data)
    firms = pq.read_table(data / "firms.parquet")
    idle = firms.slice(0, 1).set_column(0, "firm_id", pa.array(["S900"]))
    pq.write_table(pa.concat_tables([firms, idle]), data / "firms.parquet")
    decisions = {each.party: each for each in run_on(data).lent.decisions}
    assert decisions["S900"].outcome.value == "decline"
    assert decisions["S900"].reasons == ("no_invoices",)
    assert "sales_month_mean" in decisions["S900"].missing_inputs


def test_nothing_known_yet_is_an_error_with_a_date(economy):
    with pytest.raises(InputError, match="nothing was known by 2001-01-01") as error:
        run_on(economy, replace(SETTINGS, as_of=date(2001, 1, 1)))
    assert "2017" in error.value.remedy


def test_own_policy_files_take_the_place_of_the_packs(done, economy):
    pack = load("sme_invoices")
    files = pack.require_lending().files
    own = files["economics.toml"].replace("100_000_000 ", "20_000_000 ").encode()
    policy = parse_policy(pack, {"economics.toml": own})
    small = run_on(economy, replace(SETTINGS, policy=policy))
    assert small.lent.economics.budget_minor == 2_000_000_000
    assert small.lent.chosen.book.totals.limit_minor <= 2_000_000_000
    budget = run_on(economy, replace(SETTINGS, lend=LendSettings(budget_minor=2_000_000_000)))
    assert budget.lent.chosen.book.totals == small.lent.chosen.book.totals


def test_what_people_open_agrees_with_the_records(done):
    _, out = done
    sheet = pq.read_table(out / "decisions.parquet")
    records = [
        json.loads(line) for line in (out / "records/decisions.jsonl").read_text().splitlines()
    ]
    assert sheet["party"].to_pylist() == [record["party"] for record in records]
    limits = [value or 0 for value in sheet["limit_minor"].to_pylist()]
    assert limits == [record["limit_minor"] for record in records]
    digest = hashlib.sha256((out / "records/decisions.jsonl").read_bytes()[:-1]).hexdigest()
    assert digest == done[0].digest
    assert (out / "decisions.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert pq.read_table(io.BytesIO((out / "features.parquet").read_bytes())).num_rows == len(
        records
    )


@pytest.mark.real
def test_the_real_invoices_reconcile_and_reach_the_bars(real_data):
    pack = load("sme_invoices")
    shipped = [parse_mapping(text, name) for name, text in pack.mappings.items()]
    source = FolderSource(real_data, find_mapping(real_data, shipped))
    output = Output(MemoryFolder(), StandardFormats(), SIGNER)
    found = summary(
        run(source, pack, output, replace(SETTINGS, score=ScoreSettings(repeats=5)), Silent())
    )
    facts, score, book = found["facts"], found["score"], found["book"]
    assert facts["accepted"] + facts["duplicates"] + facts["quarantined"] == 1_099_441
    assert (facts["duplicates"], facts["quarantined"]) == (11_665, 5)
    assert (found["graph"]["hidden_edges"], found["graph"]["self_invoices"]) == (75, 452)
    assert score["auc"] >= 0.90
    assert score["auc_low"] < score["auc"] < score["auc_high"]
    assert score["brier"] <= 0.095
    assert (score["labelled"], score["defaults"]) == (123, 27)
    assert book["applicants"] == 425
    assert book["lent_minor"] <= book["budget_minor"] == 10_000_000_000
    assert book["gap"] <= 1e-3
    assert book["expected_profit_minor"] >= book["greedy_profit_minor"]
    assert 0.04 <= book["rate_mean"] <= 0.15


def test_relations_reach_the_features_and_without_any_they_are_missing(done, economy):
    """A firm of a planted guarantee ring knows how many stand in it; nobody else is in one."""
    features = pq.read_table(done[1] / "features.parquet")
    circle = dict(
        zip(features["party"].to_pylist(), features["guarantee_circle"].to_pylist(), strict=True)
    )
    truth = pq.read_table(economy / "truth" / "guarantee_rings.parquet").to_pylist()
    sizes = Counter(row["ring_id"] for row in truth)
    planted = {row["firm_id"]: float(sizes[row["ring_id"]]) for row in truth}
    assert {firm: size for firm, size in circle.items() if size} == planted
    assert not set(circle) - {f"S{number}" for number in range(1, 101)}, "people are not scored"
    kinds = {kind: KINDS[kind].empty() for kind in (RELATION.kind, PARTY.kind)}
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    none = relation_features(kinds, ["S1"], moment).to_pylist()
    assert none == [{"party": "S1", **dict.fromkeys(RELATION_FEATURES)}]
