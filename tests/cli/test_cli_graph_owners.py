"""`headrace graph owners|holdings|control|beneficial` as typed, and that nothing looks ahead."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from headrace.graph.ownership.rulesets import RULE_SETS

CUT = "2018-02-07"  # the day before the guarantees of a ring were given


@pytest.fixture(scope="session")
def stored_until(built, tmp_path_factory):
    """The stored facts that were known at the end of CUT, and no other."""
    out = tmp_path_factory.mktemp("cut") / "out"
    (out / "facts").mkdir(parents=True)
    (out / "graph.json").write_bytes((built / "graph.json").read_bytes())
    left_out = 0
    for path in (built / "facts").iterdir():
        table = pq.read_table(path)
        if "known_time" in table.column_names:
            day = pc.strftime(pc.assume_timezone(_local(table), "UTC"), "%Y-%m-%d")
            known = pc.fill_null(pc.less_equal(day, CUT), fill_value=True)
            left_out += table.num_rows - table.filter(known).num_rows
            table = table.filter(known)
        pq.write_table(table, out / "facts" / path.name)
    assert left_out > 1_000
    return out


def _local(table):
    """Times of Shanghai, eight hours on."""
    known = table["known_time"].cast("int64")
    return pc.add(known, 8 * 3_600_000_000).cast("timestamp[us]")


def owned_shares(small):
    """Direct shares as the file states them."""
    return pq.read_table(small / "ownership.parquet").to_pylist()


def test_owners_are_the_file_s_own_where_there_is_one_step(built, small):
    firm = "S9"
    direct = {row["owner_id"]: row["share"] for row in owned_shares(small)
              if row["owned_id"] == firm}  # fmt: skip
    assert all(owner.startswith("P") for owner in direct), "only people: no chain to multiply"
    value = headrace("graph", "owners", firm, "--out", built, "--json").value
    assert value["party"] == firm
    assert {row["party"] for row in value["holders"]} == set(direct)
    for row in value["holders"]:
        assert row["share_low"] == pytest.approx(direct[row["party"]], abs=1e-12)
        assert row["share_low"] <= row["share_high"] <= direct[row["party"]] + 0.001
        assert row["ultimate"]
    beneficial = {row["owner"]: row for row in value["beneficial"]}
    assert set(beneficial) == {owner for owner, share in direct.items() if share >= 0.25}
    for owner, row in beneficial.items():
        (fact,) = row["proof"]["facts"]
        number = int(fact.removeprefix("ownership#"))
        stated = owned_shares(small)[number - 1]
        assert (stated["owner_id"], stated["owned_id"]) == (owner, firm)
    assert value["verified"] is False, "nobody has read the official text"


def test_a_chain_is_multiplied_and_its_proof_names_every_link(built, small):
    links = owned_shares(small)
    chains = [
        (upper, lower)
        for lower in links
        for upper in links
        if upper["owned_id"] == lower["owner_id"] and upper["owner_id"].startswith("P")
    ]
    upper, lower = max(chains, key=lambda pair: pair[0]["share"] * pair[1]["share"])
    value = headrace("graph", "owners", lower["owned_id"], "--out", built, "--json").value
    (held,) = [row for row in value["holders"] if row["party"] == upper["owner_id"]]
    assert held["share_high"] >= upper["share"] * lower["share"] - 1e-12
    (owner,) = [row for row in value["beneficial"] if row["owner"] == upper["owner_id"]]
    facts = {f"ownership#{links.index(each) + 1}" for each in (upper, lower)}
    assert facts <= set(owner["proof"]["facts"])
    assert any("%-->" in each for each in owner["proof"]["lines"])


def test_holdings_are_owners_the_other_way_round(built):
    held = headrace("graph", "holdings", "P00048", "--out", built, "--json").value
    assert len(held) > 2
    for row in held:
        owners = headrace("graph", "owners", row["party"], "--out", built, "--json").value
        (same,) = [each for each in owners["holders"] if each["party"] == "P00048"]
        assert same["share_low"] == pytest.approx(row["share_low"], abs=1e-12)
        assert same["share_high"] == pytest.approx(row["share_high"], abs=1e-12)


def test_who_holds_over_half_controls_for_certain(built, small, tmp_path):
    to = tmp_path / "control.csv"
    done = headrace("graph", "control", "--to", to, "--out", built, "--json")
    assert done.status == 0, done.err
    sure = {(row["controller"], row["controlled"]) for row in done.value if row["certain"]}
    majority = {(row["owner_id"], row["owned_id"]) for row in owned_shares(small)
                if row["share"] > 0.5}  # fmt: skip
    assert majority
    for holder, company in majority:
        heads = {one for one, other in sure if other == holder}
        # A company that another controls acts for that other.
        assert (holder, company) in sure or {(head, company) for head in heads} & sure
    assert len(to.read_text(encoding="utf-8-sig").splitlines()) == len(done.value) + 1


@pytest.mark.parametrize("rules", sorted(RULE_SETS))
def test_each_rule_set_names_itself(built, rules, tmp_path):
    to = tmp_path / "owners.parquet"
    done = headrace("graph", "beneficial", "--rules", rules, "--to", to, "--out", built, "--json")
    assert done.status == 0, done.err
    assert {row["rules"] for row in done.value} <= {rules}
    assert pq.read_table(to).to_pylist() == done.value
    assert headrace("graph", "owners", "S1", "--rules", rules, "--out", built).status == 0


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["模拟数据", "全链条持有人", "控制关系", "未核实原文", "比例下限"]),
        (
            "en",
            ["SIMULATED DATA", "Holders over all chains", "Control", "not read", "share, least"],
        ),
    ],
)
def test_people_read_it_in_their_language(built, lang, words):
    out = headrace("graph", "owners", "S18", "--lang", lang, "--out", built).out
    for word in words:
        assert word in out
    assert "ownership#" in out
    for command in ("control", "beneficial"):
        done = headrace("graph", command, "--lang", lang, "--out", built)
        assert words[0] in done.out
        assert "P00002" in done.out


def test_a_narrow_terminal_folds_and_loses_nothing(built, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    out = headrace("graph", "owners", "S9", "--lang", "zh", "--out", built).out
    assert "…" not in out


@pytest.mark.parametrize("party", ["BANK", "address:00008"])
def test_whoever_has_no_owner_has_none(built, party):
    value = headrace("graph", "owners", party, "--out", built, "--json").value
    assert value["holders"] == value["control"] == value["beneficial"] == []


ASKED = {
    "owners": ("S18",),
    "control": (),
    "groups": (),
    "limits": ("--tier1", "5000000"),
    "circles": (),
    "flows": ("--percent", "20"),
    "shells": ("--points", "0"),
    "features": (),
    "party": ("S35",),
}


@pytest.mark.parametrize("command", sorted(ASKED))
def test_what_became_known_later_changes_nothing(built, stored_until, command):
    asked = ("graph", command, *ASKED[command], "--as-of", CUT, "--json")
    whole, cut = (headrace(*asked, "--out", out) for out in (built, stored_until))
    assert whole.status == cut.status == 0, whole.err + cut.err
    assert whole.value == cut.value
    now = headrace("graph", command, *ASKED[command], "--json", "--out", built)
    if command not in ("owners", "control"):  # shares have no dates here
        assert now.value != whole.value


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("owners", "nobody"), ["no fact names the party 'nobody'", "graph find"]),
        (("holdings", "nobody"), ["no fact names the party 'nobody'", "graph find"]),
        (("owners", "S1", "--rules", "ours"), ["'ours' is not known here", "majority_control"]),
        (("control", "--to", "x.doc"), ["x.doc", ".parquet"]),
        (("control", "--to", "/no/such/x.csv"), ["no such folder", "/no/such"]),
        (("beneficial", "--to", "x"), ["ends in nothing", ".xlsx"]),
        (("owners", "S1", "--zone", "Mars/Base"), ["'Mars/Base' is no day", "IANA"]),
        (("owners", "S1", "--as-of", "9999-12-31"), ["9999-12-31", "1900 to 2199"]),
        (("control", "--as-of", "2019-01-01", "--zone", "../x"), ["'../x'", "IANA"]),
    ],
)
def test_errors_say_where_and_what_would_be_right(built, arguments, said):
    check_refused(headrace("graph", *arguments, "--out", built), *said)


def test_a_day_that_is_none_is_refused_by_the_option(built):
    done = headrace("graph", "owners", "S1", "--as-of", "2019-02-29", "--out", built)
    assert done.status == 2
    assert "--as-of" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("owners", "S1"),
        ("groups",),
        ("circles",),
        ("features",),
        ("trace", "S35", "--day", "2018-02-04"),
        ("diff", "--from", "2018-01-01"),
        ("export", "x", "--format", "csv"),
        ("explore",),
    ],
)
def test_a_folder_of_an_older_version_is_said(built, tmp_path, arguments):
    (tmp_path / "facts").mkdir()
    for path in (built / "facts").iterdir():
        if path.name != "relation.parquet":
            (tmp_path / "facts" / path.name).symlink_to(path)
    done = headrace("graph", *arguments, "--out", tmp_path)
    check_refused(done, "stored facts cannot be read", "relation.parquet", "headrace graph build")
