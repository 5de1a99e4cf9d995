"""Accounts: what they are about, and what their balances must not do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from headrace.errors import InputError
from headrace.money import MINOR_PER_MAJOR

ID_BYTES_MAX = 128
CURRENCIES = tuple(MINOR_PER_MAJOR)


class Limit(IntEnum):
    """What must hold of an account's totals, held amounts counted against it.

    A customer's deposit is `DEBITS_AT_MOST_CREDITS`: nobody can pay out more than came in. A cash
    account is `CREDITS_AT_MOST_DEBITS`.
    """

    NONE = 0
    DEBITS_AT_MOST_CREDITS = 1
    CREDITS_AT_MOST_DEBITS = 2


class AccountOutcome(IntEnum):
    """What became of an account that was to be opened."""

    OPENED = 0
    EXISTS = 1
    ID_MUST_HAVE_1_TO_128_BYTES = 2
    CODE_MUST_BE_GIVEN = 3
    CURRENCY_MUST_BE_KNOWN = 4
    ID_MUST_NOT_COME_AGAIN_FOR_ANOTHER_ACCOUNT = 5


@dataclass(frozen=True)
class Account:
    """An account (账户).

    Attributes:
        id: Its name for ever, 1 to 128 bytes of UTF-8; `account_id` makes one.
        code: Of the chart of accounts (科目), such as `1303`.
        currency: ISO 4217 code; every transfer of the account is in it.
        party: Whose it is, or whom it is about; empty where nobody.
        contract: Which contract it is about; empty where none.
        limit: What must hold of its totals.
    """

    id: str
    code: str
    currency: str = "CNY"
    party: str = ""
    contract: str = ""
    limit: Limit = Limit.NONE

    def refusal(self) -> AccountOutcome:
        """Why it cannot be opened; `OPENED` where it can."""
        if not 1 <= len(self.id.encode()) <= ID_BYTES_MAX:
            return AccountOutcome.ID_MUST_HAVE_1_TO_128_BYTES
        if not self.code:
            return AccountOutcome.CODE_MUST_BE_GIVEN
        if self.currency not in MINOR_PER_MAJOR:
            return AccountOutcome.CURRENCY_MUST_BE_KNOWN
        return AccountOutcome.OPENED

    def told(self) -> list[str | int]:
        """Its content as JSON values, in a fixed order."""
        return [self.id, self.code, self.currency, self.party, self.contract, int(self.limit)]


def account_told(told: list[str | int]) -> Account:
    """The account that `Account.told` told."""
    name, code, currency, party, contract, limit = told
    return Account(
        str(name), str(code), str(currency), str(party), str(contract), Limit(int(limit))
    )


def account_id(code: str, about: str, currency: str = "CNY") -> str:
    """The usual name of an account: code, contract or party, currency.

    Raises:
        InputError: It is longer than 128 bytes of UTF-8.
    """
    found = "/".join((code, about, currency)) if about else f"{code}/{currency}"
    if len(found.encode()) > ID_BYTES_MAX:
        raise InputError(
            f"The name of an account would have {len(found.encode())} bytes",
            where=found,
            remedy=f"Name contract or party by at most {ID_BYTES_MAX - 12} bytes",
        )
    return found
