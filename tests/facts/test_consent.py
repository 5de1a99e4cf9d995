"""Which facts may be read: by purpose, and as long as the consent stands."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts.consent import Leave, readable, unread

PURPOSES, CONSENTS = st.sampled_from(["lend", "sell", None]), st.sampled_from(["c1", "c2", None])
ROWS = st.lists(st.tuples(PURPOSES, CONSENTS))
CODES = pa.dictionary(pa.int32(), pa.string())


@given(
    ROWS,
    ROWS,
    st.sets(st.sampled_from(["lend", "sell"])),
    st.sets(st.sampled_from(["c1", "c2"])),
    st.sampled_from([CODES, pa.string()]),
)
def test_facts_are_kept_or_counted(first, second, purposes, withdrawn, kind):
    rows = [*first, *second]
    facts = pa.table(
        {
            "at": list(range(len(rows))),
            "purpose": pa.chunked_array([[a for a, _ in some] for some in (first, second)], kind),
            "consent": pa.chunked_array([[b for _, b in some] for some in (first, second)], kind),
        },
        schema=pa.schema([("at", pa.int64()), ("purpose", kind), ("consent", kind)]),
    )
    found = readable(facts, Leave(purposes, withdrawn))
    kept = facts.filter(pa.array(~unread(facts, Leave(purposes, withdrawn))))
    assert kept["at"] == found.facts["at"]
    plain = [at for at, (for_, by) in enumerate(rows) if for_ in purposes and by not in withdrawn]
    assert found.facts["at"].to_pylist() == plain
    assert found.of_purpose == sum(for_ not in purposes for for_, _ in rows)
    assert found.of_purpose + found.of_consent + len(plain) == len(rows)
