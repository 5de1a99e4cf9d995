"""What the service counts about itself."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are counted as one, for whoever asks could invent a million of them."""


class Metrics:
    """Counters of one app.

    Attributes:
        registry: Where they are kept.
        requests: By method, route and status.
        seconds: How long they took, by route.
        sign_ins: By how they ended: done, sign_in_wrong, sign_in_refused (too many tries).
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "headrace_requests_total",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "headrace_request_seconds", "Time to answer", ("route",), registry=self.registry
        )
        self.sign_ins = Counter(
            "headrace_sign_ins_total", "Tries to sign in", ("outcome",), registry=self.registry
        )

        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request more; `route` is the pattern, such as /api/v1/decisions/{decision_id}."""
        known = method if method in METHODS else "other"
        told = known, route, status
        if told not in self._children:
            counted = self.requests.labels(known, route, str(status))
            self._children[told] = counted, self.seconds.labels(route)
        count, length = self._children[told]
        count.inc()
        length.observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
