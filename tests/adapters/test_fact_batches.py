"""Facts by API on the disk: whole or not there, each once, whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.adapters.fact_batches import FactBatches, KeyTakenError, Sender
from headrace.adapters.fact_streams import Body
from headrace.errors import InputError

AT = 1_800_000_000_000_000
LINES = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
ERP = Sender("erp")


def row(number, **more):
    told = {"id": str(number), "source": "erp", "purpose": "p", "consent": "c", "party": "E1"}
    return told | more


def body(folder, rows, name="sent"):
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return Body(path, LINES)


def ids(batches, kind="party"):
    return [each for _, facts in batches.of_kind(kind) for each in facts()["id"].to_pylist()]


@pytest.fixture
def batches(tmp_path):
    return FactBatches(tmp_path / "facts")


def test_what_was_taken_is_there_for_another_process(tmp_path, batches):
    batch = batches.take("party", body(tmp_path, [row(1), row(2), {"id": "3"}]), ERP, AT)
    assert (batch.id, batch.rows, batch.accepted, batch.quarantined) == ("00000001", 3, 2, 1)
    again = FactBatches(tmp_path / "facts")
    assert again.batches(None, 9) == (batch,)
    assert ids(again) == ["api/erp#1", "api/erp#2"]
    assert again.quarantine(batch)["row"].to_pylist() == [3] * 4
    assert again.batch("00000001") == batch
    assert again.batch("../x") is None
    assert list((tmp_path / "facts" / "aside").iterdir()) == []


def test_a_fact_that_comes_again_is_a_duplicate(tmp_path, batches):
    batches.take("party", body(tmp_path, [row(1), row(2)]), ERP, AT)
    later = [row(2, name="other"), row(3), row(3), row(2, source="tax")]
    found = batches.take("party", body(tmp_path, later), ERP, AT)
    assert (found.accepted, found.duplicates, found.quarantined) == (2, 2, 0)
    assert ids(batches) == ["api/erp#1", "api/erp#2", "api/erp#3", "api/tax#2"]
    other = batches.take("credit_record", body(tmp_path, [row(1, outcome="repaid")]), ERP, AT)
    assert other.accepted == 1, "ids are unique within a kind"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), max_size=5))
def test_ids_are_taken_once_in_whatever_batches_they_come(tmp_path_factory, sendings):
    folder = tmp_path_factory.mktemp("once")
    seen = []
    for numbers in sendings:
        batches = FactBatches(folder / "facts")  # each time another process
        batches.take("party", body(folder, map(row, numbers)), ERP, AT)
        seen += [each for each in dict.fromkeys(numbers) if each not in seen]
    assert ids(FactBatches(folder / "facts")) == [f"api/erp#{each}" for each in seen]


def test_the_same_under_the_same_key_is_taken_once(tmp_path, batches):
    keyed = Sender("erp", "k1")
    first = batches.take("party", body(tmp_path, [row(1)]), keyed, AT)
    assert batches.take("party", body(tmp_path, [row(1)]), keyed, AT + 9) == first
    assert (
        FactBatches(tmp_path / "facts").take("party", Body(tmp_path / "sent", LINES), keyed, AT)
        == first
    )
    with pytest.raises(KeyTakenError):
        batches.take("party", body(tmp_path, [row(2)]), keyed, AT)
    with pytest.raises(KeyTakenError):
        batches.take("credit_record", body(tmp_path, [row(1)]), keyed, AT)
    assert batches.take("party", body(tmp_path, [row(2)]), Sender("tax", "k1"), AT).accepted == 1
    assert len(batches.batches(None, 9)) == 2


def test_many_at_once_lose_nothing_and_take_nothing_twice(tmp_path, batches):
    def send(number):
        sender = Sender("erp", f"k{number % 8}")
        place = body(tmp_path, [row(number % 8), row("all")], f"sent{number}")
        return batches.take("party", place, sender, AT)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(24)))
    assert len({each.id for each in found}) == 8
    assert sorted(ids(batches)) == sorted(
        [f"api/erp#{each}" for each in range(8)] + ["api/erp#all"]
    )


def test_what_cannot_be_read_leaves_nothing(tmp_path, batches):
    place = tmp_path / "sent"
    table = pa.Table.from_pylist([row(at) for at in range(100)])
    with pa.ipc.new_stream(place, table.schema) as stream:
        stream.write_table(table)
    whole = place.read_bytes()
    for content, kind in (
        (whole[:-40], ARROW),
        (whole[:200], ARROW),
        (b"", ARROW),
        (b"nonsense", PARQUET),
        (b"", "text/csv"),
        (b"a,b\n1,2\n", "text/csv"),
        (b"{", "application/json"),
        (b"x", "image/png"),
    ):
        place.write_bytes(content)
        with pytest.raises(InputError):
            batches.take("party", Body(place, kind), ERP, AT)
    assert batches.batches(None, 9) == ()
    assert list((tmp_path / "facts" / "aside").iterdir()) == []
    place.write_bytes(whole)
    assert batches.take("party", Body(place, ARROW), ERP, AT).accepted == 100


@pytest.mark.parametrize("kind", [ARROW, PARQUET, "text/csv", LINES, "application/json"])
def test_every_form_says_the_same(tmp_path, batches, kind):
    rows = [row(at, name=f'甲{at}, "乙"', capital_minor=at * 100) for at in range(5)]
    table = pa.Table.from_pylist(rows)
    place = tmp_path / "sent"
    if kind == ARROW:
        with pa.ipc.new_stream(place, table.schema) as stream:
            stream.write_table(table)
    elif kind == PARQUET:
        pq.write_table(table, place)
    elif kind == "text/csv":
        pyarrow.csv.write_csv(table, place)
    elif kind == LINES:
        body(tmp_path, rows)
    else:
        place.write_text(json.dumps(rows), encoding="utf-8")
    batches.take("party", Body(place, kind), ERP, AT)
    [(_, facts)] = batches.of_kind("party")
    found = facts()
    assert found["name"].to_pylist() == [each["name"] for each in rows]
    assert found["capital_minor"].to_pylist() == [0, 100, 200, 300, 400]
    assert found["row"].to_pylist() == [1, 2, 3, 4, 5]


def test_rows_of_text_that_fit_no_header_are_told_by_their_number(tmp_path, batches):
    place = tmp_path / "sent"
    good = "{},erp,p,c,E1\n"
    lines = ["id,source,purpose,consent,party\n", good.format(1), "x\n", good.format(2), "a,b\n"]
    place.write_text("".join(lines), encoding="gb18030")
    found = batches.take("party", Body(place, "text/csv", "gb18030"), ERP, AT)
    assert (found.rows, found.accepted, found.quarantined) == (4, 2, 2)
    assert batches.quarantine(found)["row"].to_pylist() == [2, 4]
    [(_, facts)] = batches.of_kind("party")
    assert facts()["row"].to_pylist() == [1, 3]
    with pytest.raises(InputError, match="encoding"):
        batches.take("party", Body(place, "text/csv", "klingon"), ERP, AT)


def test_objects_that_are_none_are_told_by_their_number(tmp_path, batches):
    place = tmp_path / "sent"
    lines = [json.dumps(row(1)), "{", "[1]", '"text"', json.dumps(row(2, colour="red")), ""]
    place.write_text("\n".join(lines), encoding="utf-8")
    found = batches.take("party", Body(place, LINES), ERP, AT)
    assert (found.accepted, found.quarantined) == (1, 4)
    assert batches.quarantine(found)["row"].to_pylist() == [2, 3, 4, 5]


SEND = """
import json, sys
from pathlib import Path
from headrace.adapters.fact_batches import FactBatches, Sender
from headrace.adapters.fact_streams import Body
folder, start = Path(sys.argv[1]), int(sys.argv[2])
batches = FactBatches(folder / "facts")
for number in range(start, start + 1000):
    place = folder / f"sent{number}"
    told = {"id": str(number), "source": "erp", "purpose": "p", "consent": "c", "party": "E1"}
    place.write_text(json.dumps(told))
    batch = batches.take("party", Body(place, "application/json"), Sender("erp"), 1)
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path):
    acknowledged = []
    for turn in range(3):
        start = turn * 1000
        with subprocess.Popen(
            [sys.executable, "-c", SEND, str(tmp_path), str(start)], stdout=subprocess.PIPE
        ) as sending:
            acknowledged += [int(sending.stdout.readline()) for _ in range(2 + turn)]
            time.sleep(0.001 * turn)
            os.kill(sending.pid, signal.SIGKILL)
            acknowledged += [int(each) for each in sending.stdout.read().split(b"\n")[:-1]]
    found = [int(each.rpartition("#")[2]) for each in ids(FactBatches(tmp_path / "facts"))]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    with FactBatches(tmp_path / "facts").aside() as own:
        left = list((tmp_path / "facts" / "aside").iterdir())
        assert left == [own], "what killed processes left behind is gone"


FAN = 3
SMALL = st.lists(
    st.tuples(st.lists(st.integers(0, 40), max_size=3), st.booleans(), st.sampled_from("pcb")),
    min_size=1,
    max_size=24,
)


def sent(folder, batches, sending, key=""):
    """Send a few facts, and a row that is none; of parties, of credit records, or of both."""
    numbers, is_bad, kinds = sending
    for kind in {"p": KINDS[:1], "c": KINDS[1:], "b": KINDS}[kinds]:
        more = {} if kind == "party" else {"outcome": "repaid"}
        own = [row(each, **more) for each in numbers] + ([{"id": "bad"}] if is_bad else [])
        batches.take(kind, body(folder, own), Sender("erp", key and f"{kind} {key}"), AT)


def told(batches):
    """All that is known of batches, whatever folders they are in."""
    listed = batches.batches(None, 1000)
    pieces = [each for kind in KINDS for each, _ in batches.of_kind(kind)]
    return {
        "listed": listed,
        "pages": [batches.batches(int(each.id), 2) for each in listed],
        "one": [batches.batch(each.id) for each in listed],
        "lines": [batches.quarantine(each).to_pylist() for each in listed],
        "facts": {
            kind: pa.concat_tables([facts() for _, facts in batches.of_kind(kind)] or [EMPTY])
            .unify_dictionaries()
            .to_pylist()
            for kind in KINDS
        },
        "digests": {
            kind: {
                name: digest
                for piece, _ in batches.of_kind(kind)
                for name, digest in batches.digests(piece, kind).items()
            }
            for kind in KINDS
        },
        "numbers": {
            kind: [
                number
                for piece, _ in batches.of_kind(kind)
                for number in np.repeat(*batches.counted(piece, kind)).tolist()
            ]
            for kind in KINDS
        },
    }, pieces


KINDS = ("party", "credit_record")
EMPTY = pa.table({})


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SMALL, st.integers(0, 12), SMALL)
def test_packing_changes_nothing_wherever_it_stops(tmp_path_factory, before, steps, after):
    folder = tmp_path_factory.mktemp("packed")
    batches = FactBatches(folder / "facts", fan=FAN)
    for at, each in enumerate(before):
        sent(folder, batches, each, str(at))
    plain, _ = told(batches)
    other = FactBatches(folder / "facts", fan=FAN)  # looked before, and reads after
    early = {kind: list(other.of_kind(kind)) for kind in KINDS}
    for _, _ in zip(range(steps), FactBatches(folder / "facts", fan=FAN).packing(), strict=False):
        pass
    for view in (FactBatches(folder / "facts", fan=FAN), batches, other):
        assert told(view)[0] == plain
    for kind, pieces in early.items():
        assert [e for _, facts in pieces for e in facts().to_pylist()] == plain["facts"][kind]
    assert FactBatches(folder / "facts", fan=FAN).pack() >= 0
    again = FactBatches(folder / "facts", fan=FAN)
    assert told(again)[0] == plain
    names = [each.name for each in (folder / "facts" / "batches").iterdir()]
    assert len(plain["listed"]) < FAN or any("-" in each for each in names)
    assert len(names) < FAN * 6
    for at, each in enumerate(before):
        sent(folder, again, each, str(at))  # known by its key
    assert told(again)[0] == plain
    for each in after:
        sent(folder, again, each)
    for facts in told(again)[0]["facts"].values():
        assert len({each["id"] for each in facts}) == len(facts)
    assert told(FactBatches(folder / "facts", fan=FAN))[0] == told(again)[0]


PACK = """
import os, signal, sys
from pathlib import Path
from headrace.adapters.fact_batches import FactBatches

folder, stop = Path(sys.argv[1]), int(sys.argv[2])
for at, step in enumerate(FactBatches(folder, fan=3).packing()):
    print(step, flush=True)
    if at == stop:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_between_steps_of_packing_leaves_every_batch_once(tmp_path):
    batches = FactBatches(tmp_path / "facts", fan=FAN)
    for number in range(9):
        sent(tmp_path, batches, ([number], number % 4 == 0, "p"))
    plain, _ = told(batches)
    steps = []
    for stop in (0, 1, 2, 99):
        done = subprocess.run(
            [sys.executable, "-c", PACK, str(tmp_path / "facts"), str(stop)],
            stdout=subprocess.PIPE,
            check=False,
        )
        steps += done.stdout.decode().split("\n")[:-1]
        assert told(FactBatches(tmp_path / "facts", fan=FAN))[0] == plain
    assert done.returncode == 0, "it was done before it could be killed"
    assert steps[0] == "packed 00000001-00000003"
    assert steps[-4] == "packed 00000001-00000009"
    assert [each.name for each in (tmp_path / "facts" / "batches").iterdir()] == [
        "00000001-00000009"
    ]


def test_what_was_altered_is_not_packed(tmp_path):
    batches = FactBatches(tmp_path / "facts", fan=FAN)
    for number in range(3):
        sent(tmp_path, batches, ([number], False, "p"))
    path = tmp_path / "facts" / "batches" / "00000002" / "facts.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="not what was taken"):
        batches.pack()
    assert len(list((tmp_path / "facts" / "batches").iterdir())) == 3
    assert list((tmp_path / "facts" / "aside").iterdir()) == []
