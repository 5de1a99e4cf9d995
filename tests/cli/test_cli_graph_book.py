"""A book of loans, its facts, and what `headrace graph` makes of them: exposures, limits, room."""

import shutil
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

CAPITAL = ("--tier1", "500000000", "--net", "600000000", "--quarter", "600000000")


@pytest.fixture(scope="module")
def lent(ran, tmp_path_factory):
    """A book in which one loan was paid out and never paid; not to be written to."""
    book = tmp_path_factory.mktemp("lent") / "book"
    headrace("book", "open", "--run", ran, "--book", book, "--json")
    row = headrace("book", "list", "--book", book, "--json").value[0]
    act(book, row["contract"], "disburse", row["start"])
    until = date.fromisoformat(row["start"]) + timedelta(days=160)
    done = headrace("book", "end-day", "--book", book, "--until", until.replace(day=1), "--json")
    assert done.status == 0, done.err
    return book, row


@pytest.fixture
def mine(lent, tmp_path):
    book, row = lent
    shutil.copytree(book, tmp_path / "book")
    return tmp_path / "book", row


def act(book, name, event, day, *options):
    done = headrace("book", "act", name, event, "--on", day, "--id", f"{event} {day}",
                    "--book", book, *options, "--json")  # fmt: skip
    assert done.status == 0, done.err
    return done.value


def room(ran, party, *options):
    rows = headrace("graph", "room", party, *CAPITAL, "--out", ran, *options, "--json").value
    return {row["limit"]: row for row in rows}


def used(rows):
    return {name: row["used_minor"] for name, row in rows.items()}


def test_what_a_loan_owes_takes_its_party_and_its_group_that_much_room(ran, lent):
    book, row = lent
    without, with_book = room(ran, row["party"]), room(ran, row["party"], "--book", book)
    owed = headrace("book", "list", "--book", book, "--json").value
    (owed,) = [each["owed_minor"] for each in owed if each["contract"] == row["contract"]]
    assert owed == row["principal_minor"] > 0
    assert with_book.keys() == without.keys()
    assert "limit.loans_one" in with_book, "a product of the catalogue counts as a loan"
    for name, each in with_book.items():
        assert each["used_minor"] == without[name]["used_minor"] + owed
        assert each["room_minor"] == without[name]["room_minor"] - owed
    heads = {each["head"] for each in with_book.values()}
    limits = headrace("graph", "limits", *CAPITAL, "--out", ran, "--book", book, "--json").value
    full = {each["limit"]: each["used_minor"] for each in limits if each["head"] in heads}
    assert full.items() >= {(name, each["used_minor"]) for name, each in with_book.items()}


def test_the_sum_of_all_limits_on_one_borrower_is_what_the_book_and_the_bank_are_owed(ran, lent):
    book, _ = lent
    ask = ("graph", "limits", *CAPITAL, "--out", ran, "--json")
    before, after = (
        sum(row["used_minor"] for row in headrace(*ask, *more).value
            if row["limit"] == "limit.loans_one")
        for more in ((), ("--book", book))
    )  # fmt: skip
    shown = headrace("book", "show", "--book", book, "--json").value
    assert after - before == shown["owed"] > 0


def test_the_proof_alone_will_do(ran, lent):
    book, row = lent
    assert room(ran, row["party"], "--book", book) == room(
        ran, row["party"], "--book", book / "proof"
    )


def test_a_repayment_gives_the_room_back(ran, mine):
    book, row = mine
    party, name = row["party"], row["contract"]
    day = headrace("book", "show", "--book", book, "--json").value["day"]
    before = used(room(ran, party, "--book", book))
    due = headrace("book", "quote", name, "--book", book, "--json").value
    yuan = f"{due['total'] // 100}.{due['total'] % 100:02}"
    act(book, name, "prepay", day, "--amount", yuan)
    after = used(room(ran, party, "--book", book))
    assert {name: before[name] - row["principal_minor"] for name in before} == after
    assert after == used(room(ran, party))
    ended = pq.read_table(book / "proof" / "facts" / "exposure.parquet").to_pylist()
    assert [(each["amount_minor"], each["status"]) for each in ended] == [
        (row["principal_minor"], None), (0, "withdrawn")
    ]  # fmt: skip


def test_a_day_before_the_loan_was_paid_out_does_not_know_it(ran, lent):
    """True on a day, as known later; and as known on that day."""
    book, row = lent
    start = date.fromisoformat(row["start"])
    told = ("--book", book, "--known", "2199-01-01")
    eve = used(room(ran, row["party"], *told, "--as-of", start - timedelta(days=1)))
    paid = used(room(ran, row["party"], *told, "--as-of", start))
    assert {name: paid[name] - eve[name] for name in eve} == dict.fromkeys(
        eve, row["principal_minor"]
    )
    # the book was written today: on that day nobody knew
    assert used(room(ran, row["party"], "--book", book, "--as-of", start)) == eve


def test_a_bad_loan_makes_a_bad_neighbour(ran, lent):
    book, row = lent
    shown = headrace("book", "loan", row["contract"], "--book", book, "--json").value
    assert shown["grade"] in ("substandard", "doubtful")
    assert shown["suspended_minor"] > 0
    ask = ("graph", "features", "--as-of", "2190-01-01", "--out", ran, "--json")
    before, after = (
        {each["party"]: each for each in headrace(*ask, *more).value}
        for more in ((), ("--book", book))
    )
    counts = ("bad_count_1", "bad_count_2", "bad_count_3")
    nearer = {
        party: sum(after[party][name] - each[name] for name in counts)
        for party, each in before.items()
    }
    assert nearer.pop(row["party"]) in (0, 1)  # its own record is never its own neighbour
    assert set(nearer.values()) == {0, 1}, "one more, at its distance; or too far away"


def test_a_simulated_book_is_said_to_be_one(ran, lent):
    book, row = lent
    for place in (book, book / "proof"):
        out = headrace("graph", "room", row["party"], "--out", ran, "--book", place, "--lang", "en")
        assert "SIMULATED" in out.out


def test_a_folder_without_a_proof_is_said(ran, tmp_path):
    done = headrace("graph", "limits", "--out", ran, "--book", tmp_path, "--lang", "en")
    check_refused(done, "no proof of a book")
