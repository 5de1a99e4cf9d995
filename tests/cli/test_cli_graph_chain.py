"""`headrace graph chain|place|failure|late|scenarios|rings|communities|identify|same`, as typed."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from chain_map_sample import write_chain_map

CORE = "S35"

FIRMS = """
name = "two files"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "test"

[[table]]
file = "crm"
fact = "party"
constants = { type = "company" }
columns.party = "id"
columns.name = "name"
columns.uscc = "code"
columns.phone = "phone"
columns.legal_representative = "person"
"""
ROWS = """id,name,code,phone,person
crm-1,上海华安贸易有限公司,91310115MA1K12345X,13800000001,王伟
tax-7,上海市華安貿易有限責任公司,,13800000001,王伟
crm-2,上海华安贸易有限公司北京分公司,,,
crm-9,上海华恒贸易有限公司,,13900000002,李娜
"""


@pytest.fixture(scope="module")
def firms(tmp_path_factory):
    """A folder of four codes of three firms, one of them a branch."""
    folder = tmp_path_factory.mktemp("firms")
    data = folder / "data"
    data.mkdir()
    (data / "mapping.toml").write_text(FIRMS, encoding="utf-8")
    (data / "crm.csv").write_text(ROWS, encoding="utf-8")
    done = headrace("graph", "build", "--data", data, "--out", folder / "out", "--json")
    assert done.value["party"] == 4
    return folder / "out"


def test_two_spellings_are_one_firm_and_the_word_of_a_person_stands_above(firms, tmp_path):
    to, ids = tmp_path / "identity.parquet", tmp_path / "ids.parquet"
    found = headrace("graph", "identify", "--out", firms, "--ids", ids, "--json").value
    assert [row["party"] for row in found] == ["crm-1", "tax-7"]
    assert len({row["entity"] for row in found}) == 1
    assert [row["canonical"] for row in found] == [True, False]
    again = headrace("graph", "identify", "--out", firms, "--ids", ids, "--to", to, "--json").value
    assert {row["party"]: row["entity"] for row in again}["crm-1"] == found[0]["entity"]
    assert pq.read_table(to).num_rows == 4
    said = tmp_path / "said.csv"
    said.write_text(
        "id,verdict,left,right,by,at,why\nj1,different,crm-1,tax-7,li,2024-06-30,two owners\n",
        encoding="utf-8",
    )
    apart = headrace("graph", "identify", "--out", firms, "--judgements", said, "--json").value
    assert apart == []


def test_why_two_codes_are_one_firm_adds_up(firms):
    same = headrace("graph", "same", "crm-1", "tax-7", "--out", firms, "--json").value
    assert same["same"] is True
    (match,) = same["matches"]
    assert match["bits"] == pytest.approx(sum(step["bits"] for step in match["steps"]))
    other = headrace("graph", "same", "crm-1", "crm-9", "--out", firms, "--lang", "en")
    assert other.out.startswith("two firms")
    assert "another trade name" in other.out


def test_a_branch_is_linked_to_its_head_office(firms):
    found = headrace("graph", "identify", "--branches", "--out", firms, "--json").value
    assert {"branch": "crm-2", "head_office": "crm-1"} in found


def test_judgements_that_cannot_be_read_name_the_row(firms, tmp_path):
    said = tmp_path / "said.csv"
    said.write_text("id,verdict,left,right,by,at,why\nj,maybe,a,b,c,2024-01-01,d\n", "utf-8")
    done = headrace("graph", "identify", "--judgements", said, "--out", firms)
    check_refused(done, "said.csv, row 1", "same or different")


def test_places_on_a_chain_name_the_trade_they_rest_on(built):
    rows = headrace("graph", "chain", CORE, "--trade-days", 2_000, "--out", built, "--json").value
    assert rows
    assert all(0 <= row["sales_share"] <= 1 for row in rows)
    assert all((row["upstream"] or row["downstream"]) >= 1 for row in rows)
    assert all("invoices#" in row["fact"] for row in rows)
    direct = [row for row in rows if row["upstream"] == 1]
    second = headrace("graph", "chain", CORE, "--second", "--trade-days", 2_000, "--out", built,
                      "--json").value  # fmt: skip
    suppliers = {row["party"] for row in direct}
    assert {row["through"] for row in second} <= suppliers
    assert all(row["attributed_minor"] <= row["amount_minor"] for row in second)


def test_a_failure_reaches_others_along_relations_with_facts(built):
    value = headrace("graph", "failure", CORE, "--out", built, "--json").value
    assert value["failed"] >= 1
    assert value["losses"][0]["loss_minor"] >= value["losses"][-1]["loss_minor"]
    assert any(row["party"] == CORE and row["failed"] for row in value["losses"])
    assert all(row["fact"] for row in value["edges"])
    told = headrace("graph", "failure", CORE, "--out", built, "--lang", "en")
    assert "assumed: reserve 5% of yearly sales" in told.out
    soft = headrace("graph", "failure", CORE, "--margin", 0, "--out", built, "--json").value
    assert soft["total_minor"] <= value["total_minor"]


def test_who_pays_late_leaves_others_short_and_never_itself(built):
    options = ("--terms", 400, "--buffer", 0, "--out", built, "--json")
    value = headrace("graph", "late", CORE, "--days", 60, *options).value
    assert value["delayed_minor"] > 0
    assert CORE not in {row["party"] for row in value["short"]}
    more = headrace("graph", "late", CORE, "--days", 60, "--buffer", 5, *options[:2],
                    *options[4:]).value  # fmt: skip
    assert len(more["short"]) <= len(value["short"])


def test_scenarios_are_those_of_the_seed(built):
    options = ("--count", 50, "--out", built, "--json")
    one, again, other = (
        headrace("graph", "scenarios", "--seed", seed, *options).value for seed in (1, 1, 2)
    )
    assert one == again != other
    assert one["scenarios"] == 50
    assert one["bank_loss_minor"]["mean"] >= 0
    still = headrace("graph", "scenarios", "--deviation", 0, *options).value
    assert still["failures"]["mean"] == 0


def test_communities_hold_each_party_once(built):
    found = headrace("graph", "communities", "--out", built, "--json").value
    members = [party for row in found for party in row["parties"]]
    assert len(members) == len(set(members)) > 100
    around = headrace("graph", "communities", CORE, "--out", built, "--json").value
    assert all(CORE in row["parties"] for row in around)


def test_rings_are_asked_of_kinds_of_relation(built):
    found = headrace("graph", "rings", "--of", "transfers", "--out", built, "--json").value
    assert all(row["closed_by"] in row["facts"] for row in found)
    done = headrace("graph", "rings", "--of", "office", "--out", built)
    check_refused(done, "'office' is not known here", "transfers")


def test_texts_are_placed_on_a_chain_map(tmp_path):
    texts = tmp_path / "texts.csv"
    texts.write_text("party,text\nF1,动力电池\n", encoding="utf-8")
    done = headrace("graph", "place", texts, "--chain", tmp_path / "none")
    assert done.status == 2
    texts.write_text("firm,text\nF1,动力电池\n", encoding="utf-8")
    done = headrace("graph", "place", texts, "--chain", tmp_path)
    check_refused(done, "party", "texts.csv")
    write_chain_map(tmp_path)
    texts.write_text("party,text\nF1,锂电池\n,锂电池\nF2,\n", encoding="utf-8")
    done = headrace("graph", "place", texts, "--chain", tmp_path, "--json")
    assert {row["party"] for row in done.value} == {"F1"}
    assert "锂电池" in {row["node"] for row in done.value}
    assert "2 行缺少主体或文本" in done.err, "what was passed over is said"


def test_judgements_of_too_few_cells_and_ids_of_another_table_are_named(firms, tmp_path):
    said = tmp_path / "said.csv"
    said.write_text("id,verdict,left,right,by,at,why\nj,same,crm-1\n", "utf-8")
    done = headrace("graph", "identify", "--judgements", said, "--out", firms)
    check_refused(done, "fewer cells", "said.csv, row 1")
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    done = headrace("graph", "identify", "--ids", other, "--out", firms)
    check_refused(done, "no column 'party'", "other.parquet", "an earlier time")
    done = headrace("graph", "groups", "--identity", other, "--out", firms)
    check_refused(done, "there is no fact of kind relation")
