"""Every feature of the payments pack by plain loops, from what the definitions say in words."""

import statistics
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

SECOND, HOUR, DAY = 1_000_000, 3_600_000_000, 86_400_000_000
DAYS = (1, 7, 30)

Event = dict[str, Any]


class Twin:
    """Payments in order of time, and reports of fraud; a missing value is NaN."""

    def __init__(self, payments: pa.Table, reports: pa.Table) -> None:
        self.payments = rows_of(payments)
        self.reports = rows_of(reports)
        self.by: dict[str, dict[Any, list[Event]]] = {
            name: defaultdict(list) for name in ("customer", "terminal", "pair")
        }

    def features(self) -> list[dict[str, float]]:
        found = []
        for payment in self.payments:
            payment["pair"] = payment["customer"], payment["terminal"]
            for name, groups in self.by.items():
                groups[payment[name]].append(payment)
            found.append(
                {
                    **_of_itself(payment),
                    **_of_customer(payment, self.by["customer"][payment["customer"]]),
                    **self._of_terminal(payment, self.by["terminal"][payment["terminal"]]),
                    **_of_pair(payment, self.by["pair"][payment["pair"]]),
                }
            )
        return found

    def _of_terminal(self, payment: Event, events: list[Event]) -> dict[str, float]:
        now = payment["event_time"]
        values: dict[str, float] = {
            "terminal_payments_1h": len(within(events, now, HOUR)),
            "terminal_customers_7d": len({e["customer"] for e in within(events, now, 7 * DAY)}),
            "terminal_tried_then_used_1d": _tried_then_used(within(events, now, DAY)),
        }
        here = [
            report
            for report in self.reports
            if report["terminal"] == payment["terminal"] and report["known_time"] <= now
        ]
        for days in DAYS:
            count = len(within(events, now, days * DAY, ends_before=7 * DAY))
            frauds = len(within(here, now, days * DAY, ends_before=7 * DAY))
            values[f"terminal_payments_{days}d_delayed"] = count
            values[f"terminal_frauds_{days}d_delayed"] = frauds
            values[f"terminal_risk_{days}d_delayed"] = frauds / count if count else np.nan
        return values


def rows_of(table: pa.Table) -> list[Event]:
    """Rows as plain values; times in microseconds."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        columns[name] = column
    return list(pa.table(columns).to_pylist())


def within(events: list[Event], now: int, length: int, ends_before: int = 0) -> list[Event]:
    """Events in (now - ends_before - length, now - ends_before]."""
    last = now - ends_before
    return [event for event in events if last - length < event["event_time"] <= last]


def _moment(event: Event) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event["event_time"])


def _is_night(event: Event) -> bool:
    return _moment(event).hour <= 6


def _of_itself(payment: Event) -> dict[str, float]:
    return {
        "payment_weekend": _moment(payment).weekday() >= 5,
        "payment_night": _is_night(payment),
        "payment_amount": payment["amount"],
    }


def _of_customer(payment: Event, events: list[Event]) -> dict[str, float]:
    now, before = payment["event_time"], events[:-1]
    values: dict[str, float] = {}
    for days in DAYS:
        window = within(events, now, days * DAY)
        values[f"customer_payments_{days}d"] = len(window)
        values[f"customer_amount_mean_{days}d"] = sum(e["amount"] for e in window) / len(window)
        values[f"customer_terminals_{days}d"] = len({e["terminal"] for e in window})
    past = [e["amount"] for e in within(before, now, 30 * DAY)]
    mean = sum(past) / len(past) if past else np.nan
    deviation = statistics.stdev(past) if len(past) > 1 else np.nan
    month = within(events, now, 30 * DAY)
    times = [e["event_time"] for e in month]
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(times)]
    values |= {
        "customer_amount_mean_30d_before": mean,
        "customer_amount_deviation_30d_before": deviation,
        "customer_amount_zscore_30d": (payment["amount"] - mean) / deviation
        if deviation > 0
        else np.nan,
        "customer_amount_max_30d": max(e["amount"] for e in month),
        "customer_tried_then_used_1d": _tried_then_used(within(events, now, DAY)),
        "customer_night_share_30d": sum(map(_is_night, month)) / len(month),
        "customer_seconds_since_last": _since_last(before, now),
        "customer_gap_seconds_mean_30d": statistics.fmean(gaps) if gaps else np.nan,
        "customer_gap_seconds_deviation_30d": statistics.stdev(gaps) if len(gaps) > 1 else np.nan,
        "customer_gap_seconds_longest_30d": max([0.0, *gaps]),
        "customer_terminal_new": _is_new(events, len(events) - 1),
        "customer_terminals_new_7d": sum(
            _is_new(events, place)
            for place, event in enumerate(events)
            if now - 7 * DAY < event["event_time"]
        ),
    }
    return values


def _of_pair(payment: Event, events: list[Event]) -> dict[str, float]:
    now, before = payment["event_time"], events[:-1]
    return {
        "pair_payments_30d": len(within(events, now, 30 * DAY)),
        "pair_payments_90d_before": len(within(before, now, 90 * DAY)),
        "pair_seconds_since_last": _since_last(before, now),
    }


def _since_last(before: list[Event], now: int) -> float:
    recent = within(before, now, 90 * DAY)
    return (now - recent[-1]["event_time"]) / SECOND if recent else np.nan


def _is_new(events: list[Event], place: int) -> bool:
    event = events[place]
    return not any(
        earlier["terminal"] == event["terminal"]
        and event["event_time"] - earlier["event_time"] <= 90 * DAY
        for earlier in events[:place]
    )


def _tried_then_used(window: list[Event]) -> int:
    return sum(
        event["amount"] >= 20_000
        and any(
            earlier["amount"] < 500 and event["event_time"] - earlier["event_time"] <= HOUR
            for earlier in window[:place]
        )
        for place, event in enumerate(window)
    )
