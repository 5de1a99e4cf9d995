"""The classes of a book are those of the slow twin; and laws that hold for every book."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
from claim_books import DAYS, DEBTORS, ON, arrays, books, claim
from classification_reference import Book, classes, reached
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.clock import EPOCH, day_number
from headrace.contracts.classification.ahead import days_ahead
from headrace.contracts.classification.claims import NEVER
from headrace.contracts.classification.grading import classify
from headrace.contracts.classification.tables import Reason, shipped_tables

TABLES = shipped_tables()
RULES = TABLES.on(ON)


def graded(book: Book):
    claims, elsewhere, clauses = arrays(book)
    return classify(claims, TABLES, ON, elsewhere, clauses)


@settings(max_examples=150)
@given(books())
def test_the_classes_are_those_of_the_twin(book):
    assert graded(book).grade.tolist() == classes(book, RULES, ON)


@settings(max_examples=60)
@given(books())
def test_a_reason_is_given_for_what_is_not_normal_and_only_then(book):
    grades = graded(book)
    assert ((grades.reason == Reason.NONE) == (grades.grade == 0)).all()


@settings(max_examples=60)
@given(books(), st.integers(0, 6), DAYS)
def test_more_days_past_due_never_raise_a_class_of_anybody(book, place, more):
    before = graded(book).grade
    one = book.claims[place % len(book.claims)]
    later = replace(one, days=one.days + more)
    claims = [later if each is one else each for each in book.claims]
    assert (graded(Book(claims, book.debtors, book.clauses)).grade >= before).all()


@settings(max_examples=60)
@given(books())
def test_a_second_round_on_the_outcome_changes_nothing(book):
    """Contagion is a fixpoint."""
    grade = graded(book).grade
    claims = [
        replace(each, previous=int(now), proposed=-1)
        for each, now in zip(book.claims, grade.tolist(), strict=True)
    ]
    assert graded(Book(claims, book.debtors, book.clauses)).grade.tolist() == grade.tolist()


@settings(max_examples=60)
@given(books())
def test_nothing_rises_by_itself(book):
    grades = graded(Book([replace(each, proposed=-1) for each in book.claims], book.debtors))
    previous = np.array([each.previous for each in book.claims])
    assert (grades.grade >= previous).all()


@settings(max_examples=60)
@given(books())
def test_what_is_not_known_is_said_and_never_counts(book):
    grades = graded(book)
    lacking = [each.impaired < 0 for each in book.claims]
    assert grades.unjudged[lacking].all()
    known = [replace(each, impaired=0) if each.impaired < 0 else each for each in book.claims]
    again = [replace(each, proposed=-1) for each in known]
    base = [replace(each, proposed=-1) for each in book.claims]
    assert (
        graded(Book(again, book.debtors, book.clauses)).grade.tolist()
        == graded(Book(base, book.debtors, book.clauses)).grade.tolist()
    )


@settings(max_examples=30)
@given(books())
def test_the_outlook_is_what_comes_when_days_pass_one_by_one(book):
    horizon = 370
    claims, elsewhere, clauses = arrays(book)
    grades = classify(claims, TABLES, ON, elsewhere, clauses)
    outlook = days_ahead(claims, grades, TABLES, ON, elsewhere, clauses)
    last = day_number(ON) + horizon
    found = [
        [None if day > last else EPOCH + timedelta(days=day) for day in row]
        for row in outlook.day.tolist()
    ]
    assert found == reached(book, RULES, ON, horizon)


@settings(max_examples=60)
@given(books())
def test_the_next_day_is_when_a_class_is_left(book):
    claims, elsewhere, clauses = arrays(book)
    grades = classify(claims, TABLES, ON, elsewhere, clauses)
    outlook = days_ahead(claims, grades, TABLES, ON, elsewhere, clauses)
    following = outlook.next_day(grades)
    assert (following > day_number(ON)).all()
    assert (following[grades.grade == 4] == NEVER).all()
    assert (np.diff(outlook.day.astype(np.int64), axis=1) >= 0).all()


@settings(max_examples=40)
@given(st.permutations(range(DEBTORS)), books(of=claim))
def test_names_of_debtors_do_not_matter(order, book):
    claims = [replace(each, debtor=order[each.debtor]) for each in book.claims]
    debtors = None
    if book.debtors is not None:
        debtors = [book.debtors[order.index(place)] for place in range(DEBTORS)]
    clauses = [(place, order[named]) for place, named in book.clauses]
    assert graded(Book(claims, debtors, clauses)).grade.tolist() == graded(book).grade.tolist()
