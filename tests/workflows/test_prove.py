"""A recorded folder: any change to any byte of any file is found and named."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.adapters.folder import DiskFolder, MemoryFolder
from headrace.errors import EvidenceError, InputError
from headrace.evidence.canonical import canonical_json
from headrace.evidence.checkpoint import key_fingerprint, public_key_of, sign_checkpoint
from headrace.evidence.commitment import commit
from headrace.evidence.log import Log
from headrace.workflows.prove import (
    CHECKPOINT,
    KEY,
    LOG,
    RECORDS,
    SALTS,
    Receipt,
    Recorder,
    check_receipt,
    prove_decision,
    verify,
)

SEED = bytes(range(32))
PUBLIC = public_key_of(SEED)
ATTACKER = bytes(32)
SECRET = b"a secret of at least 16 bytes"
ORIGIN = "bank.example/run"
IDS = [f"D{number}" for number in range(5)]
COVERED = ["decisions.csv", "facts/invoices.parquet", "facts/parties.parquet", "features.parquet"]
DATA = MemoryFolder({"sales.csv": b"date,total\n2019-01-05,100\n", "credit.csv": b"E1,no\n"})


def decision(number, limit_minor=1_000_00):
    return canonical_json(
        {"decision_id": f"D{number}", "limit_minor": limit_minor, "name": f"模拟企业 {number}"}
    )


def record_into(folder, count=5, seed=SEED):
    """A small run: two steps, the decisions, a last step."""
    folder.write("facts/invoices.parquet", b"PAR1 invoices PAR1")
    folder.write("facts/parties.parquet", b"PAR1 parties PAR1")
    folder.write("features.parquet", b"PAR1 features PAR1")
    folder.write("decisions.csv", b"decision_id,outcome\nD0,approve\n")
    recorder = Recorder(folder, ORIGIN, SECRET)
    recorder.record(
        "ingest",
        inputs={name: DATA.digest(name) for name in DATA.names()},
        definitions={"headrace": "0.1.0"},
        outputs=["facts/invoices.parquet", "facts/parties.parquet"],
        facts={"rows": 1},
    )
    recorder.record(
        "features",
        inputs={"facts/invoices.parquet": folder.digest("facts/invoices.parquet")},
        definitions={"features": "ab" * 32},
        outputs=["features.parquet"],
        facts={"firms": 5},
    )
    recorder.record_decisions([(f"D{number}", decision(number)) for number in range(count)])
    recorder.record("report", inputs={}, definitions={}, outputs=["decisions.csv"], facts={})
    return recorder.finish(seed)


def recorded(count=5, seed=SEED):
    folder = MemoryFolder()
    record_into(folder, count, seed)
    return folder


SOUND = recorded()


def tampered(**files):
    """The sound folder with files replaced; None removes one."""
    contents = {**SOUND.files, **files}
    return MemoryFolder({name: data for name, data in contents.items() if data is not None})


def with_file(name, data):
    return tampered(**{name: data})


def found(folder, **arguments):
    return [str(problem) for problem in verify(folder, **arguments).problems]


def replace_line(data, position, line):
    lines = data.split(b"\n")
    lines[position : position + 1] = [] if line is None else [line]
    return b"\n".join(lines)


def test_a_sound_folder_is_proved():
    result = verify(SOUND, data=DATA, trusted_key=PUBLIC)
    assert result.problems == ()
    assert result.holds
    assert result.entries == 8
    assert result.decisions_proved == 5
    assert result.files_checked == len(SOUND.files) == 9
    assert result.signed_by == key_fingerprint(PUBLIC)
    assert result.root == signed_root()


def signed_root():
    folder = MemoryFolder()
    return record_into(folder).root.hex()


def test_the_checkpoint_that_finish_gives_is_the_one_in_the_folder():
    folder = MemoryFolder()
    checkpoint = record_into(folder)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 8)
    assert folder.read(CHECKPOINT).startswith(f"{ORIGIN}\n8\n".encode())


def test_the_same_run_gives_the_same_bytes():
    assert recorded().files == SOUND.files


def test_a_folder_on_disk_is_the_same_as_one_in_memory(tmp_path):
    folder = DiskFolder(tmp_path / "out")
    record_into(folder)
    assert {name: folder.read(name) for name in folder.names()} == SOUND.files
    assert verify(folder, trusted_key=PUBLIC).holds


def test_no_personal_data_and_no_id_is_in_the_log():
    log = SOUND.read(LOG).decode()
    assert "模拟企业" not in log
    assert not any(decision_id in log for decision_id in IDS)


def test_a_run_without_decisions_is_proved():
    folder = MemoryFolder()
    record_into(folder, count=0)
    assert RECORDS not in folder.files
    assert verify(folder).holds
    for name in (RECORDS, SALTS):
        extra = MemoryFolder({**folder.files, name: b""})
        assert found(extra) == [f"{name}: is not covered by evidence: no entry of the log names it"]


def test_an_empty_run_is_proved():
    folder = MemoryFolder()
    Recorder(folder, ORIGIN, SECRET).finish(SEED)
    assert verify(folder).holds


def test_decisions_can_be_recorded_in_parts():
    folder = MemoryFolder()
    recorder = Recorder(folder, ORIGIN, SECRET)
    recorder.record_decisions([("D0", decision(0))])
    recorder.record_decisions([("D1", decision(1)), ("D2", decision(2))])
    recorder.finish(SEED)
    assert verify(folder).decisions_proved == 3


# --- damage ----------------------------------------------------------------------------------


def names_file(problems, name):
    """Whether some problem names the file, or what stands in it."""
    return any(name in problem for problem in problems)


def damages(data, random):
    """One byte flipped, removed, inserted; the file cut; something appended."""
    position = int(random.integers(len(data)))
    flipped = bytearray(data)
    flipped[position] ^= 1 << int(random.integers(8))
    yield "flip", bytes(flipped)
    yield "remove", data[:position] + data[position + 1 :]
    yield "insert", data[:position] + bytes([int(random.integers(256))]) + data[position:]
    yield "cut", data[:position]
    yield "append", data + bytes([int(random.integers(256))])


@pytest.mark.parametrize("name", sorted(SOUND.files))
def test_damage_at_random_places_of_every_file_is_found_and_named(name):
    random = np.random.default_rng(20_190_401)
    for round_number in range(60):
        for kind, data in damages(SOUND.files[name], random):
            problems = found(with_file(name, data))
            assert names_file(problems, name), (name, kind, round_number, problems)


@given(st.data())
def test_any_replaced_bytes_of_any_file_are_found(data):
    name = data.draw(st.sampled_from(sorted(SOUND.files)))
    original = SOUND.files[name]
    begin = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(begin, len(original)))
    changed = original[:begin] + data.draw(st.binary(max_size=6)) + original[end:]
    problems = found(with_file(name, changed))
    assert names_file(problems, name) if changed != original else problems == []


@pytest.mark.parametrize("name", sorted(SOUND.files))
@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\x00", b"{" * 30_000, None], ids=ascii)
def test_an_emptied_garbled_or_deleted_file_is_named(name, data):
    assert names_file(found(with_file(name, data)), name)


@pytest.mark.parametrize("one", sorted(SOUND.files))
@pytest.mark.parametrize("two", sorted(SOUND.files))
def test_two_files_that_change_places_are_named(one, two):
    if one != two:
        problems = found(tampered(**{one: SOUND.files[two], two: SOUND.files[one]}))
        assert names_file(problems, one)
        assert names_file(problems, two)


@pytest.mark.parametrize("name", [LOG, RECORDS, SALTS])
def test_an_appended_removed_repeated_or_moved_line_is_found(name):
    data = SOUND.files[name]
    lines = data.splitlines(keepends=True)
    for position in range(len(lines)):
        others = lines[:position] + lines[position + 1 :]
        rest = lines[position + 1 :]
        assert names_file(found(with_file(name, b"".join(others))), name)
        assert names_file(
            found(with_file(name, b"".join([*lines[: position + 1], lines[position], *rest]))), name
        )
        if rest:
            swapped = [*lines[:position], rest[0], lines[position], *rest[1:]]
            assert names_file(found(with_file(name, b"".join(swapped))), name)
    for extra in (b"\n", b"{}\n", b'{"decision_id":"D9"}\n', lines[0]):
        assert names_file(found(with_file(name, data + extra)), name)


def test_everything_deleted_is_three_named_files_and_no_error():
    result = verify(MemoryFolder())
    assert [problem.where for problem in result.problems] == [KEY, CHECKPOINT, LOG]
    assert (result.signed_by, result.root, result.decisions_proved) == (None, "", 0)


def test_another_runs_evidence_does_not_fit():
    other = recorded(count=4)
    for name in (LOG, CHECKPOINT, SALTS, RECORDS):
        assert names_file(found(with_file(name, other.files[name])), name)


@pytest.mark.parametrize("name", [*COVERED, LOG, CHECKPOINT, KEY, RECORDS, SALTS])
def test_files_that_cannot_be_read_are_named(tmp_path, name):
    folder = DiskFolder(tmp_path / "out")
    record_into(folder)
    path = tmp_path / "out" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert names_file(found(folder), name)


# --- what is named ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", COVERED)
def test_an_altered_file_is_named_with_the_step_that_wrote_it(name):
    (problem,) = verify(with_file(name, b"PAR1 other PAR1")).problems
    assert problem.where == name
    assert "recorded" in problem.what


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "facts/more.parquet", "evidence/old"])
def test_a_file_that_no_entry_covers_is_named(name):
    (problem,) = verify(with_file(name, b"")).problems
    assert problem.where == name
    assert "not covered" in problem.what


@pytest.mark.parametrize(
    ("position", "step"), list(enumerate(["ingest", "features", *["decision"] * 5]))
)
def test_an_altered_entry_is_named_by_index_and_step(position, step):
    lines = SOUND.files[LOG].split(b"\n")
    document = json.loads(lines[position])
    document["definitions"]["headrace"] = "9.9.9"
    folder = with_file(LOG, replace_line(SOUND.files[LOG], position, canonical_json(document)))
    assert f"{LOG} line {position + 1} (entry {position}, {step})" in found(folder)[0]


def test_the_last_entry_is_named_when_only_it_was_altered():
    document = json.loads(SOUND.files[LOG].split(b"\n")[7])
    document["facts"]["rows"] = 9
    folder = with_file(LOG, replace_line(SOUND.files[LOG], 7, canonical_json(document)))
    result = verify(folder)
    assert [problem.where for problem in result.problems] == [f"{LOG} line 8 (entry 7, report)"]
    assert CHECKPOINT in result.problems[0].what
    assert result.decisions_proved == 0


def test_an_altered_decision_is_named_and_the_others_are_proved():
    changed = replace_line(SOUND.files[RECORDS], 3, decision(3, limit_minor=9_000_00))
    result = verify(with_file(RECORDS, changed))
    assert [problem.where for problem in result.problems] == [f"{RECORDS} decision D3"]
    assert result.decisions_proved == 4


def test_a_missing_and_an_additional_record_are_named():
    missing = replace_line(SOUND.files[RECORDS], 2, None)
    assert found(with_file(RECORDS, missing)) == [
        f"{RECORDS} decision D2: is missing: the run decided it"
    ]
    (problem,) = found(with_file(RECORDS, SOUND.files[RECORDS] + decision(9) + b"\n"))
    assert problem.startswith(f"{RECORDS} decision D9")


def test_a_decision_removed_from_records_and_salts_is_still_missed():
    """The log cannot be shortened, so a decision that is hidden leaves its commitment."""
    folder = tampered(
        **{
            RECORDS: replace_line(SOUND.files[RECORDS], 2, None),
            SALTS: replace_line(SOUND.files[SALTS], 2, None),
        }
    )
    (problem,) = verify(folder).problems
    assert problem.where == SALTS
    assert "entry 4" in problem.what


def test_an_added_decision_with_a_salt_of_its_own_has_no_commitment():
    salt = canonical_json({"decision_id": "D9", "entry": 8, "salt": "00" * 32})
    folder = tampered(
        **{
            RECORDS: SOUND.files[RECORDS] + decision(9) + b"\n",
            SALTS: SOUND.files[SALTS] + salt + b"\n",
        }
    )
    (problem,) = verify(folder).problems
    assert problem.where == f"{SALTS} decision D9"


def test_two_decisions_cannot_claim_one_entry():
    lines = SOUND.files[SALTS].split(b"\n")
    document = json.loads(lines[1]) | {"decision_id": "D0", "entry": 2}
    copy = json.loads(lines[0]) | {"decision_id": "D1"}
    folder = with_file(
        SALTS, b"\n".join([canonical_json(document), canonical_json(copy), *lines[2:]])
    )
    assert len(found(folder)) >= 2


def test_entries_added_after_signing_are_named():
    more = Log()
    for line in SOUND.files[LOG].splitlines():
        document = json.loads(line)
        del document["index"], document["previous"]
        more.append(document.pop("step"), **document)
    more.append("late", inputs={}, definitions={}, outputs={}, facts={})
    result = verify(with_file(LOG, more.to_bytes()))
    assert [str(problem) for problem in result.problems] == [
        f"{LOG} line 9 (entry 8, late): was added after the checkpoint was signed"
    ]
    assert result.decisions_proved == 5


def test_entries_cut_off_the_end_are_counted():
    cut = b"".join(SOUND.files[LOG].splitlines(keepends=True)[:6])
    assert any("entries 6 to 7 were cut off" in problem for problem in found(with_file(LOG, cut)))


# --- who signed ------------------------------------------------------------------------------


def test_a_folder_that_an_attacker_signed_anew_agrees_with_itself_only():
    forged = recorded(seed=ATTACKER)
    assert verify(forged).holds
    assert verify(forged).signed_by == key_fingerprint(public_key_of(ATTACKER))
    result = verify(forged, trusted_key=PUBLIC)
    assert [problem.where for problem in result.problems] == [KEY, CHECKPOINT]
    assert key_fingerprint(PUBLIC) in result.problems[0].what
    assert result.signed_by is None
    assert result.decisions_proved == 0


def test_the_trusted_key_counts_where_key_pub_is_damaged():
    result = verify(with_file(KEY, b"damaged"), trusted_key=PUBLIC)
    assert [problem.where for problem in result.problems] == [KEY]
    assert result.signed_by == key_fingerprint(PUBLIC)
    assert result.decisions_proved == 5


def test_without_a_usable_key_nothing_is_signed_or_proved():
    result = verify(with_file(KEY, b"damaged"))
    assert [problem.where for problem in result.problems] == [KEY, CHECKPOINT]
    assert result.signed_by is None
    assert result.decisions_proved == 0


@pytest.mark.parametrize("trusted", [b"", b"short", bytes(32)])
def test_a_trusted_key_that_signed_nothing_is_a_problem(trusted):
    assert not verify(SOUND, trusted_key=trusted).holds
    assert verify(SOUND, trusted_key=trusted).signed_by is None


def test_a_key_under_another_name_is_found():
    renamed = MemoryFolder()
    Recorder(renamed, "other.example", SECRET).finish(SEED)
    (problem,) = verify(with_file(KEY, renamed.files[KEY])).problems
    assert problem.where == KEY
    assert "other.example" in problem.what


def test_a_checkpoint_of_the_right_key_over_another_log_is_found():
    text = sign_checkpoint(ORIGIN, 8, bytes(32), SEED)
    (problem,) = verify(with_file(CHECKPOINT, text.encode()), trusted_key=PUBLIC).problems
    assert CHECKPOINT in problem.what


# --- the user's data -------------------------------------------------------------------------


def test_changed_and_missing_inputs_are_named():
    data = MemoryFolder({"sales.csv": b"other", "unrelated.csv": b""})
    assert [problem.where for problem in verify(SOUND, data=data).problems] == [
        "data: credit.csv",
        "data: sales.csv",
    ]


def test_data_are_not_needed():
    assert verify(SOUND).holds
    assert verify(with_file(LOG, b"junk\n"), data=DATA).problems


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError):
        verify(DiskFolder(tmp_path / "nowhere"))


# --- receipts --------------------------------------------------------------------------------


@pytest.mark.parametrize("decision_id", IDS)
def test_every_decision_has_a_receipt_that_stands_alone(decision_id):
    text = prove_decision(SOUND, decision_id).to_json()
    receipt = Receipt.from_json(text)
    assert receipt.record.encode() == decision(int(decision_id[1:]))
    assert check_receipt(receipt, PUBLIC) is None
    assert check_receipt(receipt, public_key_of(ATTACKER)) is not None


def test_a_receipt_with_another_record_does_not_check():
    receipt = prove_decision(SOUND, "D1")
    better = dataclasses.replace(receipt, record=decision(1, limit_minor=9).decode())
    assert check_receipt(better, PUBLIC).where == "receipt of decision D1, record"


def test_an_unknown_decision_has_no_receipt():
    with pytest.raises(EvidenceError, match="no decision of this id"):
        prove_decision(SOUND, "D9")


def test_a_damaged_folder_gives_the_true_receipt_or_an_error():
    random = np.random.default_rng(7)
    true = prove_decision(SOUND, "D2")
    for name in (LOG, CHECKPOINT, KEY, RECORDS, SALTS):
        with pytest.raises(EvidenceError):
            prove_decision(with_file(name, None), "D2")
        for _ in range(40):
            for _, data in damages(SOUND.files[name], random):
                try:
                    assert prove_decision(with_file(name, data), "D2") == true
                except EvidenceError:
                    continue


@pytest.mark.parametrize("entry", [-1, 8, 10**30])
def test_a_salt_that_points_outside_the_log_gives_no_receipt(entry):
    salt = canonical_json({"decision_id": "D2", "entry": entry, "salt": "00" * 32})
    folder = with_file(SALTS, replace_line(SOUND.files[SALTS], 2, salt))
    with pytest.raises(EvidenceError, match="does not reach"):
        prove_decision(folder, "D2")
    assert names_file(found(folder), SALTS)


# --- recording -------------------------------------------------------------------------------


def recorder_with(files):
    return Recorder(MemoryFolder(files), ORIGIN, SECRET)


def record(recorder, step="features", outputs=()):
    return recorder.record(step, inputs={}, definitions={}, outputs=outputs, facts={})


def test_record_gives_the_index():
    recorder = recorder_with({"a": b""})
    assert [record(recorder), record(recorder, outputs=["a"]), record(recorder)] == [0, 1, 2]


def test_a_file_that_changes_after_it_was_recorded_is_refused():
    folder = MemoryFolder({"a": b"1"})
    recorder = Recorder(folder, ORIGIN, SECRET)
    record(recorder, outputs=["a"])
    record(recorder, outputs=["a"])
    folder.write("a", b"2")
    with pytest.raises(EvidenceError, match="not final"):
        record(recorder, outputs=["a"])


@pytest.mark.parametrize("name", [LOG, CHECKPOINT, KEY, SALTS, RECORDS])
def test_evidence_is_not_recorded_as_output(name):
    with pytest.raises(EvidenceError, match="not final"):
        record(recorder_with({name: b""}), outputs=[name])


def test_an_output_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match="no such file"):
        record(recorder_with({}), outputs=["a"])


def test_a_step_cannot_pose_as_a_decision():
    with pytest.raises(EvidenceError, match="record_decisions"):
        record(recorder_with({}), step="decision")


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b'{"decision_id":"D2"}', b'{"decision_id": "D1"}', b'{"decision_id":"D1"}\n'],
)
def test_a_record_must_be_canonical_and_hold_its_id(line):
    with pytest.raises(EvidenceError, match="not canonical JSON with this decision_id"):
        recorder_with({}).record_decisions([("D1", line)])


def test_a_decision_is_recorded_once():
    recorder = recorder_with({})
    with pytest.raises(EvidenceError, match="occurs twice"):
        recorder.record_decisions([("D1", decision(1)), ("D1", decision(1))])


def test_the_commitment_is_salted_and_another_secret_gives_another():
    other = MemoryFolder()
    recorder = Recorder(other, ORIGIN, SECRET + b"!")
    recorder.record_decisions([("D0", decision(0))])
    recorder.finish(SEED)
    salts = [json.loads(folder.files[SALTS].split(b"\n")[0]) for folder in (SOUND, other)]
    assert salts[0]["salt"] != salts[1]["salt"]
    expected = commit(decision(0), bytes.fromhex(salts[1]["salt"]))
    assert expected in other.files[LOG].decode()


def test_a_thousand_decisions_are_recorded_and_proved():
    assert verify(recorded(count=1_000)).decisions_proved == 1_000
