"""Control as a table of cases that a credit officer can read, and every case by trying worlds."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from headrace.graph.ownership.control import control
from headrace.graph.ownership.shares import Holdings, read_shares
from headrace.graph.ownership.votes import NOBODY, Agreement, Agreements, read_votes

CASES = Path(__file__).parents[1] / "data" / "graph" / "ownership_cases.txt"
HOLDS = re.compile(r"(\w) ([\d.]+)(?:-([\d.]+))? (\w)$")
AGREES = re.compile(r"(\w) (\+|>|gp|contract)(?: (\w))?(?: : (\w))?$")
ANSWER = re.compile(r"([=?]) (\w):((?: \w)*)$")
KINDS = {
    "+": Agreement.CONCERT,
    ">": Agreement.PROXY,
    "gp": Agreement.PARTNER,
    "contract": Agreement.CONTRACT,
}


def cases():
    text = "\n".join(
        line for line in CASES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
    for paragraph in text.strip().split("\n\n"):
        name, *lines = paragraph.strip().splitlines()
        yield pytest.param(lines, id=name)


def parsed(lines):
    """Holdings by name, agreements by name, answers: sign, party, companies."""
    held = [match.groups() for match in map(HOLDS.match, lines) if match]
    agreed = [match.groups() for match in map(AGREES.match, lines) if match]
    answers = [
        (sign, party, set(companies.split()))
        for sign, party, companies in (m.groups() for m in map(ANSWER.match, lines) if m)
    ]
    assert len(held) + len(agreed) + len(answers) == len(lines), "a line cannot be read"
    return held, agreed, answers


def computed(held, agreed):
    """Pairs that are certain, and pairs that are only possible, by name."""
    named = {word for row in (*held, *agreed) for word in row if word and word.isalpha()}
    names = sorted(name for name in named if len(name) == 1)
    code = {name: number for number, name in enumerate(names)}
    persons = np.array([name < "N" for name in names])
    low = np.array([float(row[1]) / 100 for row in held])
    high = np.array([float(row[2] or row[1]) / 100 for row in held])
    ends = [np.array([code[row[at]] for row in held], np.int32) for at in (0, 3)]
    shares = read_shares(Holdings(*ends, low, high, np.arange(len(held))), persons)
    columns = [
        np.array([KINDS[row[1]] for row in agreed], np.int8),
        np.array([code[row[0]] for row in agreed], np.int32),
        np.array([code[row[2]] for row in agreed], np.int32),
        np.array([code[row[3]] if row[3] else NOBODY for row in agreed], np.int32),
    ]
    found = control(read_votes(shares, Agreements(*columns, 100 + np.arange(len(agreed)))))
    pairs = [
        (names[one], names[other])
        for one, other in zip(found.controller.tolist(), found.controlled.tolist(), strict=True)
    ]
    sure = {pair for pair, certain in zip(pairs, found.certain, strict=True) if certain}
    return sure, set(pairs) - sure


@pytest.mark.parametrize("lines", list(cases()))
def test_the_answer_is_the_one_in_the_table(lines):
    held, agreed, answers = parsed(lines)
    assert answers, "a case says what follows"
    sure, possible = computed(held, agreed)
    for sign, party, companies in answers:
        found = sure if sign == "=" else possible
        assert {other for one, other in found if one == party} == companies, f"{sign} {party}"


def worlds(held):
    """Every world at a corner: each share at a bound, the rest a recorded holder's or a stranger's.

    The rest of a company can be anybody's; those recorded there are the ones asked about.
    """
    bounds = [sorted({float(low), float(high or low)}) for _, low, high, _ in held]
    companies = sorted({row[3] for row in held})
    takers = [
        sorted({row[0] for row in held if row[3] == company and row[0] != company} | {"*"})
        for company in companies
    ]
    for chosen in product(*bounds):
        left = dict.fromkeys(companies, 100.0)
        for (_, _, _, company), share in zip(held, chosen, strict=True):
            left[company] -= share
        if min(left.values(), default=0) < -1e-9:
            continue
        for taker in product(*takers):
            rows = [(row[0], row[3], share) for row, share in zip(held, chosen, strict=True)]
            yield rows + [(who, c, left[c]) for who, c in zip(taker, companies, strict=True)]


def controlled_in(world, party):
    """What a party controls in one world."""
    members = {party}
    while True:
        votes: dict[str, float] = {}
        for holder, company, share in world:
            if holder in members and holder != company:
                votes[company] = votes.get(company, 0.0) + share
        new = members | {company for company, share in votes.items() if share > 50 + 1e-6}
        if new == members:
            return members - {party}
        members = new


@pytest.mark.parametrize("lines", list(cases()))
def test_certain_is_in_all_worlds_and_possible_in_one(lines):
    held, agreed, _ = parsed(lines)
    if agreed:
        return  # a world is a world of shares; agreements are known
    sure, possible = computed(held, agreed)
    every = list(worlds(held))
    for party in {row[0] for row in held}:
        sets = [controlled_in(world, party) for world in every]
        assert set.intersection(*sets) == {other for one, other in sure if one == party}
        assert set.union(*sets) == {other for one, other in sure | possible if one == party}
