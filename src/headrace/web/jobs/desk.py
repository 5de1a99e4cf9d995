"""Looks after long work: takes it in, runs each job in a process of its own, tells how far it is.

Threads of the service claim jobs, start a process for each, hand on what it says, renew the lease,
and kill it where somebody cancels. Every service on a store looks for work; one runs a job.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from headrace.adapters.stores.job import ENDED, Job, JobStore, Lease, Status
from headrace.adapters.stores.web import StoreDownError
from headrace.adapters.workspace import Workspace
from headrace.errors import HeadraceError
from headrace.pack import Text
from headrace.web.jobs.kinds import kind_of

SLOTS = 2
LEASE_US = 20_000_000
RENEW_SECONDS = 1.0
LOOK_SECONDS = 1.0
RESULT_MAX = 200_000  # characters: more belongs into a file
Log = Callable[[Mapping[str, Any]], None]


@dataclass
class Running:
    """One job under way.

    Attributes:
        job: As it was claimed.
        lines: What its process says; None at its end.
        ending: How it ended, once it said so.
    """

    job: Job
    process: "subprocess.Popen[bytes]"
    lines: "SimpleQueue[dict[str, Any] | None]" = field(default_factory=SimpleQueue)
    ending: dict[str, Any] = field(default_factory=dict)


class Jobs:
    """Long work of one workspace."""

    def __init__(
        self, store: JobStore, workspace: Workspace, now: Callable[[], int], log: Log
    ) -> None:
        """Take work in; none is done before `start`.

        Args:
            store: Where it is kept.
            workspace: What it is about.
            now: Microseconds since 1970.
            log: Takes one line.
        """
        self.store = store
        self._workspace, self._now, self._log = workspace, now, log
        self._name = token_hex(8)
        self._threads: list[Thread] = []
        self._wake, self._stopping, self._lock = Event(), Event(), Lock()

    def submit(
        self, kind: str, given: Mapping[str, Any], *, by: str, key: str | None = None
    ) -> str:
        """Queue a job; durable when this returns.

        Args:
            kind: A name of `KINDS`.
            given: What the kind's dataclass says.
            by: Who asks.
            key: The asker's own name for it: asked for twice, it is one job.

        Returns:
            The job's id.

        Raises:
            InputError: There is no such kind, or what is given does not fit.
            JobStateError: Something else was asked for under this key.
        """
        found = kind_of(kind)
        plain = found.plain(found.read(given))
        job = self.store.add(Job(token_hex(12), kind, plain, by, self._now(), key))
        self._wake.set()
        return job.id

    def state(self, name: str) -> Job | None:
        """The job of an id; None if there is none."""
        return self.store.job(name)

    def listed(self, *, by: str | None, before: int | None, count: int) -> tuple[Job, ...]:
        """Jobs, newest first; of everybody where `by` is None."""
        return self.store.listed(by=by, before=before, count=count)

    def cancel(self, name: str) -> Job | None:
        """Ask for a job to end; None if there is no such job.

        Raises:
            JobStateError: It has ended.
        """
        return self.store.cancel(name, self._now())

    def resume(self, name: str) -> Job | None:
        """Queue a job again that failed or was cancelled; None if there is no such job.

        Raises:
            JobStateError: It is done, or has not ended.
        """
        found = self.store.resume(name)
        self._wake.set()
        return found

    def file(self, job: Job, name: str) -> Path | None:
        """A file that a job made, by its name; None if it made none of that name."""
        made = (job.result or {}).get("files", ())
        path = self._folder(job.id) / name
        return path if name in made and path.is_file() else None

    def start(self) -> None:
        """Begin to look for work."""
        with self._lock:
            if not self._threads:
                self._threads = [
                    Thread(target=self._work, args=(f"{self._name}-{slot}",), name=f"job-{slot}")
                    for slot in range(SLOTS)
                ]
                for thread in self._threads:
                    thread.daemon = True
                    thread.start()

    def stop(self) -> None:
        """End what runs here and put it back, for whoever comes next."""
        self._stopping.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()

    def _work(self, owner: str) -> None:
        while not self._stopping.is_set():
            try:
                job = self.store.claim(self._lease(owner), self._now())
                if job is not None:
                    self._run(job, owner)
                    continue
            except HeadraceError as error:  # the store is away: it may come back
                self._log({"event": "jobs wait", "why": str(error)})
            except Exception as error:  # noqa: BLE001 - a job must not take the desk with it
                self._log({"event": "job error", "why": repr(error)})
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _run(self, job: Job, owner: str) -> None:
        """One job from its process's start to its end."""
        folder = self._folder(job.id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        running = Running(job, _started(job, self._workspace, folder))
        reader = Thread(target=_read, args=(running,), name="job-reader", daemon=True)
        reader.start()
        try:
            is_ours = self._watch(running, owner)
        finally:
            running.process.kill()
            running.process.wait()
            reader.join()
            for pipe in (running.process.stdin, running.process.stdout):
                if pipe is not None:
                    pipe.close()
        if not running.ending and self._stopping.is_set():
            self.store.release(job.id, owner)
        else:
            self._end(running, owner, is_ours=is_ours)

    def _watch(self, running: Running, owner: str) -> bool:
        """Hand on what the process says; False where it is to go on no more."""
        for share, told in _shares(running, self._stopping):
            try:
                if not self.store.renew(running.job.id, self._lease(owner), share, told):
                    return False
            except StoreDownError as error:  # it may be back before the lease has run out
                self._log({"event": "jobs wait", "why": str(error)})
        return True

    def _end(self, running: Running, owner: str, *, is_ours: bool) -> None:
        job, ending = running.job, running.ending
        ended = replace(job, ended=self._now())
        if not is_ours and not ending:
            ended = replace(ended, status=Status.CANCELLED)
        elif "result" in ending and len(json.dumps(ending["result"])) <= RESULT_MAX:
            ended = replace(ended, status=Status.DONE, progress=1.0, result=ending["result"])
        else:
            ended = replace(ended, status=Status.FAILED, problem=_problem(ending))
        if "broken" in ending:
            self._log({"event": "job error", "job": job.id, "traceback": ending["broken"]})
        is_kept = self._said(replace(ended, told=ENDED[ended.status]), owner)
        if is_kept:
            _keep_only(self._folder(job.id), (ended.result or {}).get("files", ()))
        line = {"job": job.id, "kind": job.kind, "status": ended.status.value, "kept": is_kept}
        self._log({"event": "job"} | line)

    def _said(self, ended: Job, owner: str) -> bool:
        """Keep how a job ended; False where another runs it by now, who will say it."""
        while True:
            try:
                return self.store.end(ended, owner)
            except StoreDownError as error:
                self._log({"event": "jobs wait", "why": str(error)})
                if self._stopping.wait(LOOK_SECONDS):
                    return False

    def _folder(self, name: str) -> Path:
        return self._workspace.root / "jobs" / name

    def _lease(self, owner: str) -> Lease:
        return Lease(owner, self._now() + LEASE_US)


def _keep_only(folder: Path, files: Collection[str]) -> None:
    """Delete what a job worked with, such as copies of the log; what it made stays."""
    if not files:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        elif each.name not in files:
            each.unlink(missing_ok=True)


def _started(job: Job, workspace: Workspace, folder: Path) -> "subprocess.Popen[bytes]":
    """The process of a job, told what to do."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace.web.jobs.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    told = {
        "id": job.id,
        "kind": job.kind,
        "given": job.given,
        "by": job.by,
        "created": job.created,
        "workspace": str(workspace.root.absolute()),
        "folder": str(folder.absolute()),
    }
    assert process.stdin is not None  # noqa: S101 - a pipe
    try:
        process.stdin.write(json.dumps(told).encode() + b"\n")
        process.stdin.flush()  # and stays open: its end would end the process
    except BrokenPipeError:
        pass  # it died at once; its end says so
    return process


def _read(running: Running) -> None:
    """Queue what a process says, until it ends."""
    assert running.process.stdout is not None  # noqa: S101 - a pipe
    for line in running.process.stdout:
        try:
            running.lines.put(json.loads(line))
        except ValueError:
            break  # killed in the middle of a line
    running.lines.put(None)


def _shares(running: Running, stopping: Event) -> Iterator[tuple[float | None, Text | None]]:
    """How far it is, once a second at most; (None, None) where it says nothing new."""
    share: float | None = None
    told: Text | None = None
    due = monotonic()
    while not stopping.is_set():
        try:
            line = running.lines.get(timeout=max(0.01, due - monotonic()))
        except Empty:
            yield share, told
            share, told, due = None, None, monotonic() + RENEW_SECONDS
            continue
        if line is None:
            return
        if "progress" in line:
            share, told = float(line["progress"][0]), Text(*line["progress"][1:])
        else:
            running.ending = line


def _problem(ending: Mapping[str, Any]) -> dict[str, str]:
    if "problem" in ending:
        return dict(ending["problem"])
    what = "It gave too much to keep" if "result" in ending else "It ended without a result"
    return {
        "problem": "Something went wrong that nobody foresaw" if "broken" in ending else what,
        "where": "job",
        "remedy": "The administrator finds it in the log by the job's id",
    }
