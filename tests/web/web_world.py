"""A service on a small run, with a clock that a test moves, and a browser to ask it with."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from headrace.adapters.stores.web import Entry, User, WebStore
from headrace.adapters.workspace import Workspace
from headrace.decisions.lending.decision import Decision, Outcome
from headrace.web.app import create_app
from headrace.web.metrics import Metrics
from headrace.web.run_folder import RunFolder
from headrace.web.security.accounts import Accounts
from headrace.web.security.passwords import Passwords
from headrace.web.security.rates import Buckets, Rate
from headrace.web.services import Services
from headrace.web.settings import Settings

ORIGIN = "http://localhost"
PASSWORD = "tern-lamp-quarry-oat"  # noqa: S105 - of nobody
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
HASHED = CHEAP.hashed(PASSWORD)
MINUTE = 60_000_000
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>有限公司"


@dataclass
class Clock:
    """Microseconds since 1970, as far as the test has moved them."""

    at: int = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.at

    def pass_minutes(self, minutes: float) -> None:
        self.at += int(minutes * MINUTE)


@dataclass
class World:
    """Services, and what they logged."""

    services: Services
    clock: Clock
    logged: list[dict[str, Any]] = field(default_factory=list)

    @property
    def store(self) -> WebStore:
        return self.services.store

    @property
    def accounts(self) -> Accounts:
        return self.services.accounts

    def add(self, name: str, *roles: str, due: bool = False, regions: tuple[str, ...] = ()) -> None:
        """Somebody who knows PASSWORD."""
        user = User(name, HASHED, tuple(sorted(roles)), due, False, self.clock(), regions)
        self.store.add_user(user, Entry(self.clock(), "test", "user.added", name))

    def acts(self) -> list[tuple[str, str, str]]:
        """The audit, newest first."""
        found = self.store.entries(before=None, count=1000)
        return [(each.who, each.act, each.about) for each in found]

    def acts_once(self, *wanted: tuple[str, str, str]) -> list[tuple[str, str, str]]:
        """The audit once it says what it says a moment later: of events; or after ten seconds."""
        end = monotonic() + 10
        while True:
            acts = self.acts()
            if set(wanted) <= set(acts) or monotonic() > end:
                return acts
            sleep(0.02)

    def with_settings(self, **changes: Any) -> "World":
        """The same with other settings."""
        settings = replace(self.services.settings, **changes)
        rate = Rate(settings.requests_per_second, settings.burst)
        services = replace(self.services, settings=settings, buckets=Buckets(rate))
        return World(services, self.clock, self.logged)


class Browser:
    """A client with cookies that sends forms as our pages do."""

    def __init__(self, world: World, base_url: str = ORIGIN) -> None:
        self.world = world
        self.client = TestClient(
            create_app(world.services),
            base_url=base_url,
            follow_redirects=False,
            headers={"accept": "text/html", "accept-language": "en"},
        )
        self.origin = base_url

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def form_token(self) -> str:
        """As the sign-in page, or any other, holds it."""
        page = self.get("/sign-in").text
        return re.search(r'name="form_token" value="(\w+)"', page)[1]

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Any:
        """Send a form of ours."""
        data = {"form_token": self.form_token()} | (fields or {})
        return self.client.post(path, data=data, headers={"origin": self.origin} | headers)

    def sign_in(self, name: str, password: str = PASSWORD, onward: str = "/") -> Any:
        return self.post("/sign-in", {"name": name, "password": password, "next": onward})


def decision(number: int, outcome: Outcome, **more: Any) -> Decision:
    offer = {"limit_minor": 30_000_000, "rate": Decimal("0.0615"), "term_months": 12}
    given = (offer if outcome is Outcome.APPROVE else {}) | more
    reason = {"approve": "in_the_book", "refer": "in_a_ring", "decline": "rating_d"}
    return Decision(
        decision_id=f"E{number}@2026-06-30",
        party=f"E{number}",
        as_of=date(2026, 6, 30),
        outcome=outcome,
        reasons=(reason[outcome.value],),
        currency="CNY",
        **given,
    )


DECISIONS = (
    decision(1, Outcome.APPROVE, rating="A"),
    decision(2, Outcome.REFER, missing_inputs=("sales_growth",)),
    decision(3, Outcome.DECLINE),
    decision(4, Outcome.APPROVE),
    decision(5, Outcome.DECLINE),
)


def write_run(folder: Path, decisions: tuple[Decision, ...] = DECISIONS) -> None:
    """As much of a run's folder as the service reads."""
    (folder / "records").mkdir(parents=True, exist_ok=True)
    about = {
        "as_of": "2026-06-30T15:59:59+00:00",
        "pack": "sme_invoices",
        "simulated": True,
        "source": "a test",
        "time_zone": "Asia/Shanghai",
    }
    figures = {
        "book": {
            "applicants": 5,
            "approved": 2,
            "referred": 1,
            "approval_rate": 0.4,
            "rate_mean": 0.0615,
            "expected_loss_share": 0.0123,
            "expected_loss_minor": 123_000,
            "expected_drawn_minor": 10_000_000,
            "budget_minor": 10_000_000_000,
            "lent_minor": 60_000_000,
            "expected_profit_minor": 1_234_567,
        },
        "facts": {"quarantined": 7},
        "score": {"auc": 0.91, "auc_low": 0.85, "auc_high": 0.95, "labelled": 9, "defaults": 2},
    }
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(figures), encoding="utf-8")
    lines = b"".join(each.to_json_bytes() + b"\n" for each in decisions)
    (folder / "records" / "decisions.jsonl").write_bytes(lines)
    parties = [each.party for each in decisions]
    names = [EVIL if party == "E2" else f"示例{party}有限公司" for party in parties]
    table = pa.table({"party": parties, "name": names, "industry": ["电子"] * len(parties)})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    (folder / "decisions.parquet").write_bytes(sink.getvalue())


@contextmanager
def service(workspace: Workspace, store: WebStore) -> Iterator[World]:
    """A service on a workspace and a store; patient with tests that ask a lot."""
    clock, logged = Clock(), []
    settings = Settings(requests_per_second=10**6, burst=10**6)
    services = Services(
        settings=settings,
        workspace=workspace,
        store=store,
        accounts=Accounts(store, clock, CHEAP),
        run=RunFolder(workspace.folder("run")),
        metrics=Metrics(),
        buckets=Buckets(Rate(settings.requests_per_second, settings.burst)),
        now=clock,
        log=logged.append,
    )
    yield World(services, clock, logged)
    services.close()
