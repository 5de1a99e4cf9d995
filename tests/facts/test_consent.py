"""Which facts may be read: by purpose, and as long as the consent stands."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts.consent import Leave, readable

ROWS = st.lists(st.tuples(st.sampled_from(["lend", "sell"]), st.sampled_from(["c1", "c2"])))


@given(ROWS, st.sets(st.sampled_from(["lend", "sell"])), st.sets(st.sampled_from(["c1", "c2"])))
def test_facts_are_kept_or_counted(rows, purposes, withdrawn):
    facts = pa.table(
        {
            "at": list(range(len(rows))),
            "purpose": pa.array([each for each, _ in rows], pa.string()).dictionary_encode(),
            "consent": pa.array([each for _, each in rows], pa.string()).dictionary_encode(),
        },
        schema=pa.schema(
            [
                ("at", pa.int64()),
                ("purpose", pa.dictionary(pa.int32(), pa.string())),
                ("consent", pa.dictionary(pa.int32(), pa.string())),
            ]
        ),
    )
    found = readable(facts, Leave(purposes, withdrawn))
    plain = [at for at, (for_, by) in enumerate(rows) if for_ in purposes and by not in withdrawn]
    assert found.facts["at"].to_pylist() == plain
    assert found.of_purpose == sum(for_ not in purposes for for_, _ in rows)
    assert found.of_purpose + found.of_consent + len(plain) == len(rows)
