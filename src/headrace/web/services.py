"""What routes work with, put together once by whoever starts the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request

from headrace.adapters.web_store import WebStore
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
        store: Accounts and audit.
        accounts: Who somebody is.
        run: What a run decided.
        metrics: What is counted.
        buckets: How fast one address or user may ask.
        now: Microseconds since 1970.
        log: Takes one line, a JSON object.
    """

    settings: Settings
    store: WebStore
    accounts: Accounts
    run: RunFolder
    metrics: Metrics
    buckets: Buckets
    now: Callable[[], int]
    log: Log


def services_of(request: Request) -> Services:
    """The services of the app that a request came to."""
    return cast("Services", request.app.state.services)
