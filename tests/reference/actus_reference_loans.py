"""The loans of the slow twin that have one schedule: PAM, LAM, NAM, ANN."""
# ruff: noqa: N802, N815 -- named as in the tables of the specification

from itertools import count, pairwise
from math import ceil, copysign, inf, prod

from actus_reference_base import (
    DAY,
    Contract,
    Event,
    last_of_month,
    later,
    schedule,
)  # fmt: skip


class PAM(Contract):
    """Principal at maturity, section 7.1."""

    BASE_IS_A_STATE = False  # whether interest is on Ipcb rather than on Nt

    # -- schedule: (time, type, value, whether business days shift it)

    def interest_events(self):
        if "nominalInterestRate" not in self.terms:
            return []
        return self.capitalised(self.times("InterestPayment"), self.given_end())

    def capitalised(self, times, end):
        """tests: one schedule of interest is capitalised before IPCED, and paid after it."""
        until = self.time("capitalizationEndDate")
        if until is None:
            return self.moving([(t, "IP") for t in times], end)
        kept = [(t, "IPCI" if t < until else "IP") for t in times if t != until]
        return [*self.moving(kept, end), (until, "IPCI", None, False)]

    def reset_events(self):
        if not {"cycleOfRateReset", "cycleAnchorDateOfRateReset"} & set(self.terms):
            return []
        times = self.times("RateReset", with_end=False)
        first = min((t for t in times if t > self.t0), default=None)
        known = "nextResetRate" in self.terms
        return [(t, "RRF" if known and t == first else "RR") for t in times]

    def fee_times(self):
        return self.times("Fee") if self.number("feeRate", 0.0) else []

    def prepayments(self):
        return self.happened("PP") if self.word("prepaymentEffect", "N") not in "NO" else []

    def schedules(self):
        found = [(self.ied, "IED", None, False), *self.interest_events(), *self.principal_events()]
        found += self.moving(self.reset_events())
        found += self.moving([(t, "FP") for t in self.fee_times()], self.given_end())
        if self.word("scalingEffect", "000").replace("O", "0") != "000":
            times = self.times("ScalingIndex", with_end=False)
            found += self.moving([(t, "SC") for t in times])
        for t, _, value in self.prepayments():
            found.append((t, "PP", float(value), False))
            if self.word("penaltyType", "N") not in "NO":
                found.append((t, "PY", None, False))
        found += [(t, "CE", value, False) for t, _, value in self.happened("CE")]
        found += [(t, "AD", None, False) for t, _, _ in self.happened("AD")]
        for name, what in (("purchaseDate", "PRD"), ("terminationDate", "TD")):
            found += [(self.time(name), what, None, False)] if name in self.terms else []
        return found

    def principal_events(self):
        return [(self.md, "MD", None, self.derived)]

    def when(self, time):
        """Neither before the initial exchange nor after a given maturity."""
        moved = super().when(time)
        ends = None if self.derived or self.md == self.world.end else self.md
        return max(min(moved, max(time, ends)) if ends else moved, self.ied)

    # -- states at t0

    def start(self):
        before = self.ied > self.t0
        self.nt = 0.0 if before else self.sign * self.notional
        self.ipnr = 0.0 if before else self.number("nominalInterestRate", 0.0)
        self.feac, self.sd = 0.0, self.t0
        self.share = 1.0  # of later redemptions, after prepayments
        self.start_base(before)
        self.nsc = self.isc = 1.0
        self.ipac = self.sign * self.number("accruedInterest", 0.0)
        paid = [t for t, what, _, moves in self.events
                if what == "IP" and (self.when(t) if moves else t) <= self.t0]  # fmt: skip
        if "accruedInterest" not in self.terms and paid and not before:
            self.ipac = self.Y(max(paid), self.t0) * self.nt * self.ipnr
        self.start_fee(before)

    def start_base(self, before):
        """Ipcb and Prnxt, of types that have them."""

    def start_fee(self, before):
        fees = sorted(self.fee_times())
        past = [t for t in fees if self.when(t) <= self.t0]
        if "feeAccrued" in self.terms:
            self.feac = self.sign * self.number("feeAccrued")
        elif past and self.terms["feeBasis"] == "N":
            self.feac = self.Y(past[-1], self.t0) * self.nt * self.number("feeRate")
        elif past:
            self.feac = self.fee_share(self.t0)

    def base(self):
        return self.ipcb if self.BASE_IS_A_STATE else self.nt

    # -- what most state transitions do

    def due(self, t):
        return self.ipac + self.Y(self.sd, t) * self.ipnr * self.base()

    def fee_share(self, t):
        """The part of a fixed fee earned since the fee before."""
        fees = sorted(self.fee_times())
        before = max((f for f in fees if f <= t), default=None)
        after = min((f for f in fees if f > t), default=None)
        if before is None or after is None:
            return 0.0
        whole = self.Y(before, after)
        share = self.Y(before, t) / whole if whole else 0.0
        return share * self.sign * self.number("feeRate")

    def pass_to(self, t):
        """Accrue interest and fees up to a time."""
        ipac = self.due(t)
        rate = self.number("feeRate", 0.0)
        if rate and self.terms["feeBasis"] == "N":
            self.feac += self.Y(self.sd, t) * self.nt * rate
        elif rate:
            self.feac = self.fee_share(t)
        self.ipac, self.sd = ipac, t

    # -- the table of functions; a payoff is asked for before the transition

    def pof_AD(self, t, value):
        return 0.0

    pof_CE = pof_IPCI = pof_RR = pof_RRF = pof_SC = pof_IPCB = pof_PRF = pof_XD = pof_AD

    def stf_AD(self, t, value):
        self.pass_to(t)

    stf_CE = stf_PRD = stf_PY = stf_AD

    def pof_IED(self, t, value):
        return -self.X() * self.sign * (self.notional + self.number("premiumDiscountAtIED", 0.0))

    def stf_IED(self, t, value):
        self.nt, self.ipnr = self.sign * self.notional, self.number("nominalInterestRate", 0.0)
        anchor = self.time("cycleAnchorDateOfInterestPayment")
        self.first_base()
        self.ipac = self.sign * self.number("accruedInterest", 0.0)
        if "accruedInterest" not in self.terms and anchor is not None and anchor < t:
            self.ipac = self.Y(anchor, t) * self.nt * self.ipnr
        self.sd = t

    def first_base(self):
        """Ipcb at the initial exchange."""

    def set_base(self):
        """Ipcb after principal changed."""

    def pof_MD(self, t, value):
        return self.X() * (self.nsc * self.nt + self.isc * self.ipac + self.feac)

    def stf_MD(self, t, value):
        self.nt = self.ipac = self.feac = self.ipcb = 0.0
        self.sd = t

    def pof_PP(self, t, value):
        return self.X() * self.prepaid(value)

    def prepaid(self, value):
        """Signed like the notional, and at most all of it; the specification takes any amount."""
        return self.sign * min(value, abs(self.nt))

    def stf_PP(self, t, value):
        amount, before = self.prepaid(value), self.nt
        self.pass_to(t)
        self.nt -= amount
        self.set_base()
        if self.terms["prepaymentEffect"] == "A" and before:
            self.lower_redemptions(t, self.nt / before)

    def lower_redemptions(self, t, share):
        """Prepayment that keeps the maturity makes the later redemptions smaller."""

    def pof_PY(self, t, value):
        kind, rate = self.word("penaltyType"), self.number("penaltyRate", 0.0)
        c = self.X() * self.Y(self.sd, t) * self.nt
        if kind == "A":
            return self.X() * self.sign * rate
        if kind == "R":
            return c * rate
        return c * max(0.0, self.ipnr - self.world.at(self.word("marketObjectCodeOfRateReset"), t))

    def pof_FP(self, t, value):
        c = self.X() * self.number("feeRate")
        if self.terms["feeBasis"] == "A":
            return self.sign * c
        return c * self.Y(self.sd, t) * self.nt + self.X() * self.feac

    def stf_FP(self, t, value):
        self.pass_to(t)
        self.feac = 0.0

    def pof_PRD(self, t, value):
        return -self.X() * self.sign * (self.number("priceAtPurchaseDate", 0.0) + self.due(t))

    def pof_TD(self, t, value):
        return self.X() * self.sign * (self.number("priceAtTerminationDate", 0.0) + self.due(t))

    def stf_TD(self, t, value):
        self.stf_MD(t, value)  # tests: the rate stays

    def pof_IP(self, t, value):
        return self.X() * self.isc * self.due(t)

    def stf_IP(self, t, value):
        self.pass_to(t)
        self.ipac = 0.0

    def stf_IPCI(self, t, value):
        self.pass_to(t)
        self.nt += self.ipac
        self.ipac = 0.0
        self.set_base()

    def stf_RR(self, t, value):
        self.pass_to(t)
        rate = self.world.at(self.terms["marketObjectCodeOfRateReset"], t)
        rate = rate * self.number("rateMultiplier", 1.0) + self.spread(t)
        step = max(rate - self.ipnr, -self.number("periodFloor", inf))
        rate = self.ipnr + min(step, self.number("periodCap", inf))
        self.ipnr = min(max(rate, self.number("lifeFloor", -inf)), self.number("lifeCap", inf))

    def spread(self, t):
        return self.number("rateSpread", 0.0)

    def stf_RRF(self, t, value):
        self.pass_to(t)
        self.ipnr = self.number("nextResetRate")

    def stf_SC(self, t, value):
        """tests: the index over the one at the start, where the specification takes the growth."""
        self.pass_to(t)
        index = self.world.at(self.terms["marketObjectCodeOfScalingIndex"], t)
        factor = index / self.number("scalingIndexAtContractDealDate")
        effect = self.terms["scalingEffect"]
        self.nsc = factor if "N" in effect else self.nsc
        self.isc = factor if "I" in effect else self.isc

    def ends_with(self, when, what):
        prepayable = self.word("prepaymentEffect", "N") not in "NO"
        return what == "MD" or (
            prepayable and self.nt == self.ipac == 0 and what != "AD" and when >= self.ied
        )

    def shown(self, when, what, payoff):
        currency = self.word("settlementCurrency", self.terms["currency"])
        return Event(when, what, payoff, currency, self.nt, self.ipnr, self.ipac)


class LAM(PAM):
    """Linear amortizer, section 7.2."""

    BASE_IS_A_STATE = True

    def first_redemption(self):
        self.prcl = self.cycle("cycleOfPrincipalRedemption")
        self.pranx = self.anchor("PrincipalRedemption")

    def redemption(self, count):
        """The time of a redemption by its number, from the first, 0."""
        to_end = self.eomc == "EOM" and last_of_month(self.pranx)
        return later(self.pranx, self.prcl, count, to_end)

    def past(self):
        """How many redemptions are before t0."""
        return next(k for k in count() if self.redemption(k) >= self.t0)

    def derive(self):
        """tests: the first of the redemptions still to come counts, too."""
        self.first_redemption()
        if self.md is None:
            self.derived = True
            needed = ceil(self.notional / self.number("nextPrincipalRedemptionPayment"))
            self.md = self.redemption(self.past() + needed - 1)

    def principal_events(self):
        redeemed = schedule(self.pranx, self.prcl, self.md, self.eomc, with_end=False)
        return [(t, "PR", None, True) for t in redeemed] + self.last_events()

    def last_events(self):
        found = [(self.md, "MD", None, self.derived)]
        if self.word("interestCalculationBase", "NT") == "NTL":
            times = self.times("InterestCalculationBase", with_end=False)
            found += [(t, "IPCB", None, True) for t in times]
        return found

    def start_base(self, before):
        self.ipcb = 0.0
        if not before:
            self.first_base()
        self.start_prnxt()

    def first_base(self):
        given = self.number("interestCalculationBaseAmount", self.notional)
        whole = self.word("interestCalculationBase", "NT") == "NT"
        self.ipcb = self.nt if whole else self.sign * given

    def start_prnxt(self):
        """tests: so many redemptions, maturity included; the specification has a quotient."""
        times = schedule(self.pranx, self.prcl, self.md, self.eomc)
        left = [t for t in times if self.when(t) > self.t0]
        each = self.notional / max(1, len(left))
        self.prnxt = self.sign * self.number("nextPrincipalRedemptionPayment", each)

    def lower_redemptions(self, t, share):
        self.prnxt *= share

    def set_base(self):
        """tests: a base of NTIED, too, follows the notional once that moves."""
        if self.word("interestCalculationBase", "NT") != "NTL":
            self.ipcb = self.nt

    def redeemed(self, t):
        """tests: never more than is left."""
        return copysign(min(abs(self.prnxt), abs(self.nt)), self.nt)

    def pof_PR(self, t, value):
        return self.X() * self.nsc * self.redeemed(t)

    def stf_PR(self, t, value):
        amount = self.redeemed(t)
        self.pass_to(t)
        self.nt -= amount
        self.set_base()

    def stf_IPCB(self, t, value):
        self.pass_to(t)
        self.ipcb = self.nt


class NAM(LAM):
    """Negative amortizer, section 7.4."""

    def derive(self):
        self.first_redemption()
        if self.md is None:
            self.derived = True
            past, rate = self.past(), self.number("nominalInterestRate")
            last = self.redemption(max(past - 1, 0))
            self.md = later(last, self.prcl)  # for the day count alone
            interest = self.notional * self.Y(last, self.md) * rate
            repaid = self.number("nextPrincipalRedemptionPayment") - interest
            self.md = self.redemption(past + ceil(self.notional / repaid) - 1)

    def interest_events(self):
        """u, by the cycle of interest until redemption starts, and v, with each redemption."""
        u, until = [], later(self.pranx, self.prcl, -1)
        if (start := self.anchor("InterestPayment")) is not None and start <= until:
            u = self.times("InterestPayment", until)
        v = schedule(self.pranx, self.prcl, self.md, self.eomc)
        return self.capitalised(u, None) + self.moving([(t, "IP") for t in v], self.given_end())

    def redeemed(self, t):
        amount = self.prnxt - self.due(t)
        return self.sign * min(self.sign * amount, abs(self.nt))


class ANN(NAM):
    """Annuity, section 7.5."""

    def derive(self):
        self.amd = self.time("amortizationDate")
        self.md = self.md or self.amd
        super().derive()
        self.amd = self.amd or self.md

    def annuity(self, t, since=None):
        """A(s, T, n, a, r) of section 3.8: level payments that repay all by T, of those to come."""
        times = schedule(self.pranx, self.prcl, self.amd, self.eomc)
        times = [each for each in times if self.when(each) > self.now or each == since]
        if not times:
            return self.prnxt
        growth = [1 + self.ipnr * self.Y(a, b) for a, b in pairwise(times)]
        owed = self.nt + self.ipac + self.Y(t, times[0]) * self.ipnr * self.base()
        return owed * prod(growth) / (1 + sum(prod(growth[i:]) for i in range(len(growth))))

    def start_prnxt(self):
        self.prnxt = self.sign * self.number("nextPrincipalRedemptionPayment", 0.0)
        self.unset = "nextPrincipalRedemptionPayment" not in self.terms

    def start_fee(self, before):
        super().start_fee(before)
        if self.unset and not before:
            self.prnxt = self.annuity(self.t0)

    def stf_IED(self, t, value):
        super().stf_IED(t, value)
        if self.unset:
            self.prnxt = self.annuity(t, since=t)

    def principal_events(self):
        """tests: the annuity is set by events: the day before redemption starts, after resets."""
        found = super().principal_events()
        times = {t: True for t, _ in self.reset_events()}  # and whether business days shift it
        if self.word("prepaymentEffect") == "A":
            found += [(t, "PRF", None, False) for t, _, _ in self.prepayments()]
        if "nextPrincipalRedemptionPayment" not in self.terms and self.pranx - DAY >= self.ied:
            times[self.pranx - DAY] = False
        return found + [(t, "PRF", None, moves) for t, moves in times.items()]

    def lower_redemptions(self, t, share):
        """By a PRF event of the same time."""

    def stf_PRF(self, t, value):
        self.pass_to(t)
        self.prnxt = self.annuity(t)
