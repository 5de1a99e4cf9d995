"""Long work: taken in once, run in a process of its own, cancelled, taken over, downloaded."""

import json
import os
import signal
import time
from dataclasses import replace
from html import unescape
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from web_world import ORIGIN, Browser

from headrace.adapters.store import FactStore
from headrace.adapters.stores.consent import Withdrawal
from headrace.adapters.stores.job import ATTEMPTS_MAX, Job, JobStateError, JobStore, Lease, Status
from headrace.errors import InputError
from headrace.pack import Text
from headrace.web.jobs.export import reader_of
from headrace.web.jobs.kinds import (
    KINDS,
    DayGiven,
    ExportGiven,
    Task,
    TidyGiven,
    kind_of,
)
from headrace.web.jobs.tidy import tidy
from headrace.web.security.access import ACCESS
from headrace.web.security.tokens import form_token
from headrace.web.tidying import ask_once

SECOND = 1_000_000


@pytest.fixture
def store(world):
    return JobStore(world.store)


def added(store, name, by="rita", key=None, at=1):
    return store.add(Job(name, "verify", {"data": True}, by, at, key))


def ended(world, name, seconds=60):
    """The job, once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = world.services.jobs.state(name)
        if found.status.has_ended:
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found.status} after {seconds} s: {found.told}")


def asked(browser, path, body=None, method="POST", **headers):
    """A request as a page's script would send it."""
    token = form_token(browser.client.cookies["headrace"])
    sent = {"origin": ORIGIN, "x-form-token": token, "accept": "application/json"} | headers
    return browser.client.request(method, path, json=body, headers=sent)


def test_the_oldest_is_claimed_first_and_by_one_alone(store):
    added(store, "a")
    added(store, "b")
    assert store.claim(Lease("w1", 100), 10).id == "a"
    assert store.claim(Lease("w2", 100), 10).id == "b"
    assert store.claim(Lease("w3", 100), 10) is None


def test_a_job_whose_worker_died_is_taken_over_and_the_dead_is_not_heard(store):
    added(store, "a")
    first = store.claim(Lease("w1", 100), 10)
    assert store.claim(Lease("w2", 200), 100) is None, "the lease holds through its last moment"
    second = store.claim(Lease("w2", 200), 101)
    assert (second.id, second.attempts) == ("a", 2)
    assert not store.renew("a", Lease("w1", 300), 0.5, Text("x", "x"))
    done = Job(**vars(first) | {"status": Status.DONE, "result": {"by": "w1"}, "ended": 150})
    assert not store.end(done, "w1")
    assert store.end(Job(**vars(done) | {"result": {"by": "w2"}}), "w2")
    assert store.job("a").result == {"by": "w2"}
    assert store.claim(Lease("w3", 999), 999) is None


def test_a_job_that_ends_whoever_runs_it_is_given_up(store):
    added(store, "a")
    for attempt in range(ATTEMPTS_MAX):
        assert store.claim(Lease("w", attempt), attempt + 1) is not None
    assert store.claim(Lease("w", 50), 50) is None
    found = store.job("a")
    assert found.status is Status.FAILED
    assert f"begun {ATTEMPTS_MAX} times" in found.problem["problem"]
    assert store.resume("a").status is Status.QUEUED
    assert store.claim(Lease("w", 99), 60).attempts == 1


def test_progress_is_kept_and_cancelling_is_told_to_the_worker(store):
    added(store, "a")
    store.claim(Lease("w", 100), 10)
    before = store.job("a").changes
    assert store.renew("a", Lease("w", 200), 0.5, Text("half", "一半"))
    found = store.job("a")
    assert (found.progress, found.told) == (0.5, Text("half", "一半"))
    assert found.changes == before + 1
    assert store.renew("a", Lease("w", 300), None, None)
    assert store.job("a").changes == before + 1, "a heartbeat is no news"
    store.cancel("a", 20)
    assert not store.renew("a", Lease("w", 300), None, None)


def test_a_cancelled_job_whose_worker_died_is_not_begun_again(store):
    added(store, "a")
    store.claim(Lease("w", 100), 10)
    store.cancel("a", 20)
    assert store.claim(Lease("v", 300), 200) is None
    assert store.job("a").status is Status.CANCELLED


def test_a_job_that_waits_is_cancelled_at_once_and_only_what_ended_badly_is_resumed(store):
    added(store, "a")
    with pytest.raises(JobStateError, match="nothing to resume"):
        store.resume("a")
    assert store.cancel("a", 5).status is Status.CANCELLED
    with pytest.raises(JobStateError, match="has ended"):
        store.cancel("a", 6)
    assert store.resume("a").status is Status.QUEUED
    assert store.cancel("b", 5) is None
    assert store.resume("b") is None


def test_the_same_key_is_the_same_job_of_the_same_user(store):
    first = added(store, "a", key="k")
    assert added(store, "b", key="k") == first
    assert added(store, "c", by="ann", key="k").id == "c"
    with pytest.raises(JobStateError, match="Something else"):
        store.add(Job("d", "export", {}, "rita", 1, "k"))
    assert added(store, "e").id != added(store, "f").id
    assert [each.id for each in store.listed(by="rita", before=None, count=9)] == ["f", "e", "a"]
    assert len(store.listed(by=None, before=None, count=9)) == 4


def test_a_worker_that_stops_puts_its_job_back(store):
    added(store, "a")
    store.claim(Lease("w", 10**9), 10)
    store.release("a", "somebody else")
    assert store.claim(Lease("v", 10**9), 20) is None
    store.release("a", "w")
    assert store.claim(Lease("v", 10**9), 20).attempts == 2


def test_what_is_given_is_checked(world):
    jobs = world.services.jobs
    with pytest.raises(InputError, match="no such kind"):
        jobs.submit("dig", {}, by="rita")
    with pytest.raises(InputError, match="no 'evil'"):
        jobs.submit("verify", {"evil": 1}, by="rita")
    with pytest.raises(InputError) as caught:
        jobs.submit("book_day", {"until": "yesterday"}, by="rita")
    assert caught.value.where == "given.until"
    with pytest.raises(InputError):
        jobs.submit("book_day", {}, by="rita")
    found = jobs.state(jobs.submit("book_day", {"until": "2026-07-01"}, by="rita"))
    assert found.given == {"until": "2026-07-01"}
    assert isinstance(kind_of("book_day").read(found.given), DayGiven)


def test_a_job_runs_in_a_process_of_its_own_and_says_what_came_of_it(demo):
    jobs = demo.services.jobs
    name = jobs.submit("verify", {}, by="rita")
    jobs.start()
    found = ended(demo, name)
    assert found.status is Status.DONE, found.problem
    assert found.result["holds"] is True
    assert found.progress == 1.0
    line = {"event": "job", "job": name, "kind": "verify", "status": "done", "kept": True}
    deadline = time.monotonic() + 20  # it is logged once it is durable
    while line not in demo.logged and time.monotonic() < deadline:
        time.sleep(0.05)
    assert line in demo.logged


def test_what_cannot_be_done_fails_with_a_problem(world):
    world.services.jobs.start()
    name = world.services.jobs.submit("book_day", {"until": "2026-07-01"}, by="rita")
    found = ended(world, name)
    assert found.status is Status.FAILED
    assert found.problem["remedy"]
    assert not (world.services.workspace.root / "jobs" / name).exists(), "it made no file"
    run = world.services.jobs.submit("run", {}, by="rita")
    assert ended(world, run).status is Status.FAILED
    assert (world.services.workspace.folder("run") / "run.json").is_file(), "the run stands"
    assert not list(world.services.workspace.root.glob(".run-*"))


def test_a_run_takes_the_place_of_the_one_before_once_it_is_whole(demo):
    before = demo.services.run.current()
    demo.services.jobs.start()
    name = demo.services.jobs.submit("run", {"as_of": None}, by="rita")
    seen = set()
    while not demo.services.jobs.state(name).status.has_ended:
        seen.add(demo.services.jobs.state(name).told.en)
        assert demo.services.run.current().digest, "there is a whole run at every moment"
        time.sleep(0.1)
    found = demo.services.jobs.state(name)
    assert found.status is Status.DONE, found.problem
    after = demo.services.run.current()
    assert len(after.records) == len(before.records)
    assert found.result["book"]["approved"] == after.summary["book"]["approved"]
    assert len(seen) > 2
    assert not list(demo.services.workspace.root.glob(".run-*"))


def test_days_are_ended_once_however_often_they_are_asked_for(demo):
    demo.services.jobs.start()
    first = ended(demo, demo.services.jobs.submit("book_day", {"until": "2000-01-01"}, by="rita"))
    day = first.result["day"]
    until = day  # the morning the book stands on
    second = ended(demo, demo.services.jobs.submit("book_day", {"until": until}, by="rita"))
    third = ended(demo, demo.services.jobs.submit("book_day", {"until": until}, by="rita"))
    assert first.result["ended"] == 0
    assert second.result["ended"] == 1
    assert third.result == second.result | {"ended": 0}
    far = ended(demo, demo.services.jobs.submit("book_day", {"until": "2999-01-01"}, by="rita"))
    assert "at a time" in far.problem["problem"], "a slip of the finger ends no thousand days"


def test_a_killed_process_is_a_failed_job_and_cancelling_kills(demo):
    jobs = demo.services.jobs
    jobs.start()
    name = jobs.submit("run", {}, by="rita")
    while jobs.state(name).status is not Status.RUNNING:
        time.sleep(0.02)
    jobs.cancel(name)
    assert ended(demo, name).status is Status.CANCELLED
    again = jobs.submit("run", {}, by="rita")
    child = None
    while child is None:
        child = _child_of(os.getpid())
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    found = ended(demo, again)
    assert found.status is Status.FAILED
    assert "without a result" in found.problem["problem"]


def test_a_stopping_service_leaves_its_jobs_to_the_next(demo):
    jobs = demo.services.jobs
    jobs.start()
    name = jobs.submit("run", {}, by="rita")
    while jobs.state(name).status is not Status.RUNNING:
        time.sleep(0.02)
    began = time.monotonic()
    jobs.stop()
    assert time.monotonic() - began < 5
    assert jobs.state(name).status is Status.QUEUED
    assert _child_of(os.getpid()) is None


def test_workbooks_are_downloaded_by_who_may_and_it_is_audited(demo):
    demo.add("rita", "risk_manager")
    demo.add("adam", "admin")
    rita, adam = Browser(demo), Browser(demo)
    rita.sign_in("rita")
    adam.sign_in("adam")
    body = {"kind": "export", "given": {"what": "book"}}
    answer = asked(rita, "/api/v1/jobs", body, **{"idempotency-key": "once"})
    assert answer.status_code == 202
    name = answer.json()["id"]
    assert asked(rita, "/api/v1/jobs", body, **{"idempotency-key": "once"}).json()["id"] == name
    demo.services.jobs.start()
    ended(demo, name)
    found = rita.get(f"/api/v1/jobs/{name}").json()
    assert found["status"] == "done"
    assert found["files"] == ["loans.xlsx", "cash_flow.xlsx"]
    file = rita.get(f"/api/v1/jobs/{name}/files/loans.xlsx")
    assert file.content[:2] == b"PK"
    assert "attachment" in file.headers["content-disposition"]
    assert ("rita", "GET /api/v1/jobs/{job_id}/files/{name}", f"{name} loans.xlsx") in demo.acts()
    for bad in ("../accounts.db", "..%2f..%2faccounts.db", "nothing.xlsx"):
        assert rita.get(f"/api/v1/jobs/{name}/files/{bad}").status_code == 404
    seen = adam.get(f"/api/v1/jobs/{name}").json()
    assert (seen["result"], seen["files"]) == (None, [])
    assert adam.get(f"/api/v1/jobs/{name}/files/loans.xlsx").status_code == 403
    page = rita.get(f"/jobs/{name}").text
    assert "loans.xlsx" in page
    assert "hx-get" not in page, "nothing moves any more"


def reader(demo, by):
    """What an export reads for somebody."""
    workspace = demo.services.workspace
    task = Task("x", workspace, ExportGiven(), by, demo.clock(), workspace.root)
    return reader_of(task)


def test_an_export_holds_what_its_asker_may_see(demo, tmp_path):
    """Their regions, what consents still allow, and nothing that is masked on pages."""
    run, stored = demo.services.run.current(), FactStore(demo.services.workspace.folder("run"))
    home = run.regions[run.decisions[0].party][:2]
    demo.add("whole", "auditor")
    demo.add("near", "risk_manager", regions=(home,))
    whole, near = reader(demo, "whole"), reader(demo, "near")
    seen = {code for code, region in run.regions.items() if (region or "")[:2] == home}
    rows = near.facts("party", stored).to_pylist()
    assert {row["party"] for row in rows} == seen
    assert [each.party for each in run.decisions if near.sees(each.party)]
    assert not all(near.sees(each.party) for each in run.decisions)
    for kind in ("exposure", "relation", "correction", "invoice"):
        assert 0 < near.facts(kind, stored).num_rows < whole.facts(kind, stored).num_rows, kind
        assert whole.facts(kind, stored).num_rows == stored.read(kind).num_rows
    ends = near.facts("relation", stored).select(["subject", "object"]).to_pylist()
    assert all({row["subject"], row["object"]} & seen for row in ends)
    table = stored.read("party")
    place = table.column_names.index("phone")
    phones = pa.array(["13800001111"] * table.num_rows)
    (tmp_path / "facts").mkdir()
    pq.write_table(table.set_column(place, "phone", phones), tmp_path / "facts" / "party.parquet")
    told = [each.facts("party", FactStore(tmp_path))["phone"][0].as_py() for each in (whole, near)]
    assert told == ["13800001111", "138****1111"]
    before = demo.clock() - 1
    demo.services.consents.withdraw(Withdrawal("simulated", before, before, "rita"))
    assert reader(demo, "whole").facts("party", stored).num_rows == 0
    with pytest.raises(InputError, match="no account"):
        reader(demo, "gone")


def test_what_ended_long_ago_is_deleted_and_the_audit_is_not(world):
    """Killed between rows and files, the next one deletes the files."""
    hooks, jobs, day = world.services.hooks, world.services.jobs.store, 24 * 3600 * SECOND
    now = world.clock()
    world.add("ada", "admin")
    hooks.add("https://receiver.example/", ("job.ended",), "ada")
    place = world.services.workspace.root / "jobs"
    for name, ended_at in (("old", now - 91 * day), ("new", now - 89 * day), ("runs", None)):
        added(jobs, name, key=name, at=ended_at or now - 200 * day)
        (place / name).mkdir(parents=True)
        (place / name / "loans.xlsx").write_bytes(b"PK")
        if ended_at:
            assert jobs.claim(Lease("w", now), ended_at).id == name
            jobs.end(replace(jobs.job(name), status=Status.DONE, ended=ended_at), "w")
    (place / "orphan").mkdir()
    before = world.acts()
    task = Task("t", world.services.workspace, TidyGiven(), "headrace", now, place / "new")
    assert tidy(task, lambda *_: None) == {"jobs": 1, "folders": 2, "messages": 1}
    assert jobs.ids() == {"new", "runs"}
    assert {each.name for each in place.iterdir()} == {"new", "runs"}
    hook = hooks.store.hooks()[0].id
    assert [json.loads(e.body)["data"]["job"] for e in hooks.store.messages(hook, 9)] == ["new"]
    assert world.acts() == before
    assert added(jobs, "again", key="old", at=now).id == "again", "its key went with it"


def test_tidying_is_asked_for_once_a_day_by_all_services_together(world):
    inside = world.with_settings(keep_days=30)
    for _ in range(3):
        ask_once(inside.services)
    inside.clock.pass_minutes(24 * 60)
    ask_once(inside.services)
    found = inside.services.jobs.listed(by="headrace", before=None, count=9)
    assert [each.given for each in found] == [{"keep_days": 30}] * 2
    with pytest.raises(InputError):
        inside.services.jobs.submit("tidy", {"keep_days": 0}, by="ada")


def test_jobs_of_others_are_not_there(world):
    for name, role in (("rita", "risk_manager"), ("otto", "risk_manager"), ("aud", "auditor")):
        world.add(name, role)
    name = world.services.jobs.submit("verify", {}, by="rita")
    otto, aud = Browser(world), Browser(world)
    otto.sign_in("otto")
    aud.sign_in("aud")
    assert otto.get(f"/api/v1/jobs/{name}").status_code == 404
    assert asked(otto, f"/api/v1/jobs/{name}/cancel").status_code == 404
    assert otto.get(f"/jobs/{name}").status_code == 404
    assert otto.get("/api/v1/jobs").json()["items"] == []
    assert aud.get("/api/v1/jobs").json()["items"][0]["by"] == "rita"
    assert asked(aud, f"/api/v1/jobs/{name}/cancel").status_code == 403, "auditors look on"
    assert f'action="/jobs/{name}/cancel"' not in aud.get(f"/jobs/{name}").text
    world.add("adam", "admin")
    adam = Browser(world)
    adam.sign_in("adam")
    assert asked(adam, f"/api/v1/jobs/{name}/cancel").json()["status"] == "cancelled"


def test_a_kind_needs_its_own_permission(world):
    world.add("adam", "admin")
    adam = Browser(world)
    adam.sign_in("adam")
    answer = asked(adam, "/api/v1/jobs", {"kind": "run", "given": {}})
    assert answer.status_code == 403
    assert [each["kind"] for each in adam.get("/api/v1/jobs/kinds").json()] == ["tidy"]
    assert '<form method="post" action="/jobs"' not in adam.get("/jobs").text
    extra = asked(adam, "/api/v1/jobs", {"kind": "run", "given": {}, "by": "rita"})
    assert extra.status_code == 422


def test_news_are_waited_for_and_what_is_known_is_not_sent_again(rita, world):
    name = world.services.jobs.submit("verify", {}, by="rita")
    first = rita.get(f"/api/v1/jobs/{name}")
    known = {"if-none-match": first.headers["etag"]}
    began = time.monotonic()
    assert rita.get(f"/api/v1/jobs/{name}?wait=1", headers=known).status_code == 304
    assert time.monotonic() - began >= 0.9
    world.services.jobs.cancel(name)
    news = rita.get(f"/api/v1/jobs/{name}?wait=10", headers=known)
    assert news.json()["status"] == "cancelled"
    assert rita.get(f"/api/v1/jobs/{name}?wait=21").status_code == 422


def test_the_pages_start_cancel_and_resume(rita, world):
    answer = rita.post("/jobs", {"kind": "verify", "data": "1"})
    assert answer.status_code == 303
    path = answer.headers["location"]
    page = rita.get(path).text
    assert 'hx-trigger="every 1s"' in page
    assert rita.post(f"{path}/cancel").headers["location"] == path
    assert "cancelled" in rita.get(path).text
    assert rita.post(f"{path}/cancel").status_code == 409
    assert rita.post(f"{path}/resume").headers["location"] == path
    assert "every 2s" in rita.get("/jobs").text
    assert "every 2s" in rita.get("/jobs/rows").text
    assert rita.get(f"{path}/progress").text.startswith('<div id="progress"')
    wrong = rita.post("/jobs", {"kind": "run", "as_of": "x"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert rita.post("/jobs", {"kind": "nothing"}).status_code == 422
    given = json.loads(rita.get(f"/api/v1{path}").text)["given"]
    assert given == {"data": True}


def test_every_kind_that_is_listed_has_a_form_in_both_languages(world):
    world.add("all", *ACCESS.roles)
    browser = Browser(world)
    browser.sign_in("all")
    for language in ("zh", "en"):
        page = unescape(browser.get("/jobs", headers={"accept-language": language}).text)
        for name, kind in KINDS.items():
            if kind.is_listed:
                assert kind.text.in_language(language) in page, name


def _child_of(parent):
    """A process that a worker started, by Linux's own list; None if there is none."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            fields = (each / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            command = (each / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"headrace.web.jobs.child" in command:
            return int(each.name)
    return None
