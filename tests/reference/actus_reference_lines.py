"""The loans of the slow twin with many schedules or none: LAX, CLM, UMP."""
# ruff: noqa: N802, N815 -- named as in the tables of the specification

from actus_reference_base import DAY, cycle_of, later, schedule, time_of
from actus_reference_loans import LAM, PAM


class LAX(LAM):
    """Exotic linear amortizer, section 7.3: what LAM does, by arrays."""

    def array(self, name):
        value = self.terms.get(name, [])
        return list(value) if isinstance(value, list | tuple) else [value]

    def segments(self, of):
        """(anchor, cycle, end) of each part; without cycles each part is its anchor alone."""
        anchors = [time_of(each) for each in self.array(f"arrayCycleAnchorDateOf{of}")]
        cycles = [cycle_of(each) for each in self.array(f"arrayCycleOf{of}")]
        cycles = cycles * len(anchors) if len(cycles) == 1 else cycles or [None] * len(anchors)
        return list(zip(anchors, cycles, [*anchors, self.md][1:], strict=True))

    def part_times(self, of):
        for number, (anchor, cycle, end) in enumerate(self.segments(of)):
            for t in schedule(anchor, cycle, end, self.eomc, with_end=False):
                yield number, t

    def derive(self):
        """Md where the notional reaches zero, following the parts."""
        if self.md is not None:
            return
        self.derived = True
        amounts = [float(each) for each in self.array("arrayNextPrincipalRedemptionPayment")]
        left = self.notional
        for number, (anchor, cycle, end) in enumerate(self.segments("PrincipalRedemption")):
            falls = self.array("arrayIncreaseDecrease")[number] == "DEC"
            far = end or anchor + 36_500 * DAY
            for t in schedule(anchor, cycle, far, self.eomc, with_end=False):
                left += -amounts[number] if falls else amounts[number]
                self.md = t
                if left <= 0:
                    return

    def interest_events(self):
        times = {t for _, t in self.part_times("InterestPayment")}
        return self.moving([(t, "IP") for t in sorted(times | {self.md})], self.given_end())

    def reset_events(self):
        ways = [{"F": "RRF", "V": "RR"}[way[0]] for way in self.array("arrayFixedVariable")]
        return [(t, ways[n]) for n, t in self.part_times("RateReset")]

    def principal_events(self):
        ways = self.array("arrayIncreaseDecrease")
        amounts = self.array("arrayNextPrincipalRedemptionPayment")
        found = [(t, "PI" if ways[n] == "INC" else "PR", float(amounts[n]), True)
                 for n, t in self.part_times("PrincipalRedemption") if t < self.md]  # fmt: skip
        return found + self.last_events()

    def start_prnxt(self):
        self.prnxt = 0.0

    def rate_of(self, t):
        parts = [n for n, (anchor, _, _) in enumerate(self.segments("RateReset")) if anchor <= t]
        return float(self.array("arrayRate")[parts[-1]])

    def spread(self, t):
        return self.rate_of(t)

    def stf_RRF(self, t, value):
        self.pass_to(t)
        self.ipnr = self.rate_of(t)

    def lower_redemptions(self, t, share):
        self.share *= share

    def pof_PR(self, t, value):
        self.prnxt = value * self.share
        return super().pof_PR(t, value)

    def pof_PI(self, t, value):
        return -self.X() * self.sign * self.nsc * value * self.share

    def stf_PI(self, t, value):
        self.pass_to(t)
        self.nt += self.sign * value * self.share
        self.set_base()


class CLM(PAM):
    """Call money, section 7.6: interest is capitalised, and paid at the end."""

    def derive(self):
        called = [t for t, _, _ in self.happened("XD")]
        self.called = called[0] if called and self.md is None else None
        self.md = self.md or self.called or self.world.end

    def interest_events(self):
        if "nominalInterestRate" not in self.terms or "cycleOfInterestPayment" not in self.terms:
            return []
        anchor = self.time("cycleAnchorDateOfInterestPayment") or self.ied  # tests: not a cycle on
        cycle = self.cycle("cycleOfInterestPayment")
        times = schedule(anchor, cycle, self.md, self.eomc, with_end=False)
        return self.moving([(t, "IPCI") for t in times])

    def principal_events(self):
        """tests: neither maturity nor settlement shifts; interest runs to the notice."""
        if self.called is None:
            return [(self.md, "IP", None, False), (self.md, "MD", None, False)]
        return [(self.called, "XD", None, False)]

    def happen(self, when, at, what, value):
        if what != "XD":
            return super().happen(when, at, what, value)
        settled = later(at, self.cycle("xDayNotice") or (0, "D", False))
        one = super().happen
        if settled == at:
            return [event for each in ("XD", "IP", "STD") for event in one(at, at, each, value)]
        due = self.due(at)  # tests: what accrued until the notice is set apart
        self.stf_IP(at, value)
        called = one(at, at, "XD", value)
        self.now = settled
        paid = self.shown(settled, "IP", self.X() * due)
        return [*called, paid, *one(settled, settled, "STD", value)]

    stf_XD = PAM.stf_AD
    pof_STD = PAM.pof_MD

    def stf_STD(self, t, value):
        self.stf_MD(t, value)


class UMP(PAM):
    """Undefined maturity profile, section 7.7: drawn and repaid as it happens."""

    def derive(self):
        self.md = self.world.end

    def interest_events(self):
        if "nominalInterestRate" not in self.terms or "cycleOfInterestPayment" not in self.terms:
            return []
        times = self.times("InterestPayment", with_end=False)
        return self.moving([(t, "IPCI") for t in times])

    def principal_events(self):
        return [(t, what, float(value), False) for t, what, value in self.happened("PR", "PI")]

    def pof_PR(self, t, value):
        return self.X() * self.sign * value

    def stf_PR(self, t, value):
        self.pass_to(t)
        self.nt -= self.sign * value

    def pof_PI(self, t, value):
        return self.pof_PR(t, -value)

    def stf_PI(self, t, value):
        self.stf_PR(t, -value)
