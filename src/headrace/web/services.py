"""What routes work with, put together once by whoever starts the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from fastapi import Request

from headrace.adapters.case_store import CaseStore
from headrace.adapters.policy_store import PolicyStore
from headrace.adapters.web_store import WebStore
from headrace.adapters.workspace import Workspace
from headrace.web.metrics import Metrics
from headrace.web.run_folder import RunFolder
from headrace.web.security.accounts import Accounts
from headrace.web.security.rates import Buckets
from headrace.web.settings import Settings

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

    @cached_property
    def policies(self) -> PolicyStore:
        """Versions of policies, and lists."""
        return PolicyStore.opened(self.workspace.store("policies"))

    @cached_property
    def cases(self) -> CaseStore:
        """Alerts as cases."""
        return CaseStore.opened(self.workspace.store("cases"))

    def close(self) -> None:
        """Let go of every store that was opened."""
        self.store.close()
        for name in ("policies", "cases"):
            if name in self.__dict__:
                getattr(self, name).close()


def services_of(request: Request) -> Services:
    """The services of the app that a request came to."""
    return cast("Services", request.app.state.services)
