"""A slow, obvious twin of the ACTUS engine: one contract at a time, by the specification 1.1.

Loans are in actus_reference_loans.py and actus_reference_lines.py, times and conventions in
actus_reference_base.py; here are the types that are no loans, and `events_of`.
"""
# ruff: noqa: DTZ901, N802, N815 -- no time zones in ACTUS; names are those of its tables

from datetime import datetime

from actus_reference_base import (
    SECOND,
    SEQUENCE,
    Contract,
    Event,
    World,
    later,
    schedule,
    time_of,
)  # fmt: skip
from actus_reference_lines import CLM, LAX, UMP
from actus_reference_loans import ANN, LAM, NAM, PAM


class Position(Contract):
    """What is bought, held and sold: STK and COM (7.9, 7.10); the base of the others here."""

    SHOWS = (0.0, 0.0, 0.0)  # notional, rate and accrued, of types that have no such state

    def shown(self, when, what, payoff, currency=None):
        currency = currency or self.word("settlementCurrency", self.terms["currency"])
        return Event(when, what, payoff, currency, *self.states())

    def states(self):
        return self.SHOWS

    def start(self):
        self.sd = self.t0

    def schedules(self):
        found = [(t, "AD", None, False) for t, _, _ in self.happened("AD")]
        found += [(t, "CE", value, False) for t, _, value in self.happened("CE")]
        for name, what in (("purchaseDate", "PRD"), ("terminationDate", "TD")):
            found += [(self.time(name), what, None, False)] if name in self.terms else []
        return found + self.own_events()

    def own_events(self):
        return []

    def quantity(self):
        return self.number("quantity", 1.0)

    def pof_PRD(self, t, value):
        return -self.X() * self.sign * self.quantity() * self.number("priceAtPurchaseDate", 0.0)

    def pof_TD(self, t, value):
        return self.X() * self.sign * self.quantity() * self.number("priceAtTerminationDate", 0.0)

    def pof_AD(self, t, value):
        return 0.0

    def stf_AD(self, t, value):
        self.sd = t

    pof_CE = pof_XD = pof_MD = pof_RR = pof_IED = pof_AD
    stf_PRD = stf_TD = stf_CE = stf_DV = stf_STD = stf_MD = stf_AD


class COM(Position):
    """Commodity, 7.10; tests: for so many units."""


class CSH(Position):
    """Cash, 7.8."""

    def states(self):
        return self.sign * self.number("notionalPrincipal"), 0.0, 0.0


class STK(Position):
    """Stock, 7.9."""

    def own_events(self):
        anchor = self.time("cycleAnchorDateOfDividend")
        if anchor is None:
            return []
        cycle = self.cycle("cycleOfDividend")
        times = schedule(anchor, cycle, self.world.end + SECOND, self.eomc, with_end=False)
        return [(t, "DV", None, True) for t in times]

    def pof_DV(self, t, value):
        if "nextDividendPaymentAmount" in self.terms and t == self.time(
            "cycleAnchorDateOfDividend"
        ):
            return self.X() * self.sign * self.number("nextDividendPaymentAmount")
        return self.X() * self.sign * self.world.at(self.terms["marketObjectCodeOfDividends"], t)


class FXOUT(Position):
    """Foreign exchange outright, 7.11; tests: what is delivered is delivered at MD."""

    def own_events(self):
        if self.word("deliverySettlement", "D") == "D":
            return [(self.md, "MD", number, False) for number in (1, 2)]
        return [
            (later(self.md, self.cycle("settlementPeriod") or (0, "D", False)), "STD", None, True)
        ]

    def pof_MD(self, t, value):
        return (
            self.sign * self.notional
            if value == 1
            else -self.sign * self.number("notionalPrincipal2")
        )

    def pof_STD(self, t, value):
        rate = self.world.at(f"{self.terms['currency2']}/{self.terms['currency']}", self.md)
        return self.X() * self.sign * (self.notional - rate * self.number("notionalPrincipal2"))

    def pof_TD(self, t, value):
        return self.X() * self.number("priceAtTerminationDate", 0.0)  # tests: whatever the role

    def happen(self, when, at, what, value):
        (event,) = super().happen(when, at, what, value)
        if what == "MD" and value == 2:
            event.currency = self.terms["currency2"]
        return [event]


class SWPPV(Position):
    """Plain vanilla interest rate swap, 7.12."""

    def own_events(self):
        legs = ["IPFX", "IPFL"] if self.word("deliverySettlement", "D") == "D" else ["IP"]
        found = [(self.ied, "IED", None, False), (self.md, "MD", None, False)]
        times = self.times("InterestPayment")
        found += self.moving([(t, leg) for t in times for leg in legs], self.md)
        return found + [(t, "RR", None, True) for t in self.times("RateReset", with_end=False)]

    def when(self, time):
        return min(super().when(time), self.md)

    def start(self):
        begun = self.ied <= self.t0
        self.nt = self.sign * self.notional if begun else 0.0
        self.rate, self.fixed = (
            self.number("nominalInterestRate2"),
            self.number("nominalInterestRate"),
        )
        self.ipnr = self.rate if begun else 0.0
        self.one = self.two = 0.0  # accrued on the fixed and on the floating leg
        self.sd = self.sd1 = self.sd2 = self.t0

    def states(self):
        """tests: the accrued interest of the fixed leg, where the legs are paid apart."""
        apart = self.word("deliverySettlement", "D") == "D"
        return self.nt, self.ipnr, self.one if apart else self.one - self.two

    def stf_AD(self, t, value):
        y = self.Y(self.sd, t) * self.nt
        self.one, self.two, self.sd = self.one + y * self.fixed, self.two + y * self.ipnr, t

    def stf_IED(self, t, value):
        self.nt, self.ipnr, self.one, self.two, self.sd = (
            self.sign * self.notional,
            self.rate,
            0.0,
            0.0,
            t,
        )

    def stf_MD(self, t, value):
        self.nt, self.one, self.two, self.sd = 0.0, 0.0, 0.0, t

    def pof_TD(self, t, value):
        return self.X() * self.number("priceAtTerminationDate", 0.0)  # tests: whatever the role

    def pof_IPFX(self, t, value):
        return self.X() * (self.one + self.Y(self.sd, t) * self.nt * self.fixed)

    def pof_IPFL(self, t, value):
        return -self.X() * (self.two + self.Y(self.sd, t) * self.nt * self.ipnr)

    def pof_IP(self, t, value):
        return self.pof_IPFX(t, value) + self.pof_IPFL(t, value)

    def stf_IPFX(self, t, value):
        self.stf_AD(t, value)
        self.one = 0.0

    def stf_IPFL(self, t, value):
        self.stf_AD(t, value)
        self.two = 0.0

    def stf_IP(self, t, value):
        self.stf_AD(t, value)
        self.one = self.two = 0.0

    def stf_RR(self, t, value):
        self.stf_AD(t, value)
        seen = self.world.at(self.terms["marketObjectCodeOfRateReset"], t)
        self.ipnr = self.number("rateMultiplier", 1.0) * seen + self.number("rateSpread", 0.0)

    stf_PRD = stf_AD
    stf_TD = stf_MD


class Combined(Position):
    """A contract on others."""

    def children(self, role):
        return [
            each["object"]
            for each in self.terms["contractStructure"]
            if each["referenceRole"] == role
        ]

    def evaluated(self, child, **changed):
        return events_of({**child, **changed}, self.world)

    def derive(self):
        self.md = self.md or self.world.end

    def within(self, events):
        """Between purchase and termination."""
        bought, sold = self.time("purchaseDate"), self.time("terminationDate")
        since, until = max(bought or self.t0, self.t0), sold or datetime.max
        return [e for e in events if since < e.time <= until]

    def run(self):
        found = super().run() + self.within(self.from_children())
        return sorted(found, key=lambda e: (e.time, SEQUENCE.index(e.type)))


class SWAPS(Combined):
    """Swap of two contracts, 7.13."""

    def pof_PRD(self, t, value):
        return self.X() * self.number("priceAtPurchaseDate", 0.0)  # tests: as it is given

    def pof_TD(self, t, value):
        return self.X() * self.number("priceAtTerminationDate", 0.0)

    def from_children(self):
        roles = ("RPA", "RPL") if self.terms["contractRole"] in {"RFL", "RF"} else ("RPL", "RPA")
        legs = zip(("FIL", "SEL"), roles, strict=True)
        one, two = (self.evaluated(self.children(leg)[0], contractRole=role) for leg, role in legs)
        if self.word("deliverySettlement", "D") == "D":
            return one + two
        netted = [self.netted(event, one) for event in two]
        return one + netted

    def netted(self, event, others):
        """An event, with the one it meets on the other leg, which is taken out."""
        met = [each for each in others if (each.time, each.type) == (event.time, event.type)]
        if not met or event.type not in {"IED", "IP", "PR", "MD"}:
            return event
        other = met[0]
        others.remove(other)
        payoff, notional = event.payoff + other.payoff, event.notional + other.notional
        accrued = event.accrued + other.accrued
        return Event(event.time, event.type, payoff, event.currency, notional, 0.0, accrued)


class CAPFL(Combined):
    """Cap and floor, 7.14: what the limits change of the interest."""

    def from_children(self):
        child = self.children("UDL")[0]
        limits = {name: self.terms[name] for name in ("lifeCap", "lifeFloor") if name in self.terms}
        free = self.evaluated(child, contractRole="RPA")
        bound = self.evaluated(child, contractRole="RPA", **limits)
        pairs = zip(
            (e for e in free if e.type == "IP"), (e for e in bound if e.type == "IP"), strict=True
        )
        currency = self.terms["currency"]
        return [
            Event(x.time, "IP", self.sign * abs(x.payoff - y.payoff), currency) for x, y in pairs
        ]


class OPTNS(Combined):
    """Option, 7.15."""

    SHOWS = (0.0, None, None)

    def from_children(self):
        return []

    def shown(self, when, what, payoff):
        event = super().shown(when, what, payoff)
        event.exercise_time, event.exercise_amount = self.xd, self.xa
        return event

    def start(self):
        self.sd, self.xd, self.xa = (
            self.t0,
            self.time("exerciseDate"),
            self.number("exerciseAmount", 0.0),
        )

    def exercised(self):
        """tests: a European option is exercised at maturity, be it worth nothing."""
        if "exerciseDate" in self.terms:
            return self.time("exerciseDate")
        seen = [t for t, _, _ in self.happened("XD") if t <= self.md]
        return min(seen) if seen and self.word("optionExerciseType", "E") != "E" else self.md

    def own_events(self):
        at = self.exercised()
        settled = later(at, self.cycle("settlementPeriod") or (0, "D", False))
        return [(self.md, "MD", None, False), (at, "XD", None, False), (settled, "STD", None, True)]

    def worth(self, t):
        price = self.world.at(self.children("UDL")[0]["marketObjectCode"], t)
        call = max(price - self.number("optionStrike1"), 0.0)
        put = max(self.number("optionStrike1") - price, 0.0)
        if self.terms["optionType"] != "CP":
            return call if self.terms["optionType"] == "C" else put
        return call + max(self.number("optionStrike2") - price, 0.0)

    def stf_MD(self, t, value):
        if self.xd is None and self.worth(t) > 0:
            self.xd = t

    def stf_XD(self, t, value):
        self.xa = self.worth(t)
        self.xd = t if self.xa else None

    def pof_STD(self, t, value):
        return self.X() * self.sign * self.xa

    def stf_STD(self, t, value):
        self.xa = 0.0


class FUTUR(OPTNS):
    """Future, 7.16."""

    def worth(self, t):
        return self.world.at(self.children("UDL")[0]["marketObjectCode"], t) - self.number(
            "futuresPrice"
        )


class CEG(Combined):
    """Guarantee, 7.17."""

    SHOWS = (0.0, None, None)
    HAS_FEES = True

    def from_children(self):
        return []

    def derive(self):
        """What is covered, until when, and the credit event that makes the guarantor pay."""
        self.covered = self.children("COVE")
        names = [each.get("contractID", each.get("contractIdentifier")) for each in self.covered]
        if self.md is None:
            self.md = max(self.evaluated(each)[-1].time for each in self.covered)
        event = ("CE", self.word("creditEventTypeCovered", "DF"))
        seen = [t for who, t, *what in self.world.happened if who in names and (*what,) == event]
        self.xd_at = min((t for t in seen if t <= self.md), default=None)

    def own_events(self):
        found = [
            (t, "FP", None, True) for t in self.fee_times() if not self.xd_at or t <= self.xd_at
        ]
        if self.xd_at is None:
            return [*found, (self.md, "MD", None, False)]
        settled = later(self.xd_at, self.cycle("settlementPeriod") or (0, "D", False))
        return [*found, (self.xd_at, "XD", None, False), (settled, "STD", None, True)]

    def fee_times(self):
        """tests: no stub is corrected."""
        if not self.number("feeRate", 0.0) or not self.HAS_FEES:
            return []
        anchor, cycle = self.anchor("Fee"), self.cycle("cycleOfFee")
        return schedule(anchor, cycle and (*cycle[:2], False), self.md, self.eomc)

    def start(self):
        self.sd, self.xd, self.xa, self.feac = self.t0, None, 0.0, 0.0
        self.nt = self.amount(self.t0)

    def states(self):
        return self.nt, None, None

    def shown(self, when, what, payoff):
        event = super().shown(when, what, payoff)
        event.exercise_time, event.exercise_amount = self.xd, self.xa
        return event

    def owed(self, child, t):
        """Of one covered contract, after what happens at that time."""
        exposure = self.word("guaranteedExposure", "NO")
        if exposure == "MV":
            return self.world.at(child["marketObjectCode"], t)
        look = World(
            self.world.market,
            [*self.world.happened, (child["contractID"], t, "AD", 0)],
            self.world.closed,
        )
        if t <= time_of(child["statusDate"]):
            return 0.0
        seen = [e for e in events_of(child, look) if e.time <= t][-1]
        return abs(seen.notional) + (abs(seen.accrued) if exposure == "NI" else 0.0)

    def amount(self, t):
        share = self.number("coverageOfCreditEnhancement", 1.0)
        if "notionalPrincipal" in self.terms:
            return self.sign * share * self.notional
        return self.sign * share * sum(self.owed(each, t) for each in self.covered)

    def stf_AD(self, t, value):
        self.nt, self.sd = self.amount(t), t

    stf_PRD = stf_AD

    def pof_FP(self, t, value):
        if self.terms["feeBasis"] == "A":
            return self.X() * self.sign * self.number("feeRate")
        return self.X() * (self.feac + self.Y(self.sd, t) * self.nt * self.number("feeRate"))

    def stf_FP(self, t, value):
        self.nt, self.feac, self.sd = self.amount(t), 0.0, t

    def stf_MD(self, t, value):
        self.nt = self.feac = 0.0

    def stf_XD(self, t, value):
        fees = self.fee_times()
        if fees and self.terms["feeBasis"] == "A":
            before, after = max(f for f in fees if f <= t), min(f for f in fees if f > t)
            self.feac = (
                self.Y(before, t) / self.Y(before, after) * self.sign * self.number("feeRate")
            )
        elif fees:
            self.feac += self.Y(self.sd, t) * self.nt * self.number("feeRate")
        self.nt = self.xa = self.amount(t)
        self.sd = self.xd = t

    def pof_STD(self, t, value):
        return self.X() * (self.xa + self.feac)

    def stf_STD(self, t, value):
        self.nt = self.feac = 0.0


class CEC(CEG):
    """Collateral, 7.18."""

    HAS_FEES = False

    def stf_XD(self, t, value):
        """tests: the notional is what is covered, the amount what the collateral is worth of it."""
        self.nt, self.xa = super().amount(t), self.amount(t)
        self.sd = self.xd = t

    def amount(self, t):
        worth = sum(self.world.at(each["marketObjectCode"], t) for each in self.children("COVI"))
        return self.sign * min(worth, abs(super().amount(t)))

    def start(self):
        self.sd, self.xd, self.xa, self.feac, self.nt = self.t0, None, 0.0, 0.0, 0.0


LOANS = (PAM, LAM, NAM, ANN, LAX, CLM, UMP)
OTHERS = (CSH, STK, COM, FXOUT, SWPPV, SWAPS, CAPFL, OPTNS, FUTUR, CEG, CEC)
TYPES = {each.__name__: each for each in (*LOANS, *OTHERS)}


def events_of(terms: dict, world: World) -> list[Event]:
    return TYPES[terms["contractType"].strip()](terms, world).run()
