"""Groups for limits straight from their definitions: sets, fixpoints, paths one by one.

Relations are tuples (kind, subject, object, low, high, role), shares whole per cent. What it gives:
the set of (kind of group, head, member, rule, certain), heads left out. Slow, for reading. Not
here: concert, proxies and nominees (the ownership engine has its own twin), the bank, and times.
"""

from collections import defaultdict
from itertools import product

MANAGERS = {"法定代表人", "董事长", "总经理", "chairman"}
NEVER_A_GROUP = {"person", "state", "attribute"}


class Story:
    def __init__(self, relations, types):
        self.relations = relations
        self.types = types
        self.parties = sorted(types)
        self.holders = defaultdict(dict)  # company → holder → least per cent
        for kind, subject, object_, low, _, _ in relations:
            if kind == "owns" and subject != object_:
                self.holders[object_][subject] = self.holders[object_].get(subject, 0) + low
        self.certain = {party: self.control(party, hope=False) for party in self.parties}
        self.possible = {party: self.control(party, hope=True) for party in self.parties}
        self.parents = defaultdict(set)
        self.spouses = defaultdict(set)
        self.siblings = defaultdict(set)
        for kind, subject, object_, _, _, role in relations:
            if kind == "family" and subject != object_:
                if role == "parent":
                    self.parents[object_].add(subject)
                elif role == "child":
                    self.parents[subject].add(object_)
                elif role == "spouse":
                    self.spouses[subject].add(object_)
                    self.spouses[object_].add(subject)
                elif role == "sibling":
                    self.siblings[subject].add(object_)
                    self.siblings[object_].add(subject)

    def control(self, who, hope):
        """What one party controls; with hope, if all unrecorded votes were its own."""
        held = set()
        while True:
            side = {who} | held
            more = {
                company
                for company in self.parties
                if company not in side and self.commands(side, company, hope) > 50
            }
            if not more:
                return held
            held |= more

    def commands(self, side, company, hope):
        holders = self.holders[company]
        mine = side & set(holders)
        if not mine:
            return 0
        unrecorded = 100 - sum(holders.values())
        return sum(holders[party] for party in mine) + (unrecorded if hope else 0)

    def relatives(self, person, lineal, collateral):
        up = {person: 0}
        for step in range(1, lineal):
            for one in [each for each, at in up.items() if at == step - 1]:
                for parent in self.parents[one]:
                    up.setdefault(parent, step)
        down = {person: 0}
        for step in range(1, lineal):
            for one in [each for each, at in down.items() if at == step - 1]:
                for child in self.parties:
                    if one in self.parents[child]:
                        down.setdefault(child, step)
        side = set()
        if collateral == 2:
            side = set(self.siblings[person])
            side |= {other for other in self.parties if self.parents[other] & self.parents[person]}
        return (set(up) | set(down) | side | self.spouses[person]) - {person}


def groups(relations, types, signs_min=2, users_max=20):
    story = Story(relations, types)
    rows = control_groups(story, signs_min, users_max) | dependence(story)
    kept = set()
    for kind, head in {(row[0], row[1]) for row in rows}:
        mine = {row for row in rows if (row[0], row[1]) == (kind, head)}
        counted = {row[2] for row in mine}
        if not only_in_common(mine):
            counted.add(head)
        if kind == "group":
            counted = {each for each in counted if types[each] != "person"}
        if len(counted) > 1:
            kept |= mine
    return kept


def only_in_common(rows):
    return {row[3] for row in rows} <= {"dependence.funding", "dependence.same_source"}


def control_groups(story, signs_min, users_max):
    types = story.types

    def leads(one, other):
        return types[one] != "state" and one != other and other in story.certain[one]

    def led(party):
        return any(
            leads(one, party) and not (leads(party, one) and party < one) for one in story.parties
        )

    heads = [p for p in story.parties if types[p] != "state" and not led(p) and story.possible[p]]
    rows = set()
    for head in heads:
        rule = "group.person" if types[head] == "person" else "group.control"
        for member in story.possible[head]:
            rows.add(("group", head, member, rule, member in story.certain[head]))
        if types[head] == "person":
            rows |= through_kin(story, head, heads)
            rows |= key_person(story, head)
    for person in story.parties:
        if types[person] == "person":
            rows |= joint(story, person)
    rows = one_of_equal(story, rows)
    return rows | by_signs(story, rows, signs_min, users_max)


def through_kin(story, head, heads):
    found = {}
    for relative in story.relatives(head, 3, 2) & set(heads):
        for member in story.possible[relative] - story.possible[head]:
            sure = member in story.certain[relative]
            found[member] = found.get(member, False) or sure
    return {("group", head, member, "group.kin", sure) for member, sure in found.items()}


def key_person(story, head):
    rows = set()
    for kind, subject, object_, _, high, role in story.relations:
        near = subject == head or subject in story.relatives(head, 3, 2)
        if not near or object_ in story.possible[head] | story.possible[subject]:
            continue
        if kind == "office" and role in MANAGERS:
            rows.add(("group", head, object_, "group.key_manager", False))
        if kind == "owns" and high >= 20:
            rows.add(("group", head, object_, "group.main_investor", False))
    return rows


def joint(story, person):
    def votes(party):
        return any(party in holders for holders in story.holders.values())

    if not votes(person):
        return set()
    kin = {
        each for each in story.relatives(person, 3, 2) if votes(each) or story.possible[each]
    }  # fmt: skip
    if not kin:
        return set()
    result = {}
    for hope in (True, False):
        reach = story.possible if hope else story.certain
        side = {person} | kin
        for each in list(side):
            side |= reach[each]
        alone = set(side)
        while True:
            more = {
                company
                for company in story.parties
                if company not in side and story.commands(side, company, hope) > 50
            }
            if not more:
                break
            side |= more
        for company in side - alone:
            result[company] = not hope
    return {("group", person, company, "group.joint", sure) for company, sure in result.items()}


def one_of_equal(story, rows):
    """Of persons with the same companies around them, the one who controls most of them itself."""
    around = {}
    for head in {row[1] for row in rows if story.types[row[1]] == "person"}:
        mine = [row for row in rows if row[1] == head]
        sure = {row[2] for row in mine if row[4]}
        own = sum(row[3] == "group.person" for row in mine)
        members = frozenset((row[2], row[2] in sure) for row in mine)
        around.setdefault(members, []).append((-own, head))
    kept = {min(each)[1] for each in around.values()}
    return {row for row in rows if story.types[row[1]] != "person" or row[1] in kept}


def by_signs(story, rows, signs_min, users_max):
    signs = defaultdict(set)

    def sign(one, other, what):
        if one != other and not {story.types[one], story.types[other]} & NEVER_A_GROUP:
            signs[frozenset((one, other))].add(what)

    users, offices, paid = defaultdict(set), defaultdict(set), set()
    for kind, subject, object_, _, _, _ in story.relations:
        if kind in ("guarantees", "lends"):
            sign(subject, object_, kind)
        if kind == "uses":
            users[object_].add(subject)
        if kind == "office" and subject != object_:
            offices[subject].add(object_)
        if kind == "transfers":
            paid.add((subject, object_))
    for one, other in paid:
        if (other, one) in paid:
            sign(one, other, "money")
    for what, hubs in (("shared", users), ("officer", offices)):
        for members in hubs.values():
            if len(members) <= users_max:
                for one, other in product(members, members):
                    sign(one, other, what)
    tied = {pair for pair, found in signs.items() if len(found) >= signs_min}
    stars = {
        head: {row[2] for row in rows if row[1] == head} | {head} for head in {r[1] for r in rows}
    }
    inside = set().union(*stars.values()) if stars else set()
    found = set()
    for pair in tied:
        for one, other in (tuple(pair), tuple(pair)[::-1]):
            for head, members in stars.items():
                if one in members and other not in members:
                    found.add(("group", head, other, "group.other", False))
    alone = {pair for pair in tied if not pair & inside}
    rays = defaultdict(set)
    for pair in alone:
        for one in pair:
            rays[one] |= pair - {one}
    for centre, others in rays.items():
        for other in others:
            if len(others) > 1 or (len(rays[other]) == 1 and centre < other):
                found.add(("group", centre, other, "group.other", False))
    return found


ROLES = {"income": "income", "purchases": "expenditure", "repayment": "repayment",
         "funding": "funding", "repayment_source": "same_source"}  # fmt: skip


def dependence(story):
    best = {}
    for kind, subject, object_, low, high, role in story.relations:
        if subject == object_:
            continue
        if kind == "depends":
            rule = f"dependence.{ROLES.get(role, 'income')}"
            if high >= 50:
                note(best, object_, subject, rule, low >= 50 and role is not None)
        if kind == "guarantees":
            note(best, object_, subject, "dependence.guarantee", False)
    rows = {("dependence", *key, sure) for key, sure in best.items()}
    for rule in ("dependence.funding", "dependence.same_source"):
        for head in {row[1] for row in rows}:
            mine = {row for row in rows if row[1] == head and row[3] == rule}
            if len(mine) == 1:
                rows -= mine
    return rows


def note(best, head, member, rule, sure):
    best[head, member, rule] = best.get((head, member, rule), False) or sure


def related(relations, types, bank, adults):
    """Related parties of a bank: the set of (member, rule, certain). Beneficiaries are not here.

    adults: person → True, False; who is not in it: not known.
    """
    story = Story(relations, types)
    found = {}

    def add(member, rule, sure):
        if member != bank:
            found[member, rule] = found.get((member, rule), False) or sure

    shares = {}
    for kind, subject, object_, low, high, _ in relations:
        if kind == "owns" and object_ == bank and subject != bank:
            shares[subject] = (low, high)
    for party in story.parties:
        low = sum(
            shares[each][0] for each in shares if each == party or each in story.certain[party]
        )
        high = sum(
            shares[each][1] for each in shares if each == party or each in story.possible[party]
        )
        if high >= 5:
            add(party, "related.holder", low >= 5)
    for member, sure in members(found, {"related.holder"}).items():
        for party in story.parties:
            if party != member and member in story.possible[party]:
                add(party, "related.holder_controller", sure and member in story.certain[party])
    owning = members(found, {"related.holder", "related.holder_controller"})
    for kind, subject, object_, _, _, role in relations:
        if kind == "office" and object_ == bank and role in ("director", "董事长"):
            add(subject, "related.officer", True)
    insiders = {
        member: sure for member, sure in members(found, None).items() if types[member] == "person"
    }
    for person, sure in insiders.items():
        children = {each for each in story.parties if person in story.parents[each]}
        others = (story.relatives(person, 2, 2) - children) | story.spouses[person]
        others |= story.parents[person] | siblings(story, person)
        for other in others:
            add(other, "related.kin", sure)
        for child in children - others:
            if adults.get(child, True):
                add(child, "related.kin", sure and child in adults)
    insiders = {
        member: sure for member, sure in members(found, None).items() if types[member] == "person"
    }
    for rule, by in (
        ("related.controlled_by_holder", owning),
        ("related.controlled_by_insider", insiders),
        ("related.subsidiary", {bank: True}),
    ):
        for party, sure in by.items():
            for member in story.possible[party]:
                add(member, rule, sure and member in story.certain[party])
    return {(member, rule, sure) for (member, rule), sure in found.items()}


def siblings(story, person):
    same = {
        other
        for other in story.parties
        if other != person and story.parents[other] & story.parents[person]
    }
    return same | story.siblings[person]


def members(found, rules):
    """Who is in by some rules, and whether by one of them for certain; None: by any."""
    merged = {}
    for (member, rule), sure in found.items():
        if rules is None or rule in rules:
            merged[member] = merged.get(member, False) or sure
    return merged
