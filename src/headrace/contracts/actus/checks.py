"""What terms a contract needs, and which contradict each other.

Each rule looks at all contracts at once and refuses those that break it; the first thing wrong
with a contract is what is told. Which terms a type needs is the applicability table of the ACTUS
dictionary 1.4, less what has a default or is for information only.
"""

from collections.abc import Mapping

import numpy as np

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.book import Book, Bools, Longs, Texts
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.terms import LOANS, TERMS, Kind, wanted
from headrace.contracts.conventions.calendars import EVERY_DAY, MONDAY_TO_FRIDAY, Calendar

TYPES = TERMS["contractType"].choices
NUMBER = {name: number for number, name in enumerate(TYPES)}
LOAN_TERMS = ("initialExchangeDate", "notionalPrincipal")
NEEDED: dict[str, tuple[str, ...]] = {
    "PAM": (*LOAN_TERMS, "maturityDate", "nominalInterestRate"),
    "LAM": (*LOAN_TERMS, "nominalInterestRate", "cycleOfPrincipalRedemption"),
    "LAX": (
        *(*LOAN_TERMS, "nominalInterestRate", "arrayCycleAnchorDateOfPrincipalRedemption"),
        *("arrayNextPrincipalRedemptionPayment", "arrayIncreaseDecrease"),
        "arrayCycleAnchorDateOfInterestPayment",
    ),
    "NAM": (
        *(*LOAN_TERMS, "nominalInterestRate", "cycleOfPrincipalRedemption"),
        "nextPrincipalRedemptionPayment",
    ),
    "ANN": (*LOAN_TERMS, "nominalInterestRate", "cycleOfPrincipalRedemption"),
    "CLM": (*LOAN_TERMS, "nominalInterestRate"),
    "UMP": LOAN_TERMS,
    "CSH": ("notionalPrincipal",),
    "STK": (),
    "COM": (),
    "FXOUT": ("notionalPrincipal", "notionalPrincipal2", "currency2", "maturityDate"),
    "SWPPV": (
        *(*LOAN_TERMS, "maturityDate", "nominalInterestRate", "nominalInterestRate2"),
        "dayCountConvention",
    ),
    "SWAPS": ("contractStructure",),
    "CAPFL": ("contractStructure",),
    "OPTNS": ("contractStructure", "maturityDate", "optionType", "optionStrike1"),
    "FUTUR": ("contractStructure", "maturityDate", "futuresPrice"),
    "CEC": ("contractStructure",),
    "CEG": ("contractStructure",),
}
ALL_NEED = ("contractType", "contractRole", "statusDate", "currency")
NO_CALENDAR = {"NC": "NC", "NOCALENDAR": "NC", "noCalendar": "NC", "": "NC"}
WEEKDAYS = {"MF": "MF", "mondayToFriday": "MF"}


def said(book: Book, name: str) -> Bools:
    """Bool (n,): which contracts give a term."""
    column = book.columns.get(name)
    if column is None:
        return np.zeros(book.size, bool)
    if isinstance(column, Texts):
        return np.asarray(column.codes >= 0)
    if isinstance(column, list):
        return np.array([value is not None for value in column], np.bool_)
    if TERMS[name].many:
        return np.asarray(book.lists(name).count() > 0)
    kind = TERMS[name].kind
    if kind is Kind.NUMBER:
        return np.asarray(~np.isnan(column))
    if kind is Kind.CYCLE:
        return np.asarray(column[:, 0] >= 0)
    return np.asarray(column != (k.NEVER if kind is Kind.TIME else -1))


def value_of(book: Book, name: str, row: int) -> object:
    """What a contract says of a term, for a message."""
    found = book.record(row).get(name)
    if TERMS[name].kind is Kind.TIME and isinstance(found, int):
        return str(np.datetime64(found, "s"))
    return found


def refuse(book: Book, broken: Bools, term: str, problem: str, remedy: str) -> None:
    """Refuse the contracts that break a rule."""
    for row in np.flatnonzero(broken):
        book.refuse(int(row), term, problem, remedy, value_of(book, term, int(row)))


def check(book: Book, observed: Observed) -> None:
    """Refuse every contract that lacks a term or contradicts itself."""
    for name in ALL_NEED:
        refuse(book, ~said(book, name), name, "is missing", f"Give {wanted(TERMS[name])}.")
    kind = book.kinds()
    for type_, names in NEEDED.items():
        of_type = kind == NUMBER[type_]
        if of_type.any():
            for name in names:
                problem, remedy = f"is missing, a {type_} needs it", wanted(TERMS[name])
                refuse(book, of_type & ~said(book, name), name, problem, f"Give {remedy}.")
    _check_dates(book)
    _check_loans(book)
    _check_arrays(book)
    _check_happenings(book, observed)


def _check_dates(book: Book) -> None:
    starts, matures = book.times("initialExchangeDate"), book.times("maturityDate")
    both = said(book, "initialExchangeDate") & said(book, "maturityDate")
    remedy = "Mature after the initial exchange."
    refuse(book, both & (matures <= starts), "maturityDate", "is not after the start", remedy)
    for when, price in (
        ("purchaseDate", "priceAtPurchaseDate"),
        ("terminationDate", "priceAtTerminationDate"),
    ):
        lacks = said(book, when) & ~said(book, price)
        refuse(book, lacks, price, f"is missing, for there is a {when}", "Give a number.")
    bought, ended = book.times("purchaseDate"), book.times("terminationDate")
    crossed = said(book, "purchaseDate") & said(book, "terminationDate") & (ended < bought)
    refuse(book, crossed, "terminationDate", "is before the purchase", "Terminate later.")
    for name, term in TERMS.items():
        if term.kind is Kind.CYCLE and not term.many and name.startswith("cycle"):
            cycle = book.cycles(name)
            none = (cycle[:, 0] == 0) & (cycle[:, 1] == 0)
            refuse(
                book, none, name, "is a cycle of no days, which never ends", "Give a day or more."
            )


def _check_loans(book: Book) -> None:
    """Rules that only loans have."""
    loans = (book.kinds() >= 0) & (book.kinds() < len(LOANS))
    kind = book.kinds()
    bears = loans & (np.abs(book.numbers("nominalInterestRate", 0.0)) > 0)
    no_count = bears & ~said(book, "dayCountConvention")
    remedy = f"One of {', '.join(TERMS['dayCountConvention'].choices)}."
    refuse(book, no_count, "dayCountConvention", "is missing, but interest accrues", remedy)
    paid, owed = book.numbers("nextPrincipalRedemptionPayment"), book.numbers("notionalPrincipal")
    open_ended = loans & ~said(book, "maturityDate") & ~said(book, "amortizationDate")
    untold = open_ended & np.isin(kind, (k.LAM, k.ANN)) & np.isnan(paid)
    remedy = "Give it, or nextPrincipalRedemptionPayment."
    refuse(book, untold, "maturityDate", "cannot be derived", remedy)
    interest = owed * book.numbers("nominalInterestRate", 0.0) / 366
    months, days = np.moveaxis(book.cycles("cycleOfPrincipalRedemption")[:, :2], 1, 0)
    interest *= 28 * np.maximum(months, 0) + days
    never = open_ended & np.isin(kind, (k.NAM, k.ANN)) & (paid <= interest)
    never |= open_ended & (kind == k.LAM) & (paid <= 0)
    refuse(book, never, "nextPrincipalRedemptionPayment", "never repays the loan", "Pay more.")
    resets = said(book, "cycleOfRateReset") | said(book, "cycleAnchorDateOfRateReset")
    lacks = loans & resets & ~said(book, "marketObjectCodeOfRateReset")
    name = "marketObjectCodeOfRateReset"
    refuse(book, lacks, name, "is missing, but the rate is reset", "Name the rate.")
    scaled = loans & (book.choices("scalingEffect") > 0)
    for name in ("marketObjectCodeOfScalingIndex", "scalingIndexAtContractDealDate"):
        refuse(
            book,
            scaled & ~said(book, name),
            name,
            "is missing, but payments are scaled",
            "Give it.",
        )
    index = book.numbers("scalingIndexAtContractDealDate")
    name = "scalingIndexAtContractDealDate"
    refuse(book, scaled & (index == 0), name, "is 0, and payments are scaled by it", "Give it.")
    lagged = loans & (book.choices("interestCalculationBase") == k.BASE_LAGGED)
    name = "cycleAnchorDateOfInterestCalculationBase"
    timed = said(book, name) | said(book, "cycleOfInterestCalculationBase")
    refuse(book, lagged & ~timed, name, "is missing, but the base of interest lags", "Give it.")
    fees = loans & (book.numbers("feeRate", 0.0) != 0)
    refuse(
        book,
        fees & ~said(book, "feeBasis"),
        "feeBasis",
        "is missing, but there are fees",
        "A or N.",
    )
    low, high = book.numbers("lifeFloor"), book.numbers("lifeCap")
    refuse(book, low > high, "lifeFloor", "is above the cap", "Keep the floor below the cap.")
    for name in ("cyclePointOfInterestPayment", "cyclePointOfRateReset"):
        other = loans & (book.choices(name) > 0)
        remedy = f"Only {TERMS[name].choices[0]} is supported."
        refuse(book, other, name, "is not supported", remedy)


def _check_arrays(book: Book) -> None:
    """Array terms of LAX go together, and rise."""
    lax = book.kinds() == k.LAX
    if not lax.any():
        return
    for anchors, others in (
        (
            "arrayCycleAnchorDateOfPrincipalRedemption",
            ("arrayNextPrincipalRedemptionPayment", "arrayIncreaseDecrease"),
        ),
        ("arrayCycleAnchorDateOfRateReset", ("arrayRate", "arrayFixedVariable")),
    ):
        size = book.lists(anchors).count()
        for name in others:
            apart = lax & (book.lists(name).count() != size)
            refuse(book, apart, name, f"is not as long as {anchors}", "Give one for each.")
    for part in ("PrincipalRedemption", "InterestPayment", "RateReset"):
        anchors, cycles = f"arrayCycleAnchorDateOf{part}", f"arrayCycleOf{part}"
        size, count = book.lists(anchors).count(), book.lists(cycles).count()
        odd = lax & (count > 1) & (count != size)
        refuse(book, odd, cycles, f"is not as long as {anchors}", "Give one, or one for each.")
        lists = book.lists(anchors)
        contract = np.repeat(np.arange(book.size), size)
        falls = np.flatnonzero((np.diff(lists.values) <= 0) & (np.diff(contract) == 0))
        back = np.zeros(book.size, bool)
        back[contract[falls]] = True
        refuse(book, lax & back, anchors, "does not rise", "Give the dates in order.")
    variable = np.zeros(book.size, bool)
    kinds = book.lists("arrayFixedVariable")
    variable[np.repeat(np.arange(book.size), kinds.count())[kinds.values == 1]] = True
    name = "marketObjectCodeOfRateReset"
    lacks = lax & variable & ~said(book, name)
    refuse(book, lacks, name, "is missing, but the rate is reset", "Name the rate.")


PLANLESS, CALLED = ("UMP",), ("CLM", "OPTNS", "FUTUR")
TAKES = {"PR": PLANLESS, "PI": PLANLESS, "XD": CALLED, "PP": LOANS}


def _check_happenings(book: Book, observed: Observed) -> None:
    """What happened to a contract can happen to its type, and a prepayment was allowed."""
    names, kinds = book.texts("contractID"), book.kinds()
    matures = said(book, "maturityDate")
    for row in book.named(observed.happened):
        for each in observed.happened[names.of(row)]:
            takes = TAKES.get(each.type)
            if takes and kinds[row] >= 0 and TYPES[kinds[row]] not in takes:
                problem = f"is a type that has no {each.type}, but one was observed"
                remedy = f"Observe {each.type} of {', '.join(takes)} only."
                book.refuse(row, "contractType", problem, remedy, TYPES[kinds[row]])
            elif each.value < 0:
                problem, remedy = f"{each.type} of {each.value}", "Give amounts of 0 or more."
                book.refuse(row, "contractID", problem, remedy, names.of(row))
            elif each.type == "XD" and kinds[row] == k.CLM and matures[row]:
                problem = "is given, but the loan was called"
                remedy = "A loan that is called has no maturity."
                book.refuse(
                    row, "maturityDate", problem, remedy, value_of(book, "maturityDate", row)
                )
            elif each.type == "PP":
                _check_prepayment(book, row, each.time)


def _check_prepayment(book: Book, row: int, time: int) -> None:
    """There is a right to prepay, at that time."""
    if book.choices("prepaymentEffect")[row] == k.PREPAID_NOT:
        remedy = "Allow it: A reduces the redemptions, M the maturity."
        problem = "allows no prepayment, but one was observed"
        book.refuse(row, "prepaymentEffect", problem, remedy, "N")
    opens = book.times("cycleAnchorDateOfOptionality")[row]
    closes = book.times("optionExerciseEndDate")[row]
    if time < opens or (closes != k.NEVER and time > closes):
        remedy = "Prepay between cycleAnchorDateOfOptionality and optionExerciseEndDate."
        book.refuse(row, "cycleAnchorDateOfOptionality", "a prepayment is outside", remedy)


def calendars_of(book: Book, own: Mapping[str, Calendar]) -> tuple[list[Calendar], Longs]:
    """The calendars contracts keep, and which each keeps; unknown ones are refused."""
    known: dict[str, Calendar] = {"NC": EVERY_DAY, "MF": MONDAY_TO_FRIDAY, **own}
    names = list(known)
    texts = book.texts("calendar")
    aliases = {**NO_CALENDAR, **WEEKDAYS, **{name: name for name in names}}
    numbers = [names.index(aliases[text]) if text in aliases else -1 for text in texts.values]
    which = np.array([*numbers, names.index("NC")], np.int64)[texts.codes]
    remedy = f"One of {', '.join(names)}, or pass a calendar of that name."
    refuse(book, which < 0, "calendar", "is not known", remedy)
    return [known[name] for name in names], np.maximum(which, 0)
