"""Codes that name a party: credit codes, organisation codes, registration numbers, identity cards.

Every check says which character is wrong and what was expected. A code that fails its check digit
is somebody's typing error: it names nobody, so it is never compared.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CARD_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
_CARD_CHECKS = "10X98765432"
_DEPARTMENTS = frozenset("123456789ANY")
_PROVINCES = frozenset({*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47),
                        *range(50, 55), *range(61, 66), 71, 81, 82, 83, 10})  # fmt: skip
"""First two digits of a division, GB/T 2260; 10 is the central register."""


@dataclass(frozen=True)
class CodeProblem:
    """Why a code is refused.

    Attributes:
        reason: One of wrong_length, wrong_character, wrong_check_digit, unknown_department,
            unknown_region, impossible_date.
        place: Position of the character, from 1; None where the whole code is meant.
        found: What is there.
        expected: What would be right, in words.
    """

    reason: str
    place: int | None
    found: str
    expected: str

    def __str__(self) -> str:
        at = "" if self.place is None else f"character {self.place}: "
        return f"{at}{self.reason.replace('_', ' ')} {self.found!r}, expected {self.expected}"


def written(code: str) -> str:
    """A code as the standards write it: half width, upper case, nothing hidden, no hyphens."""
    half = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in code)
    kept = (c for c in half.upper() if c.isprintable() and not c.isspace())
    return "".join(c for c in kept if c not in "-_－—")


def credit_check_digit(first: str) -> str:
    """Check character of a credit code, GB 32100-2015 6: weights 3^(i-1) mod 31.

    Args:
        first: The 17 characters before it.
    """
    places = zip(first, _CREDIT_WEIGHTS, strict=True)
    total = sum(CREDIT_ALPHABET.index(c) * weight for c, weight in places)
    return CREDIT_ALPHABET[-total % 31]


def organisation_check_digit(first: str) -> str:
    """Check character of an organisation code, GB 11714-1997 4: mod 11, ten is X."""
    places = zip(first, _ORGANISATION_WEIGHTS, strict=True)
    check = 11 - sum(ORGANISATION_ALPHABET.index(c) * weight for c, weight in places) % 11
    return "X" if check == 10 else str(check % 11)


def registration_check_digit(first: str) -> str:
    """Check digit of a 15-digit registration number, GS 15-2006: ISO 7064 mod 11,10."""
    rest = 10
    for digit in first:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return str((11 - rest) % 10)


def credit_code_problem(code: str) -> CodeProblem | None:
    """What is wrong with a credit code (统一社会信用代码, GB 32100-2015); None: nothing.

    The organisation code inside has a check character of its own. It is not required here: codes
    of some registers were issued without it.
    """
    code = written(code)
    bad = _wrong_characters(code, 18, CREDIT_ALPHABET)
    if bad is not None:
        return bad
    if code[0] not in _DEPARTMENTS:
        expected = "a register: " + " ".join(sorted(_DEPARTMENTS))
        return CodeProblem("unknown_department", 1, code[0], expected)
    region = code[2:4]
    if not region.isdigit() or int(region) not in _PROVINCES:
        return CodeProblem("unknown_region", 3, region, "two digits of a province")
    return _wrong_check(code, credit_check_digit(code[:17]))


def organisation_code_problem(code: str) -> CodeProblem | None:
    """What is wrong with a 9-character organisation code (组织机构代码, GB 11714-1997)."""
    code = written(code)
    bad = _wrong_characters(code, 9, ORGANISATION_ALPHABET)
    return bad or _wrong_check(code, organisation_check_digit(code[:8]))


def registration_number_problem(code: str) -> CodeProblem | None:
    """What is wrong with a 15-digit registration number (工商注册号)."""
    code = written(code)
    bad = _wrong_characters(code, 15, "0123456789")
    return bad or _wrong_check(code, registration_check_digit(code[:14]))


def identity_card_problem(code: str) -> CodeProblem | None:
    """What is wrong with an 18-character identity card number (GB 11643-1999).

    The problem never repeats the number, only the character that is wrong.
    """
    code = written(code)
    bad = _wrong_characters(code[:17], 17, "0123456789")
    if bad is not None or len(code) != 18:
        return bad or CodeProblem("wrong_length", None, str(len(code)), "18 characters")
    if int(code[:2]) not in _PROVINCES:
        return CodeProblem("unknown_region", 1, code[:2], "two digits of a province")
    try:
        date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        return CodeProblem("impossible_date", 7, "a date", "year, month, day of birth")
    total = sum(int(c) * weight for c, weight in zip(code[:17], _CARD_WEIGHTS, strict=True))
    return _wrong_check(code, _CARD_CHECKS[total % 11])


def identity_card_digest(code: str, secret: bytes) -> str:
    """A keyed digest that stands for an identity card: equal cards, equal digests.

    The set of possible numbers is small enough to be tried out, so that a digest without a secret
    would protect nobody (RFC 2104).
    """
    return hmac.new(secret, written(code).encode(), hashlib.sha256).hexdigest()


def organisation_code_of(credit_code: str) -> str:
    """The organisation code inside a credit code: its characters 9 to 17 (GB 32100-2015 4.4)."""
    return written(credit_code)[8:17]


def region_of(credit_code: str) -> int:
    """The division of the register inside a credit code, six digits (GB 32100-2015 4.3)."""
    digits = written(credit_code)[2:8]
    return int(digits) if digits.isdigit() else 0


def _wrong_characters(code: str, length: int, alphabet: str) -> CodeProblem | None:
    if len(code) != length:
        return CodeProblem("wrong_length", None, str(len(code)), f"{length} characters")
    for place, character in enumerate(code, 1):
        if character not in alphabet:
            expected = f"one of {alphabet}"
            return CodeProblem("wrong_character", place, character, expected)
    return None


def _wrong_check(code: str, expected: str) -> CodeProblem | None:
    if code[-1] == expected:
        return None
    return CodeProblem("wrong_check_digit", len(code), code[-1], expected)


@dataclass(frozen=True)
class CheckedCodes:
    """A column of party codes, sorted out.

    Attributes:
        credit_code: Valid credit codes as the standard writes them; null elsewhere.
        organisation_code: The organisation code of the row, out of a credit code or given alone:
            what a record from before 2015 and one from after have in common.
        registration_number: Valid 15-digit numbers.
        problems: (row, problem) of each code that is none of the three.
    """

    credit_code: pa.StringArray
    organisation_code: pa.StringArray
    registration_number: pa.StringArray
    problems: tuple[tuple[int, CodeProblem], ...]


def checked_codes(column: pa.StringArray) -> CheckedCodes:
    """Sort a column of codes, old and new, by what each of them is.

    Args:
        column: (n,) credit codes, organisation codes or registration numbers, however written.
    """
    plain = pc.fill_null(pc.match_substring_regex(column, "^[0-9A-Z]*$"), fill_value=False)
    given = zip(pc.fill_null(column, "").to_pylist(), plain.to_pylist(), strict=True)
    texts = [text if fine else written(text) for text, fine in given]
    marks = np.array(texts, dtype="U32")
    sound = _sound_credit_codes(marks)
    credit = np.where(sound, marks, "").astype(object)
    organisation = np.array([code[8:17] for code in credit], dtype=object)
    registration = np.full(len(texts), "", dtype=object)
    problems = []
    for row in np.flatnonzero(~sound & (marks != "")).tolist():
        code = texts[row]
        if len(code) == 9 and organisation_code_problem(code) is None:
            organisation[row] = code
        elif len(code) == 15 and registration_number_problem(code) is None:
            registration[row] = code
        else:
            checks = {9: organisation_code_problem, 15: registration_number_problem}
            problem = checks.get(len(code), credit_code_problem)(code)
            assert problem is not None  # noqa: S101 - every sound code was taken above
            problems.append((row, problem))
    return CheckedCodes(_nulls(credit), _nulls(organisation), _nulls(registration), tuple(problems))


def _sound_credit_codes(marks: NDArray[np.str_]) -> NDArray[np.bool_]:
    """`credit_code_problem(code) is None` for all codes at once."""
    points = marks.view(np.uint32).reshape(len(marks), -1) if len(marks) else None
    if points is None:
        return np.zeros(0, np.bool_)
    value = np.full(128, -1, np.int64)
    value[[ord(c) for c in CREDIT_ALPHABET]] = np.arange(31)
    digits = value[np.minimum(points[:, :18], 127)]
    fits = (points[:, 17] != 0) & (points[:, 18] == 0) & (digits >= 0).all(axis=1)
    check = -(digits[:, :17] @ np.array(_CREDIT_WEIGHTS)) % 31
    department = np.isin(points[:, 0], [ord(c) for c in _DEPARTMENTS])
    region = np.isin(digits[:, 2] * 10 + digits[:, 3], list(_PROVINCES))
    return np.asarray(fits & (digits[:, 17] == check) & department & region)


def _nulls(texts: NDArray[np.object_]) -> pa.StringArray:
    return pa.array(texts, pa.string(), mask=texts == "")
