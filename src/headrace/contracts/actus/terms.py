"""Contract terms by their ACTUS names, and how a value of each is read.

Names, kinds and allowed values are those of the ACTUS dictionary 1.4. The official tests write a
few terms otherwise than the dictionary; those spellings are read too (`ALIASES`).

A value that cannot be read is a `Refusal` of that one contract: a batch never loses the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from math import isfinite
from typing import Any

import numpy as np

from headrace.contracts.conventions.cycles import Cycle
from headrace.errors import InputError

Record = Mapping[str, Any]

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(Enum):
    """What a term's values are."""

    NUMBER = "a number"
    TIME = "a date, or a date and time without a zone, as 2024-01-31 or 2024-01-31T00:00:00"
    CYCLE = "a cycle, as P1ML0"
    CHOICE = "one of"
    TEXT = "a text"
    STRUCTURE = "a list of {object, referenceType, referenceRole}"


@dataclass(frozen=True)
class Term:
    """A term of the dictionary.

    Attributes:
        kind: What its values are.
        choices: What a choice may be; the first is what a contract that says nothing means,
            where `defaulted`.
        many: Whether it is a list, as the array terms of LAX.
        positive: Whether a number must be above zero.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    many: bool = False
    positive: bool = False
    defaulted: bool = False


@dataclass(frozen=True)
class Refusal:
    """A contract that is not evaluated, and why.

    Attributes:
        row: Its place in the batch.
        contract: Its contractID, or an empty text where it has none.
        term: The term that is wrong.
        value: What it says, as text; empty where it says nothing.
        problem: What is wrong.
        remedy: What would be right.
    """

    row: int
    contract: str
    term: str
    value: str
    problem: str
    remedy: str

    def error(self) -> InputError:
        """The same as an error, for a caller that has one contract only."""
        said = f"{self.term} {self.value!r}" if self.value else self.term
        where = f"contract {self.contract or self.row}, {said}"
        return InputError(self.problem, where=where, remedy=self.remedy)


NUMBER, TIME, CYCLE = Term(Kind.NUMBER), Term(Kind.TIME), Term(Kind.CYCLE)
POSITIVE = Term(Kind.NUMBER, positive=True)
TEXT = Term(Kind.TEXT)
LOANS = ("PAM", "LAM", "LAX", "NAM", "ANN", "CLM", "UMP")
OTHERS = ("CSH", "STK", "COM", "FXOUT", "SWPPV", "SWAPS", "CAPFL", "OPTNS", "FUTUR", "CEC", "CEG")
ROLES = (
    *("RPA", "LG", "BUY", "RFL", "RF", "OBL", "COL", "CNO", "UDL", "UDLP"),
    *("RPL", "ST", "SEL", "PFL", "PF", "GUA", "UDLM"),
)
CLAIMS = 10  # how many of the roles are claims rather than obligations


def _choice(*choices: str) -> Term:
    return Term(Kind.CHOICE, choices)


def _default(*choices: str) -> Term:
    return Term(Kind.CHOICE, choices, defaulted=True)


def _each(term: Term, names: str) -> dict[str, Term]:
    return dict.fromkeys(names.split(), term)


TERMS: dict[str, Term] = {
    "contractType": _choice(*LOANS, *OTHERS),
    "contractRole": _choice(*ROLES),
    "contractStructure": Term(Kind.STRUCTURE),
    "dayCountConvention": _choice("AA", "A360", "A365", "30E360ISDA", "30E360", "28E336", "B252"),
    "businessDayConvention": _default(
        "NOS", "SCF", "SCMF", "CSF", "CSMF", "SCP", "SCMP", "CSP", "CSMP"
    ),
    "endOfMonthConvention": _default("SD", "EOM"),
    "interestCalculationBase": _default("NT", "NTIED", "NTL"),
    "feeBasis": _choice("A", "N"),
    "scalingEffect": _default("000", "I00", "0N0", "IN0"),
    "prepaymentEffect": _default("N", "A", "M"),
    "penaltyType": _default("N", "A", "R", "I"),
    "cyclePointOfInterestPayment": _default("E", "B"),
    "cyclePointOfRateReset": _default("B", "E"),
    "deliverySettlement": _default("D", "S"),
    "optionType": _choice("C", "P", "CP"),
    "optionExerciseType": _default("E", "B", "A"),
    "creditEventTypeCovered": _default("DF", "DQ", "DL"),
    "guaranteedExposure": _default("NO", "NI", "MV"),
    "contractPerformance": _default("PF", "DL", "DQ", "DF", "MA", "TE"),
    "arrayIncreaseDecrease": Term(Kind.CHOICE, ("DEC", "INC"), many=True),
    "arrayFixedVariable": Term(Kind.CHOICE, ("FIX", "VAR"), many=True),
    **dict.fromkeys(
        [f"array{name}" for name in ("NextPrincipalRedemptionPayment", "Rate")],
        Term(Kind.NUMBER, many=True),
    ),
    **dict.fromkeys(
        [
            f"arrayCycleAnchorDateOf{name}"
            for name in ("InterestPayment", "PrincipalRedemption", "RateReset")
        ],
        Term(Kind.TIME, many=True),
    ),
    **dict.fromkeys(
        [f"arrayCycleOf{n}" for n in ("InterestPayment", "PrincipalRedemption", "RateReset")],
        Term(Kind.CYCLE, many=True),
    ),
    **{
        f"cycleOf{name}": CYCLE
        for name in (
            *("InterestPayment", "PrincipalRedemption", "RateReset", "ScalingIndex", "Fee"),
            *("InterestCalculationBase", "Optionality", "Dividend"),
        )
    },
    **{
        f"cycleAnchorDateOf{name}": TIME
        for name in (
            *("InterestPayment", "PrincipalRedemption", "RateReset", "ScalingIndex", "Fee"),
            *("InterestCalculationBase", "Optionality", "Dividend"),
        )
    },
    **_each(
        CYCLE,
        """xDayNotice settlementPeriod fixingPeriod prepaymentPeriod gracePeriod
        delinquencyPeriod""",
    ),
    **_each(
        TIME,
        """statusDate contractDealDate initialExchangeDate maturityDate purchaseDate
        terminationDate capitalizationEndDate amortizationDate exerciseDate
        optionExerciseEndDate nonPerformingDate""",
    ),
    **_each(
        NUMBER,
        """nominalInterestRate nominalInterestRate2 accruedInterest premiumDiscountAtIED
        priceAtPurchaseDate priceAtTerminationDate nextResetRate rateSpread rateMultiplier
        lifeCap lifeFloor feeRate feeAccrued exerciseAmount notionalScalingMultiplier
        interestScalingMultiplier marketValueObserved delinquencyRate creditLineAmount
        nextDividendPaymentAmount""",
    ),
    **_each(
        POSITIVE,
        """notionalPrincipal notionalPrincipal2 nextPrincipalRedemptionPayment periodCap
        periodFloor interestCalculationBaseAmount penaltyRate quantity
        scalingIndexAtContractDealDate optionStrike1 optionStrike2 futuresPrice
        coverageOfCreditEnhancement""",
    ),
    **_each(
        TEXT,
        """contractID currency currency2 settlementCurrency calendar creatorID counterpartyID
        marketObjectCode marketObjectCodeOfRateReset marketObjectCodeOfScalingIndex
        marketObjectCodeOfDividends unit seniority""",
    ),
}
ALIASES = {
    "contractIdentifier": "contractID",
    "creatorId": "creatorID",
    "cycleOfDividendPayment": "cycleOfDividend",
    "cycleAnchorDateOfDividendPayment": "cycleAnchorDateOfDividend",
    "fixingDays": "fixingPeriod",
    "scalingIndexAtStatusDate": "scalingIndexAtContractDealDate",
}
INFORMATIVE = frozenset(
    _each(
        TEXT,
        """contractPerformance cycleOfOptionality fixingPeriod prepaymentPeriod gracePeriod
        delinquencyPeriod delinquencyRate contractDealDate nonPerformingDate marketValueObserved
        creditLineAmount creatorID counterpartyID unit seniority""",
    )
)
"""Terms that are read and change no cash flow; what a parameter does not do is said, not hidden."""

SPELT = {"IOO": "I00", "ONO": "0N0", "INO": "IN0", "OOO": "000", "F": "FIX", "V": "VAR", "O": "N"}


def parse_time(value: object) -> int:
    """Seconds since 1970-01-01 of a date, a datetime without a zone, or their ISO text.

    Midnight may be written as 24:00 of the day before.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(value, str):
        text = value.strip()
        if text.endswith(("T24:00", "T24:00:00")):
            return parse_time(text[:10]) + DAY
        value = datetime.fromisoformat(text)
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise ValueError(value)
        since = value.replace(tzinfo=UTC) - EPOCH
        return since // timedelta(seconds=1)
    if isinstance(value, date):
        return (value.toordinal() - EPOCH.toordinal()) * DAY
    raise ValueError(value)


def time_of(seconds: int) -> datetime:
    """The datetime, without a zone, of seconds since 1970-01-01."""
    return (EPOCH + timedelta(seconds=int(seconds))).replace(tzinfo=None)


def parse_value(term: Term, value: object) -> Any:
    """One value as it goes into a column.

    Raises:
        ValueError: If it cannot be read as the term's kind, or is out of the term's bounds.
    """
    if term.kind is Kind.NUMBER:
        if isinstance(value, bool) or not isinstance(value, str | int | float | np.number):
            raise ValueError(value)
        number = float(value)
        if not isfinite(number) or (term.positive and number < 0):
            raise ValueError(value)
        return number
    if term.kind is Kind.TIME:
        return parse_time(value)
    if not isinstance(value, str):
        raise ValueError(value)
    text = value.strip()
    if term.kind is Kind.CYCLE:
        try:
            each = Cycle.parse(text)
        except InputError as error:
            raise ValueError(value) from error
        return (each.months, each.days, int(each.long_stub))
    if term.kind is Kind.CHOICE:
        text = text if text in term.choices else SPELT.get(text, text)
        return term.choices.index(text)
    return text


def wanted(term: Term) -> str:
    """What a value of the term would have to be, in words."""
    words = term.kind.value
    if term.kind is Kind.CHOICE:
        words += " " + ", ".join(term.choices)
    return words + (" of 0 or more" if term.positive else "")
