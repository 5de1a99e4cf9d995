"""Random loans with ACTUS terms, what is observed of them, and calendars with holidays."""
# ruff: noqa: DTZ001 -- ACTUS has no time zones

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from headrace.contracts.conventions.calendars import Calendar

DAY = timedelta(1)
FREE = {date(year, *day) for year in range(2018, 2031)
        for day in [(1, 1), (2, 10), (2, 11), (2, 12), (2, 13), (4, 5), (5, 1), (5, 2), (5, 3),
                    (10, 1), (10, 2), (10, 3), (10, 4), (10, 5), (12, 31)]}  # fmt: skip
WORKED = {date(2020, 2, 15), date(2020, 5, 9), date(2021, 10, 9), date(2022, 5, 7)}
HOLIDAYS = Calendar(
    "H", weekend=frozenset({5, 6}), holidays=frozenset(FREE), workdays=frozenset(WORKED)
)
CLOSED = {"H": lambda day: day in FREE or (day.weekday() > 4 and day not in WORKED)}
RULES = ["NOS", "SCF", "SCMF", "CSF", "CSMF", "SCP", "SCMP", "CSP", "CSMP"]
DAY_COUNTS = ["AA", "A360", "A365", "30E360", "30E360ISDA", "28E336", "B252"]
STARTS = [datetime(2018, 1, 1) + 40 * number * DAY for number in range(40)]
MARKET = {
    "R": [(day, (number * 7) % 11 / 100) for number, day in enumerate(STARTS)],
    "I": [(day, 80.0 + (number * 13) % 50) for number, day in enumerate(STARTS)],
    "CNY/USD": [(day, 0.13 + (number % 5) / 200) for number, day in enumerate(STARTS)],
}

lengths = st.sampled_from(["1M", "1M", "2M", "3M", "1Q", "6M", "1H", "1Y", "2W", "10D", "45D"])
cycles = st.builds("P{}L{}".format, lengths, st.sampled_from("01"))


def end_of_month(day):
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


@st.composite
def days(draw, after, least, most):
    """A day some days after another; often the end of a month."""
    day = after + draw(st.integers(least, most)) * DAY
    return end_of_month(day) if draw(st.booleans()) else day


@st.composite
def some(draw, **terms):
    """Some of the terms."""
    return {name: draw(value) for name, value in terms.items() if draw(st.booleans())}


@st.composite
def cyclic(draw, of, start, anchored=False):
    """The cycle of something, and perhaps its anchor."""
    found = {f"cycleOf{of}": draw(cycles)}
    if anchored or draw(st.booleans()):
        found[f"cycleAnchorDateOf{of}"] = str(draw(days(start, 0, 60)))
    return found


@st.composite
def arrays(draw, of, start):
    """Anchors and perhaps cycles of the parts of a LAX."""
    anchors = sorted(set(draw(st.lists(days(start, 1, 300), min_size=1, max_size=3))))
    found = {f"arrayCycleAnchorDateOf{of}": [str(each) for each in anchors]}
    if draw(st.booleans()):
        found[f"arrayCycleOf{of}"] = [draw(cycles) for _ in anchors]
    return found, len(anchors)


@st.composite
def parts(draw, start, notional):
    """What a LAX has by arrays."""
    found, number = draw(arrays("PrincipalRedemption", start))
    amounts = st.sampled_from([notional / 50, notional / 8])
    found["arrayNextPrincipalRedemptionPayment"] = [draw(amounts) for _ in range(number)]
    found["arrayIncreaseDecrease"] = [draw(st.sampled_from(["INC", "DEC"])) for _ in range(number)]
    found |= draw(arrays("InterestPayment", start))[0]
    if draw(st.booleans()):
        resets, number = draw(arrays("RateReset", start))
        found |= resets | {"marketObjectCodeOfRateReset": "R"}
        found["arrayRate"] = [draw(st.sampled_from([0.01, 0.07])) for _ in range(number)]
        ways = st.sampled_from(["FIX", "VAR"])
        found["arrayFixedVariable"] = [draw(ways) for _ in range(number)]
    return found


@st.composite
def redemption(draw, kind, start, notional):
    """How an amortizing loan is redeemed."""
    found = draw(cyclic("PrincipalRedemption", start))
    if kind == "NAM" or draw(st.booleans()):
        payment = round(notional * draw(st.sampled_from([0.02, 0.1, 0.3])), 2)
        found["nextPrincipalRedemptionPayment"] = payment
    return found


@st.composite
def bases(draw, start, notional):
    """On what interest is counted."""
    base = draw(st.sampled_from(["NT", "NTIED", "NTL"]))
    found = {"interestCalculationBase": base}
    if base != "NT":
        found |= draw(some(interestCalculationBaseAmount=st.just(notional * 0.9)))
    return found | (
        draw(cyclic("InterestCalculationBase", start, anchored=True)) if base == "NTL" else {}
    )


@st.composite
def resets(draw, start):
    limits = some(
        rateSpread=st.just(0.01), rateMultiplier=st.just(1.5), nextResetRate=st.just(0.033),
        lifeCap=st.just(0.08), lifeFloor=st.just(0.02), periodCap=st.just(0.01),
        periodFloor=st.just(0.005),
    )  # fmt: skip
    return draw(cyclic("RateReset", start)) | draw(limits) | {"marketObjectCodeOfRateReset": "R"}


@st.composite
def fees(draw, start):
    basis, rate = draw(st.sampled_from([("A", 25.0), ("N", 0.01)]))
    return {"feeBasis": basis, "feeRate": rate} | draw(cyclic("Fee", start))


@st.composite
def scaling(draw, start):
    effect = draw(st.sampled_from(["I00", "0N0", "IN0"]))
    found = {"scalingEffect": effect, "marketObjectCodeOfScalingIndex": "I"}
    return found | {"scalingIndexAtContractDealDate": 100.0} | draw(cyclic("ScalingIndex", start))


@st.composite
def prepayment(draw):
    effect = draw(st.sampled_from("AM"))
    penalty = {"penaltyType": draw(st.sampled_from("NARI")), "penaltyRate": 0.02}
    return {"prepaymentEffect": effect, "marketObjectCodeOfRateReset": "R"} | penalty


@st.composite
def ownership(draw, start, maturity):
    """Bought or sold before it matures."""
    found, left = {}, (maturity - start).days - 1
    if draw(st.booleans()):
        bought = start + draw(st.integers(1, max(1, left // 2))) * DAY
        found |= {"purchaseDate": str(bought), "priceAtPurchaseDate": 900.0}
    if draw(st.booleans()):
        sold = start + draw(st.integers(max(2, left // 2 + 1), max(2, left))) * DAY
        found |= {"terminationDate": str(sold), "priceAtTerminationDate": 900.0}
    return found


@st.composite
def observed(draw, kinds, name, start, notional, most):
    """What happens to a loan, at most one thing a day."""
    when = draw(st.lists(st.integers(1, 400), max_size=3, unique=True))
    amounts = st.sampled_from([notional / 16, notional / 4, *most])
    rows = [(start + day * DAY, draw(st.sampled_from(kinds))) for day in sorted(when)]
    return [(name, datetime.combine(day, time()), what, 0.0 if what == "AD" else draw(amounts))
            for day, what in rows]  # fmt: skip


@st.composite
def ended(draw, terms, start, maturity):
    """With a maturity, without one, or called."""
    kind = terms["contractType"]
    if kind == "CLM" and draw(st.booleans()):
        called = datetime.combine(start + draw(st.integers(30, 300)) * DAY, time())
        notice = draw(st.sampled_from(["P0D", "P5D", "P1M"]))
        return terms | {"xDayNotice": notice}, [(terms["contractID"], called, "XD", 0.0)]
    derived = kind in {"LAM", "NAM"} and "nextPrincipalRedemptionPayment" in terms
    if kind == "UMP" or (derived and draw(st.booleans())):
        return terms, []
    return terms | {"maturityDate": str(maturity)} | draw(ownership(start, maturity)), []


@st.composite
def loans(draw, name="L", kinds=("PAM", "LAM", "LAX", "NAM", "ANN", "CLM", "UMP")):
    """(terms, what happened) of one loan."""
    kind = draw(st.sampled_from(kinds))
    status = date(2019, 12, 1) + draw(st.integers(0, 200)) * DAY
    begins = draw(days(status, -200, 40))
    start = max(begins, status)
    maturity = draw(days(start, 60, 900))
    notional = draw(st.sampled_from([1024.0, 12_345.67, 1e6]))
    rates = st.sampled_from([0.0435, 0.12, 0.0, -0.01])
    terms = {
        "contractType": kind, "contractID": name,
        "contractRole": draw(st.sampled_from(["RPA", "RPL"])),
        "statusDate": str(status), "initialExchangeDate": str(begins), "currency": "CNY",
        "notionalPrincipal": notional, "nominalInterestRate": draw(rates),
        "dayCountConvention": draw(st.sampled_from(DAY_COUNTS)),
        "endOfMonthConvention": draw(st.sampled_from(["SD", "EOM"])),
    }  # fmt: skip
    if draw(st.booleans()):
        terms["businessDayConvention"] = draw(st.sampled_from(RULES))
        terms["calendar"] = draw(st.sampled_from(["H", "MF", "NC"]))
    if kind == "LAX":
        terms |= draw(parts(begins, notional))
        maturity = max(maturity, start + 700 * DAY)
    else:
        terms |= draw(cyclic("InterestPayment", begins)) if draw(st.integers(0, 9)) else {}
        terms |= draw(resets(begins)) if draw(st.booleans()) else {}
    if kind in {"LAM", "NAM", "ANN"}:
        terms |= draw(redemption(kind, begins, notional))
    if kind in {"LAM", "NAM", "ANN", "LAX"}:
        terms |= draw(bases(begins, notional))
    terms, happened = draw(ended(terms, start, maturity))
    if kind == "ANN":
        terms |= draw(some(amortizationDate=days(maturity, 0, 300).map(str)))
    if kind in {"PAM", "LAM", "NAM", "ANN"} and "maturityDate" in terms and draw(st.booleans()):
        terms["capitalizationEndDate"] = str(min(draw(days(begins, 1, 200)), maturity - DAY))
    if kind not in {"CLM", "UMP"}:
        terms |= draw(scaling(begins)) if not draw(st.integers(0, 3)) else {}
        terms |= draw(prepayment()) if draw(st.booleans()) else {}
    terms |= draw(fees(begins)) if draw(st.booleans()) else {}
    if begins <= status and "feeRate" in terms:
        terms |= draw(some(feeAccrued=st.just(3.0)))
    terms |= draw(
        some(
            accruedInterest=st.sampled_from([0.0, 10.0]), premiumDiscountAtIED=st.just(-20.0),
            settlementCurrency=st.just("USD"),
        )
    )  # fmt: skip
    if not happened:
        # What is wholly prepaid at a rate below zero would come to be owed the other way round.
        most = [notional * 2] if terms["nominalInterestRate"] >= 0 else []
        kinds = ["PR", "PI"] * (kind == "UMP") + ["PP"] * ("prepaymentEffect" in terms)
        happened = draw(observed([*kinds, "AD"], name, start, notional, most))
    return terms, happened


@st.composite
def books(draw, most=6):
    """Some loans, and until when they are looked at."""
    size = draw(st.integers(1, most))
    found = [draw(loans(f"L{number}")) for number in range(size)]
    return found, datetime(2020, 9, 1) + draw(st.integers(0, 800)) * DAY
