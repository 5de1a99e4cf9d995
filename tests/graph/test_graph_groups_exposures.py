"""Exposures of a moment, read from facts."""

import pyarrow as pa
import pytest
from groups_story import ZERO, snapshot
from relation_facts import day

from headrace.errors import InputError
from headrace.facts.kinds import EXPOSURE
from headrace.graph.groups.snapshots import exposures_at


def positions(*rows):
    """Facts of kind exposure from dicts; days as in the stories."""
    whole = []
    for number, row in enumerate(rows, start=1):
        plain = {"id": f"core#{number}", "source": "core", "row": number, "currency": "CNY", **row}
        plain |= {"purpose": "credit_assessment", "consent": "test"}
        plain["event_time"] = day(ZERO + plain.get("event_time", 0))
        plain["known_time"] = day(ZERO + plain.get("known_time", 0))
        plain["valid_to"] = day(ZERO + plain["valid_to"]) if "valid_to" in plain else None
        whole.append(plain)
    fields = [
        pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type)
        for f in EXPOSURE.arrow
    ]
    return pa.Table.from_pylist(whole, pa.schema(fields)).cast(EXPOSURE.arrow)


def test_open_positions_of_the_moment_are_summed():
    taken = snapshot("甲 owns 乙 60%", day=100)
    facts = positions(
        {"party": "甲", "product": "loan", "amount_minor": 100, "deductible_minor": 30},
        {"party": "甲", "product": "guarantee", "amount_minor": 50},
        {"party": "乙", "product": "loan", "amount_minor": 7, "valid_to": 50},
        {"party": "乙", "product": "loan", "amount_minor": 9, "event_time": 150},
        {"party": "乙", "product": "loan", "amount_minor": 5, "known_time": 150},
    )
    book = exposures_at(facts, taken, ("loan",))
    node = taken.node("甲")
    assert book.exposures.exposure[node] == 150
    assert book.exposures.net_credit[node] == 120
    assert book.exposures.loans[node] == 100
    assert book.exposures.exposure[taken.node("乙")] == 0
    assert book.strangers.num_rows == 0


def test_a_party_that_is_not_in_the_graph_is_given_back():
    taken = snapshot("甲 owns 乙 60%", day=100)
    book = exposures_at(positions({"party": "外人", "amount_minor": 100}), taken)
    assert book.strangers["party"].to_pylist() == ["外人"]
    assert not book.exposures.exposure.any()


def test_several_currencies_are_not_added_up():
    taken = snapshot("甲 owns 乙 60%", day=100)
    facts = positions(
        {"party": "甲", "amount_minor": 1}, {"party": "甲", "amount_minor": 1, "currency": "USD"}
    )
    with pytest.raises(InputError, match="CNY, USD"):
        exposures_at(facts, taken)
