"""Stories about groups, written short: relations as lines of text, memberships as lines of text."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files

from relation_facts import party_table, relation_table

from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.rules import GroupKind, read_rules
from headrace.graph.groups.snapshots import groups_of
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of

ZERO = (datetime(2024, 1, 1, tzinfo=UTC) - datetime(2020, 1, 1, tzinfo=UTC)).days
TEXT = files("headrace.graph.groups").joinpath("rules_cn.toml").read_text(encoding="utf-8")
BOOK = read_rules(TEXT, "rules_cn.toml")


def instant(day):
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)


def relation(line):
    """One line as a row of a relation table."""
    subject, kind, object_, *rest = line.split()
    row = {"subject": subject, "relation": kind, "object": object_}
    row |= {"event_time": ZERO, "known_time": ZERO}
    for word in rest:
        name, _, value = word.partition("=")
        if word.endswith("%") and "-" in word:
            low, high = word[:-1].split("-")
            row |= {"share_min": float(low) / 100, "share_max": float(high) / 100}
        elif word.endswith("%"):
            row["share"] = float(word[:-1]) / 100
        elif name == "amount":
            row["amount_minor"] = int(value) * 100
        elif name in ("role", "about", "id", "statement", "status"):
            row[name] = value
        else:
            column = {"from": "event_time", "until": "valid_to", "known": "known_time"}[name]
            row[column] = ZERO + int(value)
    return row


def statements(text, persons=()):
    rows = [relation(line) for line in text.strip().splitlines() if line.strip()]
    ends = {row[end] for row in rows for end in ("subject", "object")}
    companies = {end for end in ends if ":" not in end} - set(persons)
    types = dict.fromkeys(companies, "company") | dict.fromkeys(persons, "person")
    if "国资委" in types:
        types["国资委"] = "state"
    parties = [{"party": name, "name": name, "type": each} for name, each in sorted(types.items())]
    return statements_of(relation_table(rows), party_table(parties))


def snapshot(text, persons=(), day=400, known=None):
    moment = instant(day)
    return as_of(statements(text, persons), moment, None if known is None else instant(known))


def groups(text, persons=(), day=400, book=BOOK, **more):
    found = snapshot(text, persons, day)
    bank = found.parties.find("本行")
    return groups_of(basis_of(found, bank, **more), book)


def lines(found):
    """Every reason as a line, heads left out."""
    rows, name = found.memberships, found.basis.snapshot.names
    told = []
    for row in range(len(rows)):
        rule = found.rule(row)
        if rule is None:
            continue
        kind = GroupKind(int(rows.kind[row])).name.lower()
        head, member = name[int(rows.head[row])], name[int(rows.member[row])]
        possible = "" if rows.certain[row] else " possible"
        told.append(f"{kind} {head}: {member} {rule.id}{possible}")
    return sorted(told)


def row_of(found, kind, head, member, rule=None):
    """The row of a membership, by names."""
    names = found.basis.snapshot.parties
    at = found.find(kind, names.find(head))
    for row in found.rows(at):
        entry = found.rule(row)
        is_member = found.memberships.member[row] == names.find(member)
        if is_member and entry is not None and rule in (None, entry.id):
            return row
    raise AssertionError(f"{member} is not in the group of {head}")
