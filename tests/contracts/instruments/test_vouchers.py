"""Vouchers and bills: worked examples in a table, conservation, recourse, idempotency, the twin."""

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.instruments import kernels, views
from headrace.contracts.instruments.acts import Act, ActKind, Answer, PaperKind
from headrace.contracts.instruments.book import admitted, apply, gaps, opened
from headrace.contracts.instruments.postings import limit_movements, movements
from headrace.contracts.instruments.recourse import borne, losses
from headrace.contracts.instruments.tenors import beyond_usual, due_latest, tenors
from headrace.contracts.instruments.words import WORDS, words
from headrace.errors import InputError
from headrace.money import to_minor
from strategies_vouchers import LIMITS, OTHERS, life

TABLE = Path(__file__).parents[2] / "data" / "contracts" / "vouchers.csv"
PARTIES = ("core", "s1", "s2", "s3", "bank", "bank2")
TOLD = (
    "paper", "holder", "amount_minor", "unpaid_minor", "cost_minor", "received_minor", "tier",
    "registered_for", "pledged_to", "loan_minor", "state",
)  # fmt: skip
NO_CLAIM = (Answer.WITHOUT_RECOURSE, Answer.NOTHING_LOST, Answer.OWN_ENDORSEMENT)
seeds = st.integers(0, 2**32 - 1)


def fen(yuan):
    return to_minor(Decimal(yuan), "CNY") if yuan else None


def read(row, number):
    """A row of the table as an act."""
    more = dict([*each.split("="), ""][:2] for each in row["more"].split(";") if each)
    return Act(
        ActKind[row["act"].upper()],
        f"{row['case']} {number}",
        date.fromisoformat(row["on"]),
        by=row["by"],
        target=row["target"],
        to=row["to"] or None,
        amount=fen(row["amount"]),
        price=fen(row["price"]),
        due=date.fromisoformat(row["due"]) if row["due"] else None,
        recourse=row["recourse"] == "yes",
        payer=more.get("payer"),
        paper=PaperKind.BILL if "bill" in more else PaperKind.VOUCHER,
        trades=(more["trades"],) if "trades" in more else (),
        made=more.get("made"),
    )


def cases():
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {case: list(part) for case, part in groupby(rows, key=lambda row: row["case"])}


def acts_of(case):
    return [read(row, number) for number, row in enumerate(cases()[case])]


def done(case):
    return apply(opened({}, PARTIES), acts_of(case))


def told(book):
    return {
        row["piece"]: tuple(row[each] for each in TOLD) for row in views.pieces(book).to_pylist()
    }


def issued(name="V1", amount=100, core="core", to="s1", **more):
    """A voucher that was received."""
    begin = {"on": date(2026, 1, 5), "target": name}
    return [
        Act(ActKind.ISSUE, f"{name} issue", by=core, to=to, amount=amount, due=date(2026, 6, 30),
            trades=("INV",), **begin, **more),
        Act(ActKind.ACCEPT, f"{name} accept", by=to, **begin),
    ]  # fmt: skip


@pytest.mark.parametrize("case", cases())
def test_the_table_of_examples(case):
    rows, applied = cases()[case], done(case)
    for row, answer in zip(rows, applied.answer, strict=True):
        assert answer.name.lower() == row["answer"], f"{row['act']} {row['target']}: {row['why']}"
    assert gaps(applied.book).num_rows == 0


def test_a_voucher_is_paid_to_all_who_hold_it():
    paid = views.money(done("life of a voucher")).to_pylist()
    assert [(row["payee"], row["amount_minor"], row["why"]) for row in paid] == [
        ("s3", 98_000_00, "purchase"),
        ("bank", 100_000_00, "payment"),
        ("s2", 150_000_01, "payment"),
        ("s1", 349_999_99, "payment"),
    ]


def test_recourse_walks_back_and_each_pays_what_its_buyer_lost():
    paid = views.money(done("default")).to_pylist()
    assert [
        (r["payer"], r["payee"], r["amount_minor"]) for r in paid if r["why"] == "recourse"
    ] == [
        ("s3", "bank", 87_000_00),
        ("s2", "s3", 90_000_00),
    ]
    late = [
        (r["payee"], r["amount_minor"]) for r in paid if r["act"] == len(acts_of("default")) - 1
    ]
    assert late == [("s2", 90_000_00), ("s1", 180_000_00)]


def test_who_ends_up_with_the_loss_is_known_before_anybody_claims():
    acts = acts_of("default")
    until = next(at for at, act in enumerate(acts) if act.kind is ActKind.CLAIM)
    book = apply(opened({}, PARTIES), acts[:until]).book
    table = losses(book, "core")
    rows = table.select(["piece", "party", "against", "recourse", "claim_minor", "bears_minor"])
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("V1/0/0/0/0", "bank", "s3", True, 87_000_00, 0),
        ("V1/0/0/0/0", "s3", "s2", True, 90_000_00, 0),
        ("V1/0/0/0/0", "s2", "s1", False, 0, 90_000_00),
        ("V1/1", "s1", None, False, 0, 180_000_00),
    ]
    assert borne(table).to_pylist()[0] == {"party": "s1", "bears_minor": 180_000_00}


def test_a_bill_may_be_asked_of_any_endorser_and_of_the_drawer():
    paid = views.money(done("bill")).to_pylist()
    assert [
        (r["payer"], r["payee"], r["amount_minor"]) for r in paid if r["why"] == "recourse"
    ] == [
        ("s1", "bank2", 200_000_00),
        ("core", "s1", 200_000_00),
    ]


def test_a_pledgee_is_paid_before_the_holder():
    paid = views.money(done("pledge")).to_pylist()
    assert [(row["payee"], row["amount_minor"], row["why"]) for row in paid] == [
        ("bank", 500_00, "pledge"),
        ("s1", 100_00, "payment"),
        ("s2", 400_00, "payment"),
    ]


def test_papers_are_told_with_what_was_paid_and_converted():
    (voucher, bill) = views.papers(done("convert").book).to_pylist()
    assert (voucher["status"], voucher["paid_minor"]) == ("settled", 300_000_00)
    assert (voucher["converted_minor"], voucher["unpaid_minor"]) == (200_000_00, 0)
    assert (bill["kind"], bill["payer"], bill["paid_minor"]) == ("bill", "core", 200_000_00)


@given(seeds)
@settings(max_examples=60)
def test_any_life_is_the_same_fen_by_fen(seed):
    """Answers, every piece, every payment: as a twin says to which each fen is a thing."""
    acts, answers, desk = life(np.random.default_rng(seed), 150)
    applied = apply(opened(LIMITS, OTHERS), acts)
    assert list(applied.answer) == answers
    assert told(applied.book) == desk.told()
    money = views.money(applied).select(["payer", "payee", "piece", "amount_minor", "why"])
    assert [tuple(row.values()) for row in money.to_pylist()] == desk.flows


@given(seeds)
@settings(max_examples=40)
def test_any_life_conserves_to_the_cent(seed):
    acts, _, _ = life(np.random.default_rng(seed), 150)
    book = opened(LIMITS, OTHERS)
    for at in range(0, len(acts), 30):
        book = apply(book, acts[at : at + 30]).book
        assert gaps(book).num_rows == 0
        rows = book.pieces[views.live(book)]
        assert (rows[:, kernels.UNPAID] > 0).all()
        assert (book.parties[:, kernels.USED] <= book.parties[:, kernels.LIMIT]).all()
        for paper in range(len(book.papers)):
            ends = rows[rows[:, kernels.PAPER] == paper]
            stops = ends[:, kernels.START] + ends[:, kernels.FACE]
            assert (stops[:-1] <= ends[1:, kernels.START]).all()  # no fen is in two pieces


@given(seeds)
@settings(max_examples=30)
def test_acts_done_again_change_nothing(seed):
    acts, _, _ = life(np.random.default_rng(seed), 120)
    once = apply(opened(LIMITS, OTHERS), acts)
    did = [act for act, answer in zip(acts, once.answer, strict=True) if answer.done]
    again = apply(once.book, did)
    assert set(again.answer) <= {Answer.REPEATED}
    assert len(again.flows) == 0
    assert told(again.book) == told(once.book)
    forged = [replace(did[0], on=date(2031, 1, 1))] if did else []
    assert set(apply(once.book, forged).answer) <= {Answer.KEY_TAKEN}


@given(seeds)
@settings(max_examples=30)
def test_one_by_one_is_all_at_once(seed):
    acts, answers, _ = life(np.random.default_rng(seed), 40)
    book, found = opened(LIMITS, OTHERS), []
    for act in acts:
        applied = apply(book, [act])
        book = applied.book
        found += applied.answer
    assert found == answers
    assert told(book) == told(apply(opened(LIMITS, OTHERS), acts).book)


@given(seeds)
@settings(max_examples=30)
def test_the_order_of_independent_acts_does_not_matter(seed):
    """Acts on different papers, when no limit is short, may come in any order."""
    rng = np.random.default_rng(seed)
    acts, answers, _ = life(rng, 120)
    skipped = (ActKind.SET_LIMIT, ActKind.CONVERT)
    did = [
        act
        for act, answer in zip(acts, answers, strict=True)
        if answer is Answer.APPLIED and act.kind not in skipped
    ]
    ample = dict.fromkeys((*LIMITS, *OTHERS), 10**9)
    straight = apply(opened(ample), did)
    queues = {}
    for act in did:
        queues.setdefault(act.target.split("/")[0], []).append(act)
    mixed = []
    while queues:
        name = list(queues)[int(rng.integers(len(queues)))]
        mixed.append(queues[name].pop(0))
        queues = {key: queue for key, queue in queues.items() if queue}
    assert told(apply(opened(ample), mixed).book) == told(straight.book)


@given(seeds)
@settings(max_examples=30)
def test_no_order_of_acts_exceeds_a_limit(seed):
    """Acts in any order at all: most are refused, none breaks a limit or loses a fen."""
    rng = np.random.default_rng(seed)
    acts, _, _ = life(rng, 120)
    shuffled = [acts[at] for at in rng.permutation(len(acts)).tolist()]
    book = opened(LIMITS, OTHERS)
    for at in range(0, len(acts), 20):
        book = apply(book, shuffled[at : at + 20]).book
        assert gaps(book).num_rows == 0
        assert (book.parties[:, kernels.USED] >= 0).all()


@given(seeds)
@settings(max_examples=30)
def test_holders_of_one_voucher_may_act_in_any_order(seed):
    """Two halves are split and handed on; whose acts come first does not change any piece."""
    rng = np.random.default_rng(seed)
    day, halves = date(2026, 1, 7), []
    for half in (0, 1):
        path, holder, mine = f"V1/{half}", "s1", []
        for number in range(int(rng.integers(1, 8))):
            to = "s2" if holder != "s2" else "s3"
            amount = int(rng.integers(1, 400))
            mine.append(
                Act(ActKind.TRANSFER, f"{half} {number}", day, by=holder, target=path, to=to,
                    amount=amount, recourse=bool(rng.integers(2)))
            )  # fmt: skip
            path, holder = (f"{path}/0/0", to) if rng.random() < 0.5 else (f"{path}/1", holder)
        halves.append(mine)
    begin = issued(amount=1000)
    begin += [Act(ActKind.SPLIT_OFF, "s", date(2026, 1, 6), by="s1", target="V1", amount=500)]
    end = [Act(ActKind.PAY, "p", date(2026, 6, 30), by="core", target="V1", amount=777)]
    one, other = halves
    books = [
        apply(opened({"core": 1000}, PARTIES), [*begin, *middle, *end]).book
        for middle in ([*one, *other], [*other, *one])
    ]
    assert told(books[0]) == told(books[1])


@given(seeds)
@settings(max_examples=40)
def test_claims_follow_the_table_of_losses(seed):
    """After a default each voucher's claims are exactly those foretold, and then nobody has one."""
    rng = np.random.default_rng(seed)
    acts, answers, _ = life(rng, 150)
    kept = [act for act, answer in zip(acts, answers, strict=True) if answer is Answer.APPLIED]
    kept = [act for act in kept if act.kind not in (ActKind.CLAIM, ActKind.PLEDGE)]
    ample = dict.fromkeys((*LIMITS, *OTHERS), 10**9)
    book = apply(opened(ample), kept).book
    names = [row["paper"] for row in views.papers(book).to_pylist() if row["kind"] == "voucher"]
    end = date(2028, 1, 1)
    defaults = [Act(ActKind.DEFAULT, f"d{n}", end, by="core_a", target=n) for n in names]
    book = apply(book, defaults).book
    standing = {
        row["paper"] for row in views.papers(book).to_pylist() if row["status"] == "defaulted"
    }
    foretold = [
        row
        for payer in ("core_a", "core_b")
        for row in losses(book, payer).to_pylist()
        if row["paper"] in standing
    ]
    steps = 0
    for row in foretold:
        path = row["piece"] + "/0" * row["step"]
        claim = Act(ActKind.CLAIM, f"{path} claims", end, by=row["party"], target=path)
        applied = apply(book, [claim])
        if row["claim_minor"]:
            assert applied.answer == (Answer.APPLIED,)
            (paid,) = views.money(applied).to_pylist()
            assert (paid["payer"], paid["amount_minor"]) == (row["against"], row["claim_minor"])
            steps += 1
        else:
            assert applied.answer[0] in NO_CLAIM
        book = applied.book
    assert gaps(book).num_rows == 0
    assert steps == sum(row["claim_minor"] > 0 for row in foretold)


def test_the_largest_amounts_add_up():
    most = 10**15 + 7
    acts = issued(amount=most)
    acts += [Act(ActKind.TRANSFER, "t", date(2026, 1, 6), by="s1", target="V1", to="s2",
                 amount=most // 3, price=most // 3 - 1, recourse=True)]  # fmt: skip
    acts += [Act(ActKind.SPLIT_OFF, "s", date(2026, 1, 7), by="s2", target="V1/0/0", amount=1)]
    acts += [Act(ActKind.PAY, "p", date(2026, 7, 1), by="core", target="V1", amount=most // 7)]
    acts += [Act(ActKind.DEFAULT, "d", date(2026, 7, 1), by="s1", target="V1")]
    acts += [Act(ActKind.CLAIM, "c", date(2026, 7, 1), by="s2", target="V1/0/0/1")]
    applied = apply(opened({"core": most}, PARTIES), acts)
    assert set(applied.answer) == {Answer.APPLIED}
    assert gaps(applied.book).num_rows == 0
    rows = {row["piece"]: row for row in views.pieces(applied.book).to_pylist()}
    costs = [rows["V1/0/0/0"]["cost_minor"], rows["V1/0/0/1"]["cost_minor"]]
    assert sum(costs) == most // 3 - 1


@given(st.integers(-(2**60), 2**60), st.integers(0, 2**61), st.integers(1, 2**61))
def test_parts_of_amounts_are_exact_beyond_64_bits(amount, step, whole):
    step = min(step, whole)
    size = abs(amount) * step // whole
    assert kernels.part(amount, step, whole) == (size if amount >= 0 else -size)


def test_a_payment_in_parts_pays_everything_and_no_fen_twice():
    acts = issued(amount=100)
    acts += [Act(ActKind.SPLIT_OFF, "s1", date(2026, 1, 6), by="s1", target="V1", amount=33)]
    acts += [Act(ActKind.SPLIT_OFF, "s2", date(2026, 1, 6), by="s1", target="V1/1", amount=33)]
    acts += [
        Act(ActKind.PAY, f"p{n}", date(2026, 7, 1), by="core", target="V1", amount=n)
        for n in (1, 2, 3, 44, 50)
    ]
    applied = apply(opened({"core": 100}, PARTIES), acts)
    assert set(applied.answer) == {Answer.APPLIED}
    received = {r["piece"]: r["received_minor"] for r in views.pieces(applied.book).to_pylist()}
    assert (received["V1/0"], received["V1/1/0"], received["V1/1/1"]) == (33, 33, 34)


def test_many_small_payments_need_room_for_many_flows():
    acts = issued(amount=3000)
    path = "V1"
    for number in range(200):
        acts.append(
            Act(ActKind.SPLIT_OFF, f"s{number}", date(2026, 1, 6), by="s1", target=path, amount=10)
        )
        path += "/1"
    acts += [
        Act(ActKind.PAY, f"p{n}", date(2026, 7, 1), by="core", target="V1", amount=300)
        for n in range(10)
    ]
    applied = apply(opened({"core": 3000}, PARTIES), acts)
    assert set(applied.answer) == {Answer.APPLIED}
    assert applied.flows[:, kernels.F_AMOUNT].sum() == 3000
    assert views.papers(applied.book)["status"].to_pylist() == ["settled"]


def test_a_funder_posts_face_price_discount_and_collections():
    posted = movements(done("life of a voucher"), "bank")
    assert [(m.debit, m.credit, m.amount, m.memo) for m in posted] == [
        ("voucher_receivable", "cash", 98_000_00, "paper_bought"),
        ("voucher_receivable", "fee_income_deferred", 2_000_00, "paper_discount"),
        ("cash", "voucher_receivable", 100_000_00, "paper_paid"),
    ]
    assert posted[0].on == date(2026, 2, 10)


def test_recourse_leaves_no_receivable_behind():
    applied = done("default")
    balance = 0
    for each in movements(applied, "bank"):
        balance += each.amount * (each.debit == "voucher_receivable")
        balance -= each.amount * (each.credit == "voucher_receivable")
    assert balance == 0
    seller = movements(applied, "s3")
    assert [(m.debit, m.credit, m.amount) for m in seller] == [
        ("cash", "voucher_receivable", 97_000_00),
        ("fee_expense", "voucher_receivable", 3_000_00),
        ("voucher_receivable", "cash", 87_000_00),
        ("voucher_receivable", "fee_income_deferred", 3_000_00),
        ("cash", "voucher_receivable", 90_000_00),
    ]


@given(seeds)
@settings(max_examples=20)
def test_limits_posted_are_limits_used(seed):
    acts, _, _ = life(np.random.default_rng(seed), 120)
    applied = apply(opened(LIMITS, OTHERS), acts)
    taken = sum(
        each.amount if each.debit == "voucher_anchored" else -each.amount
        for each in limit_movements(applied)
    )
    assert taken == applied.book.parties[:, kernels.USED].sum()


def test_a_voucher_may_be_pledged_and_released():
    acts = issued()
    act = Act(ActKind.REGISTER, "r", date(2026, 1, 6), by="s1", target="V1", to="bank")
    acts += [act, replace(act, kind=ActKind.PLEDGE, key="p", price=90)]
    release = Act(ActKind.RELEASE, "x", date(2026, 1, 7), by="s1", target="V1")
    acts += [release, replace(release, by="bank"), replace(release, key="y", by="bank")]
    answers = apply(opened({"core": 100}, PARTIES), acts).answer[4:]
    assert answers == (Answer.NOT_ENTITLED, Answer.APPLIED, Answer.NOT_PLEDGED)


def test_an_unknown_target_is_refused():
    on = date(2026, 1, 6)
    acts = [
        Act(ActKind.PAY, "1", on, by="core", target="V7", amount=1),
        Act(ActKind.TRANSFER, "2", on, by="s1", target="V7/0", to="s2"),
        Act(ActKind.TRANSFER, "3", on, by="s1", target="V7/x", to="s2"),
        Act(ActKind.TRANSFER, "4", on, by="who", target="V7", to="s2"),
    ]
    assert [each.name for each in apply(opened({}, PARTIES), acts).answer] == [
        "PAPER_UNKNOWN", "PIECE_UNKNOWN", "PIECE_UNKNOWN", "PARTY_UNKNOWN",
    ]  # fmt: skip


def test_what_cannot_be_an_act_says_what_would_be_right():
    big = issued(amount=2**61)
    with pytest.raises(InputError, match="too large"):
        apply(opened({"core": 1}, PARTIES), big)
    with pytest.raises(InputError, match="slash"):
        apply(opened({"core": 1}, PARTIES), issued(name="V/1"))
    with pytest.raises(InputError, match="negative"):
        opened({"core": -1})


def test_parties_may_join_later():
    book = admitted(opened({"core": 100}), ["core", "s1", "s1"])
    assert book.party_names == ("core", "s1")
    assert set(apply(book, issued()).answer) == {Answer.APPLIED}


def test_an_empty_book_has_tables():
    book = opened({})
    assert views.papers(book).num_rows == views.pieces(book).num_rows == gaps(book).num_rows == 0
    assert apply(book, []).answer == ()


def test_months_after_ends_with_a_shorter_month():
    assert months_after(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_after(date(2026, 12, 31), 12) == date(2027, 12, 31)
    assert due_latest(PaperKind.BILL, date(2022, 12, 31), tenors()) == date.max
    assert all(not rule.verified and rule.read for rule in tenors())


def test_a_term_beyond_six_months_is_a_question():
    issued_on = date(2026, 1, 31)
    (rule,) = beyond_usual(PaperKind.VOUCHER, issued_on, date(2026, 8, 1))
    assert (rule.number, rule.months_usual) == ("银发〔2025〕77号", 6)
    assert beyond_usual(PaperKind.VOUCHER, issued_on, date(2026, 7, 31)) == ()
    assert beyond_usual(PaperKind.VOUCHER, date(2025, 1, 31), date(2025, 12, 31)) == ()


def test_every_answer_has_words_in_both_languages():
    assert all(words(answer).zh and words(answer).en for answer in Answer)
    assert all(any(ord(c) > 0x4E00 for c in each.zh) for each in WORDS.values())
