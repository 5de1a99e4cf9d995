"""What routes work with, put together once by whoever starts the service.

Each part is loaded and opened by whoever asks for it first: a sign-in page need not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from fastapi import Request

from headrace.adapters.stores.web import WebStore
from headrace.adapters.workspace import Workspace
from headrace.errors import HeadraceError
from headrace.web.metrics import Metrics
from headrace.web.run_folder import RunFolder
from headrace.web.security.accounts import Accounts
from headrace.web.security.key_ring import KeyRing
from headrace.web.security.rates import Buckets, Rate
from headrace.web.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider  # an extra

    from headrace.adapters.desk_sheets import DeskSheets
    from headrace.adapters.fact_batches import FactBatches
    from headrace.adapters.hook_sending import Sender
    from headrace.adapters.keys import SigningKey
    from headrace.adapters.stores.case import CaseStore
    from headrace.adapters.stores.consent import ConsentStore
    from headrace.adapters.stores.payout import PayoutStore
    from headrace.adapters.stores.policy import PolicyStore
    from headrace.adapters.stores.policy_desk import PolicyDeskStore
    from headrace.facts.consent import Leave
    from headrace.web.apply_desk import ApplyDesk
    from headrace.web.book_room import BookRoom
    from headrace.web.borrowers import Borrowers
    from headrace.web.case_desk import CaseDesk
    from headrace.web.evidence_room import EvidenceRoom
    from headrace.web.firm_desk import FirmDesk
    from headrace.web.graph_desk import GraphDesk
    from headrace.web.hooks import Hooks
    from headrace.web.jobs.desk import Jobs
    from headrace.web.kafka_room import KafkaRoom
    from headrace.web.kafka_settings import KafkaSettings
    from headrace.web.live_room import LiveRoom
    from headrace.web.security.administering import Administering
    from headrace.web.security.oidc import Provider
    from headrace.web.visit_desk import VisitDesk

Log = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Services:
    """Everything a route may use.

    Attributes:
        settings: How to serve.
        workspace: Where everything is.
        store: Accounts and audit.
        accounts: Who somebody is.
        run: What a run decided.
        metrics: What is counted.
        buckets: How fast one address or user may ask.
        now: Microseconds since 1970.
        log: Takes one line, a JSON object.
        provider: Where people may sign in elsewhere; None: they sign in here only.
        kafka_settings: Topics that events come from; None: from none.
    """

    settings: Settings
    workspace: Workspace
    store: WebStore
    accounts: Accounts
    run: RunFolder
    metrics: Metrics
    buckets: Buckets
    now: Callable[[], int]
    log: Log
    provider: Provider | None = None
    kafka_settings: KafkaSettings | None = None
    _opening: Lock = field(default_factory=Lock, repr=False)
    _making: Lock = field(default_factory=Lock, repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """Of days and times that people see: the run's; the workspace's where there is no run."""
        try:
            return ZoneInfo(self.run.current().about.zone)
        except HeadraceError:
            return ZoneInfo(self.workspace.time_zone)

    @cached_property
    def keys(self) -> KeyRing:
        """API keys that were looked up a moment ago."""
        return KeyRing(self.accounts)

    @cached_property
    def key_buckets(self) -> Buckets:
        """How fast one user may ask by API keys."""
        return Buckets(Rate(self.settings.key_requests_per_second, self.settings.key_burst))

    @property
    def live(self) -> LiveRoom:
        """Decisions in flight, opened by whoever asks first.

        Raises:
            InputError: The pack has no policy for events as they come.
            StorageError: Another process has them, or their folder is damaged.
        """
        from headrace import packs
        from headrace.web.live_room import LiveRoom, Rooms

        with self._opening:
            if self.open_live is None:
                pack = packs.load(self.workspace.live_pack)
                folder = self.workspace.folder("live")
                rooms = Rooms(folder, pack, self.policies, lambda: self.cases, self.store,
                              self.now, self.log, self.hooks.tell)  # fmt: skip
                self.__dict__["open_live"] = LiveRoom(rooms)
            return cast("LiveRoom", self.open_live)

    @cached_property
    def open_live(self) -> LiveRoom | None:
        """Decisions in flight where they are open."""
        return None

    @property
    def kafka(self) -> KafkaRoom | None:
        """Kafka as a source of decisions in flight; None where no topics are named."""
        if self.kafka_settings is None:
            return None
        from headrace.web.kafka_room import KafkaRoom

        with self._making:  # whoever asks whether it is ready may be as early as who starts it
            if self.made_kafka is None:
                root = self.workspace.root
                room = KafkaRoom(self.kafka_settings, root, lambda: self.live, self.log)
                self.metrics.registry.register(room)
                self.__dict__["made_kafka"] = room
            return self.made_kafka

    @cached_property
    def made_kafka(self) -> KafkaRoom | None:
        """The same where somebody asked for it."""
        return None

    @cached_property
    def evidence(self) -> EvidenceRoom:
        """Evidence of the run."""
        from headrace.web.evidence_room import EvidenceRoom

        return EvidenceRoom(self.workspace.folder("run"))

    @cached_property
    def signing_key(self) -> SigningKey:
        """With which this machine signs; made on first use."""
        from headrace.adapters.keys import load_or_create_signing_key

        return load_or_create_signing_key()

    @cached_property
    def administering(self) -> Administering:
        """What an administrator does to accounts."""
        from headrace.web.security.administering import Administering

        return Administering(self.accounts)

    @cached_property
    def policies(self) -> PolicyStore:
        """Versions of policies, and lists."""
        from headrace.adapters.stores.policy import PolicyStore

        return PolicyStore.opened(self.workspace.store("policies"))

    @cached_property
    def policy_desk(self) -> PolicyDeskStore:
        """Drafts of policies, and what came of trials."""
        from headrace.adapters.stores.policy_desk import PolicyDeskStore

        return PolicyDeskStore(self.store)

    @cached_property
    def book(self) -> BookRoom:
        """Loans by the day and their ledger."""
        from headrace.web.book_room import BookRoom

        place = self.workspace.book_address
        folder = None if self.workspace.database else Path(place)
        return BookRoom(place, folder, self.workspace.book_shelf)

    @cached_property
    def borrowers(self) -> Borrowers:
        """What the facts of the run say of those who borrow."""
        from headrace.web.borrowers import Borrowers

        return Borrowers(self.run, self.graph)

    @cached_property
    def payouts(self) -> PayoutStore:
        """Payouts that wait for a second person, and what became of others."""
        from headrace.adapters.stores.payout import PayoutStore

        return PayoutStore(self.store)

    @cached_property
    def desks(self) -> DeskSheets:
        """Sheets of collateral, vouchers, receipts, pools and statistics."""
        from headrace.adapters.desk_sheets import DeskSheets

        return DeskSheets(self.workspace.folder("desks"))

    @cached_property
    def cases(self) -> CaseStore:
        """Alerts as cases."""
        from headrace.adapters.stores.case import CaseStore

        return CaseStore.opened(self.workspace.store("cases"))

    @cached_property
    def hooks(self) -> Hooks:
        """Who is told of what."""
        from headrace.adapters.stores.hook import HookStore
        from headrace.web.hooks import Hooks

        return Hooks(HookStore(self.store), self._sender, self.now, self.log)

    @cached_property
    def traces(self) -> TracerProvider | None:
        """What takes spans; None where no collector is named."""
        from headrace.web.traces import provider_to

        return provider_to(self.settings.otlp) if self.settings.otlp else None

    @cached_property
    def jobs(self) -> Jobs:
        """Long work."""
        from headrace.adapters.stores.job import JobStore
        from headrace.web.jobs.desk import Jobs

        return Jobs(JobStore(self.store), self.workspace, self.now, self.log)

    def _sender(self) -> Sender:
        from headrace.adapters.hook_sending import Seal, Sender

        seal = Seal.beside(self.workspace.root / "hooks.key")
        return Sender(seal, self.settings.hook_networks)

    @cached_property
    def facts(self) -> FactBatches:
        """What came by the API."""
        from headrace.adapters.fact_batches import FactBatches

        place = self.workspace
        return FactBatches(place.folder("facts"), place.currency, place.time_zone)

    @cached_property
    def consents(self) -> ConsentStore:
        """Consents that were withdrawn."""
        from headrace.adapters.stores.consent import ConsentStore

        return ConsentStore(self.store)

    @cached_property
    def firms(self) -> FirmDesk:
        """Everything about one firm."""
        from headrace.web.firm_desk import FirmDesk

        return FirmDesk(self.run, self.facts)

    @cached_property
    def case_desk(self) -> CaseDesk:
        """Cases as people work them."""
        from headrace.web.case_desk import CaseDesk

        pack = self.workspace.live_pack
        return CaseDesk(lambda: self.cases, lambda: self.policies, pack, self.now)

    @cached_property
    def graph(self) -> GraphDesk:
        """Relations behind the run."""
        from headrace.web.graph_desk import GraphDesk

        return GraphDesk(self.run, self.workspace, partial(self.leave_to, "graph"), self.now)

    @cached_property
    def apply(self) -> ApplyDesk:
        """Decisions on one firm, now."""
        from headrace.adapters.keys import load_or_create_signing_key
        from headrace.adapters.stores.application import ApplicationStore
        from headrace.web.apply_desk import ApplyDesk
        from headrace.web.book_exposure import BookExposure

        store = ApplicationStore(self.store, load_or_create_signing_key())
        leave = partial(self.leave_to, "apply")
        owed = BookExposure(self.book, self.run, self.borrowers)
        return ApplyDesk(self.firms, lambda: self.policies, store, leave, self.now, owed)

    def leave_to(self, permission: str, at: int | None = None) -> Leave:
        """What a permission lets read at a moment, microseconds since 1970; None: at this one."""
        from headrace.web.security.reading import leave_of

        return leave_of(permission, self.consents.withdrawn(self.now() if at is None else at))

    @cached_property
    def visits(self) -> VisitDesk:
        """Visit lists and what came of visits."""
        from headrace.adapters.stores.visit import VisitStore
        from headrace.web.visit_desk import VisitDesk

        store, leave = VisitStore(self.store), partial(self.leave_to, "visits")
        return VisitDesk(store, self.run, self.apply, self.book, leave)

    def stop_live(self) -> None:
        """Answer what is under way, and let go of decisions in flight."""
        if self.made_kafka is not None:
            self.made_kafka.stop()
        if self.open_live is not None:
            self.open_live.close()
            self.__dict__["open_live"] = None

    def close(self) -> None:
        """Stop what runs behind, and let go of every store that was opened."""
        for name in ("jobs", "hooks"):
            if name in self.__dict__:
                getattr(self, name).stop()
        if self.__dict__.get("traces") is not None:
            self.traces.shutdown()  # type: ignore[union-attr]  # looked at one line above
        self.stop_live()
        self.store.close()
        for name in ("policies", "cases", "book"):
            if name in self.__dict__:
                getattr(self, name).close()


def services_of(request: Request) -> Services:
    """The services of the app that a request came to."""
    return cast("Services", request.app.state.services)
