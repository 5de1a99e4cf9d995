"""How fast one caller may ask: a bucket for each, filled at a steady rate."""

from dataclasses import dataclass, field
from threading import Lock

CALLERS_MAX = 10_000
SECOND_US = 1_000_000


@dataclass(frozen=True)
class Rate:
    """What one caller may.

    Attributes:
        per_second: How many requests, in the long run.
        burst: How many at once after a pause.
    """

    per_second: float
    burst: float


@dataclass
class Buckets:
    """Requests left to each caller; time is an argument.

    Attributes:
        rate: The same for all.
    """

    rate: Rate
    _left: dict[str, tuple[float, int]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, caller: str, now: int) -> float:
        """Take one request.

        Args:
            caller: A user or an address.
            now: Microseconds since 1970.

        Returns:
            Seconds until the next one is allowed; 0 where this one is.
        """
        with self._lock:
            if caller not in self._left and len(self._left) >= CALLERS_MAX:
                self._forget(now)
            left = self._filled(caller, now)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, now)
            return 0.0 if allowed else (1 - left) / self.rate.per_second

    def _filled(self, caller: str, now: int) -> float:
        left, then = self._left.get(caller, (self.rate.burst, now))
        earned = max(0, now - then) / SECOND_US * self.rate.per_second
        return min(self.rate.burst, left + earned)

    def _forget(self, now: int) -> None:
        """Drop who has all requests left; all where everybody is busy, to stay within memory."""
        busy = {
            caller: kept
            for caller, kept in self._left.items()
            if self._filled(caller, now) < self.rate.burst
        }
        self._left = busy if len(busy) < CALLERS_MAX else {}
