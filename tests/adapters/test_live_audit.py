"""Lines of the audit on their way from the log of decisions into the store: each once."""

import shutil
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace import packs
from headrace.adapters.live import audit_lines
from headrace.adapters.live.audit_lines import AuditLines, write_lines
from headrace.adapters.live.events import EventReader
from headrace.adapters.live.policy import open_live
from headrace.adapters.live.warming import _event, warm
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.audit import added_up_to
from headrace.adapters.stores.web import Entry, StoreDownError, WebStore
from headrace.decisions.flow.rollout import Deployment
from headrace.features.definition import ColumnType
from headrace.workflows.policies import in_force


@pytest.fixture(scope="module")
def version():
    pack = packs.load("payments")
    return in_force(dict(pack.policy), read_workbook, pack.feature_set, timedelta(days=1))


def line(number):
    return Entry(number, "erp", "POST /api/v1/decisions", f"款{number}\"'\\\n", "::1", f"r{number}")


def audited(store):
    return [
        (each.at, each.about, each.request)
        for each in reversed(store.entries(before=None, count=10_000))
    ]


def said(*numbers):
    return [(each.at, each.about, each.request) for each in map(line, numbers)]


STEPS = st.lists(
    st.sampled_from(["tell", "tell none", "forget", "down", "deaf", "up", "restart"]), max_size=25
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_each_line_is_in_the_store_once_whatever_happens(
    tmp_path_factory, version, steps, monkeypatch
):
    """`forget`: the process dies before it is told; `deaf`: the store's answer is lost."""
    folder = tmp_path_factory.mktemp("audit")
    store = WebStore.opened(str(folder / "accounts.db"))
    add, state = audit_lines.add_from_log, "up"
    monkeypatch.setattr(
        audit_lines.LogTail, "_gathered", lambda self, several, upto: (several, upto)
    )
    monkeypatch.setattr("headrace.adapters.live.log_tail.GATHER_SECONDS", 0)
    monkeypatch.setattr("headrace.adapters.live.log_tail.PAUSE_SECONDS", 0.001)

    def put(*what):
        if state != "down":
            add(*what)
        if state != "up":
            raise StoreDownError("The store does not answer")

    monkeypatch.setattr(audit_lines, "add_from_log", put)
    live = open_live(folder / "live", Deployment(version), None)
    audit, count, owing = AuditLines(live.live, store), 0, False
    for step in [*steps, "up", "restart"]:
        if step in {"tell", "tell none", "forget"}:
            count += 1
            body = write_lines(live.live, [line(count)])
            live.commit()
            owing |= step != "tell"
            if step != "forget":
                audit.tail.add(None if owing else [body], live.live.records)
                owing = False
        elif step == "restart":
            audit.close()
            live.close()
            live = open_live(folder / "live", Deployment(version), None)
            audit, owing = AuditLines(live.live, store), False
        else:
            state = step
    audit.close()
    live.close()
    assert audited(store) == said(*range(1, count + 1))
    store.close()


def test_a_log_that_was_put_back_from_an_older_copy_goes_on(tmp_path, version):
    store = WebStore.opened(str(tmp_path / "accounts.db"))

    def asked(*numbers, told=True):
        with open_live(tmp_path / "live", Deployment(version), None) as live:
            audit = AuditLines(live.live, store)
            for number in numbers:
                body = write_lines(live.live, [line(number)])
                live.commit()
                if told:
                    audit.tail.add([body], live.live.records)
            audit.close()

    asked(1, 2)
    shutil.copytree(tmp_path / "live", tmp_path / "copy")
    asked(3, 4, 5, 6)
    shutil.rmtree(tmp_path / "live")
    shutil.move(tmp_path / "copy", tmp_path / "live")
    asked(7, told=False)
    assert audited(store) == said(1, 2, 3, 4, 5, 6)
    asked(8)
    assert audited(store) == said(1, 2, 3, 4, 5, 6, 7, 8)
    shutil.rmtree(tmp_path / "live")
    asked(9)
    assert audited(store) == said(1, 2, 3, 4, 5, 6, 7, 8, 9), "another log, another mark"
    store.close()


def test_lines_of_a_process_that_died_at_once_are_not_lost(tmp_path, version, monkeypatch):
    """Before the first look at the store, in a folder that was new."""
    monkeypatch.setattr("headrace.adapters.live.log_tail.GATHER_SECONDS", 60)
    store = WebStore.opened(str(tmp_path / "accounts.db"))
    with open_live(tmp_path / "live", Deployment(version), None) as live:
        died = AuditLines(live.live, store)
        write_lines(live.live, [line(1)])
        live.commit()
    monkeypatch.setattr(audit_lines, "in_turn", None)  # the dead one tells nothing any more
    died.close()
    monkeypatch.undo()
    with open_live(tmp_path / "live", Deployment(version), None) as live:
        audit = AuditLines(live.live, store)
        write_lines(live.live, [line(2)])
        live.commit()
        audit.tail.add(None, live.live.records)
        audit.close()
    assert audited(store) == said(1, 2)
    store.close()


def test_a_log_of_an_earlier_version_has_no_lines_before_its_name(tmp_path, version):
    store = WebStore.opened(str(tmp_path / "accounts.db"))
    with open_live(tmp_path / "live", Deployment(version), None) as live:
        write_lines(live.live, [line(1)])
        live.commit()
        AuditLines(live.live, store).close()
    assert audited(store) == []
    (tmp_path / "live" / audit_lines.NAME).write_text("0123456789abcdef")  # as it was written first
    with open_live(tmp_path / "live", Deployment(version), None) as live:
        AuditLines(live.live, store).close()
    assert audited(store) == said(1)
    store.close()


def test_many_lines_go_a_portion_at_a_time_and_not_from_memory(tmp_path, version, monkeypatch):
    monkeypatch.setattr(audit_lines, "PORTION_BYTES", 300)
    monkeypatch.setattr("headrace.adapters.live.log_tail.KEPT_MAX", 5)
    store, portions = WebStore.opened(str(tmp_path / "accounts.db")), []
    add = audit_lines.add_from_log

    def put(store, log, upto, bodies):
        portions.append(len(bodies))
        add(store, log, upto, bodies)

    monkeypatch.setattr(audit_lines, "add_from_log", put)
    with open_live(tmp_path / "live", Deployment(version), None) as live:
        audit = AuditLines(live.live, store)
        for number in range(50):
            body = write_lines(live.live, [line(number)])
            live.commit()
            audit.tail.add([body], live.live.records)
        audit.close()
    assert audited(store) == said(*range(50))
    assert max(portions) <= 5
    store.close()


def test_the_mark_moves_with_the_lines_or_not_at_all(tmp_path, monkeypatch):
    store = WebStore.opened(str(tmp_path / "accounts.db"))
    audit_lines.add_from_log(store, "log", 7, [b'[[1,"a","b","c","d","e"]]'])
    with pytest.raises(Exception, match="JSON"):
        audit_lines.add_from_log(store, "log", 9, [b"[no"])
    assert added_up_to(store, "log") == 7
    assert added_up_to(store, "another") == 0
    assert len(audited(store)) == 1
    store.close()


def test_what_is_decided_to_warm_up_leaves_nothing_behind(tmp_path, version, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    warm(version, 1_790_000_000_000_000)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    warm(version, 1_790_000_000_000_000)


def test_events_that_nobody_sent_fit_their_tables():
    """Whatever a pack's tables hold: also categories that are compared with whole numbers."""
    tables = packs.load("payments").feature_set.tables
    for table in tables:
        names = {each.name for each in table.columns if each.type is ColumnType.CATEGORY}
        for whole in (frozenset(), frozenset(names), frozenset(names | {table.id})):
            reader = EventReader(table, whole)
            rows = [_event(reader, at, 1_790_000_000_000_000) for at in range(3)]
            assert reader.table_of(rows).num_rows == 3
            for row in rows:
                reader.read(dict(row), 1_800_000_000_000_000)
