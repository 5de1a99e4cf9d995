"""A seeded, simulated stream of card payments with three kinds of fraud, for demo and tests.

The kinds are those of the Fraud Detection Handbook's simulated file, and nothing here is real:

    1  the amount is above 220.00: the plain case, which any detector must find
    2  the terminal is compromised: every payment there is a fraud for 28 days
    3  the customer's card is leaked: a third of its payments in 14 days are frauds of five times
       the amount

Customers pay at the terminals around their home, mostly by day. Money is in minor units.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from headrace.clock import day_number
from headrace.errors import InputError
from headrace.simulator.arrays import Flags, Ints, pick

SECONDS_A_DAY = 86_400
NOON, SPREAD = 43_200, 20_000  # second of the day: mean and deviation
AMOUNT_MEAN = (500, 10_000)  # of a customer, minor units
AMOUNT_SHAPE = 6.0  # of the gamma distribution: deviation is 0.41 of the mean
WALK = 12.0  # deviation of the distance from home, in terminals
LARGE_ABOVE = 22_000
COMPROMISED_DAYS, LEAKED_DAYS = 28, 14
LEAKED_SHARE, LEAKED_FACTOR = 1 / 3, 5
GENUINE, LARGE, COMPROMISED, LEAKED = range(4)


@dataclass(frozen=True)
class CardSettings:
    """The size and the make-up of a stream.

    Attributes:
        payments: How many, 1 or more.
        customers: How many may pay, 1 or more.
        terminals: At how many, 1 or more.
        start: The first day, UTC.
        days: Days in the stream, 1 or more.
        compromised: Spells of a compromised terminal; one may have several.
        leaked: Spells of a leaked card; one customer may have several.
        report_days: Days from a fraud until it is reported, 0 or more.
    """

    payments: int = 100_000
    customers: int = 600
    terminals: int = 1_200
    start: date = date(2024, 1, 1)
    days: int = 120
    compromised: int = 24
    leaked: int = 24
    report_days: int = 7

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        least = {"payments": 1, "customers": 1, "terminals": 1, "days": 1}
        for name in (*least, "compromised", "leaked", "report_days"):
            value, bound = getattr(self, name), least.get(name, 0)
            if value < bound:
                raise InputError(
                    f"A stream of card payments cannot have {name} = {value}",
                    where=f"CardSettings.{name}",
                    remedy=f"Set {name} to {bound} or more",
                )


@dataclass(frozen=True)
class CardPayments:
    """A simulated stream as tables.

    Attributes:
        payments: id, event_time, customer, terminal, amount; in order of time. No label.
        fraud_reports: id, event_time, known_time, customer, terminal of each fraud; the id and
            the time are those of the payment. In order of known time.
        scenario: What only the simulator knows of each payment: GENUINE, or the kind of fraud.
    """

    payments: pa.Table
    fraud_reports: pa.Table
    scenario: Ints


def simulate_card_payments(settings: CardSettings, seed: int) -> CardPayments:
    """The stream of these settings and this seed: the same arguments give the same tables.

    Args:
        settings: Size and make-up.
        seed: Any whole number from 0 on.

    Raises:
        InputError: If the seed is negative.
    """
    if seed < 0:
        raise InputError(f"{seed} cannot seed a stream", where="seed", remedy="Give 0 or more")
    habits, course, crime = np.random.default_rng(seed).spawn(3)
    customer, terminal, amount = _habits(settings, habits)
    second = _seconds(settings, course)
    order = np.argsort(second, kind="stable")
    customer, terminal, amount = customer[order], terminal[order], amount[order]
    second = second[order]
    scenario = _frauds(settings, (customer, terminal, second // SECONDS_A_DAY, amount), crime)
    amount = np.where(scenario == LEAKED, LEAKED_FACTOR * amount, amount)
    times = 1_000_000 * (second + SECONDS_A_DAY * day_number(settings.start))
    payments = pa.table(
        {
            "id": np.arange(settings.payments),
            "event_time": pa.array(times, pa.timestamp("us", "UTC")),
            "customer": _codes("C", customer, settings.customers),
            "terminal": _codes("T", terminal, settings.terminals),
            "amount": amount,
        }
    ).replace_schema_metadata(
        {"simulated": f"seed {seed}; no customer, terminal or payment here is real"}
    )
    reports = payments.drop_columns("amount").filter(pa.array(scenario != GENUINE))
    delay = 1_000_000 * SECONDS_A_DAY * settings.report_days
    known = pa.array(times[scenario != GENUINE] + delay, pa.timestamp("us", "UTC"))
    return CardPayments(payments, reports.add_column(2, "known_time", known), scenario)


def _habits(settings: CardSettings, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Who pays, where and how much, in no order of time; three arrays, (payments,)."""
    n = settings.payments
    activity = rng.uniform(0.05, 1.0, settings.customers)
    home = rng.integers(settings.terminals, size=settings.customers)
    mean = rng.uniform(*AMOUNT_MEAN, settings.customers)
    customer = pick(activity, n, rng)
    walked = np.rint(rng.normal(0.0, WALK, n)).astype(np.int64)
    terminal = (home[customer] + walked) % settings.terminals
    amount = mean[customer] / AMOUNT_SHAPE * rng.standard_gamma(AMOUNT_SHAPE, n)
    return customer, terminal, np.rint(amount).astype(np.int64)


def _seconds(settings: CardSettings, rng: np.random.Generator) -> Ints:
    """When each payment is made, whole seconds from the start; two may fall together."""
    day = rng.integers(settings.days, size=settings.payments)
    second = np.rint(rng.normal(NOON, SPREAD, settings.payments)).astype(np.int64)
    return np.asarray(day * SECONDS_A_DAY + second % SECONDS_A_DAY)


def _frauds(
    settings: CardSettings, drawn: tuple[Ints, Ints, Ints, Ints], rng: np.random.Generator
) -> Ints:
    """The kind of each payment; where two kinds meet, the later one of the list is told."""
    customer, terminal, day, amount = drawn
    compromised = _spells(
        settings.compromised, COMPROMISED_DAYS, (settings.terminals, settings.days), rng
    )
    leaked = _spells(settings.leaked, LEAKED_DAYS, (settings.customers, settings.days), rng)
    scenario = np.where(amount > LARGE_ABOVE, LARGE, GENUINE)
    scenario[compromised[terminal, day]] = COMPROMISED
    used = rng.random(settings.payments) < LEAKED_SHARE
    scenario[leaked[customer, day] & used] = LEAKED
    return scenario


def _spells(count: int, length: int, shape: tuple[int, int], rng: np.random.Generator) -> Flags:
    """Whether each of the members is in a spell on each day, (members, days)."""
    members, days = shape
    who, first = rng.integers(members, size=count), rng.integers(days, size=count)
    steps = np.zeros((members, days + 1), np.int64)
    np.add.at(steps, (who, first), 1)
    np.add.at(steps, (who, np.minimum(first + length, days)), -1)
    return np.asarray(np.cumsum(steps, axis=1)[:, :days] > 0)


def _codes(letter: str, numbers: Ints, count: int) -> pa.DictionaryArray:
    """C000012 and the like."""
    names = pa.array([f"{letter}{number:06d}" for number in range(count)])
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), names)
