"""Charts of accounts (会计科目表) as data, and which account plays which role.

A chart is a TOML file that a lender may edit: codes, names, kinds, limits and roles are data.
`verified` says that somebody read the official text; what ships rests on what `read` names under
its source, and is unverified. A role is a name that contracts use (`loan_principal`), so that no
contract knows a code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from headrace.errors import MappingError
from headrace.ledger.account import Account, Limit, account_id

SHIPPED = "chart_cn.toml"


class Kind(StrEnum):
    """What an account is: where it stands in the statements."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"
    OFF_BALANCE = "off_balance"


class Side(StrEnum):
    """On which side an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


KIND_WORDS = {
    Kind.ASSET: ("assets", "资产"),
    Kind.LIABILITY: ("liabilities", "负债"),
    Kind.EQUITY: ("equity", "所有者权益"),
    Kind.INCOME: ("income", "收入"),
    Kind.EXPENSE: ("expenses", "费用"),
    Kind.OFF_BALANCE: ("off the balance sheet", "表外"),
}
"""English and Chinese."""

_DEBIT_KINDS = {Kind.ASSET, Kind.EXPENSE, Kind.OFF_BALANCE}


@dataclass(frozen=True)
class Source:
    """A text that codes rest on, and what of it was read."""

    id: str
    zh: str
    en: str
    number: str
    read: str


@dataclass(frozen=True)
class Entry:
    """An account of a chart (科目).

    Attributes:
        code: Such as `1303`.
        zh: Its name in Chinese.
        en: Its name in English.
        kind: Where it stands in the statements.
        contra: It lessens its kind, as an allowance does.
        limit: What accounts of this code must not do.
        source: Id of a source.
        own: The source has no such code; it is ours.
        verified: Somebody read it in the official text.
    """

    code: str
    zh: str
    en: str
    kind: Kind
    contra: bool
    limit: Limit
    source: str
    own: bool
    verified: bool

    @property
    def side(self) -> Side:
        """On which side it grows."""
        return Side.DEBIT if (self.kind in _DEBIT_KINDS) != self.contra else Side.CREDIT


@dataclass(frozen=True)
class Chart:
    """A chart of accounts in the view of one kind of lender.

    Attributes:
        entries: By code.
        roles: Code by role.
        sources: By id.
    """

    entries: Mapping[str, Entry]
    roles: Mapping[str, str]
    sources: Mapping[str, Source]

    def code(self, role: str) -> str:
        """The code that plays a role.

        Raises:
            MappingError: None does.
        """
        if role not in self.roles:
            raise MappingError(
                f"No account plays the role {role!r}",
                where="chart of accounts",
                remedy=f"Add it under [role.all]; there are {', '.join(sorted(self.roles))}",
            )
        return self.roles[role]

    def entry(self, code: str) -> Entry:
        """An account of the chart.

        Raises:
            MappingError: There is none of that code.
        """
        if code not in self.entries:
            raise MappingError(
                f"The chart has no account {code!r}",
                where="chart of accounts",
                remedy=f"Add [account.{code}]",
            )
        return self.entries[code]

    def account(
        self, role: str, *, contract: str = "", party: str = "", currency: str = "CNY"
    ) -> Account:
        """The account that plays a role for a contract, a party or nobody in particular.

        Its id names the contract; where there is none, the party.

        Raises:
            MappingError: No account plays the role.
            InputError: The id would be longer than 128 bytes.
        """
        entry = self.entry(self.code(role))
        return Account(
            account_id(entry.code, contract or party, currency),
            entry.code,
            currency,
            party,
            contract,
            entry.limit,
        )


def shipped(view: str) -> Chart:
    """The chart that comes with Headrace, as a `bank` or a `platform` uses it."""
    text = files("headrace.ledger").joinpath(SHIPPED).read_text("utf-8")
    return read_chart(text, view, SHIPPED)


def read_chart(text: str, view: str, where: str) -> Chart:
    """The chart that a TOML text holds.

    Args:
        text: As in `chart_cn.toml`.
        view: Which table of roles goes before `role.all`.
        where: The file, for errors.

    Raises:
        MappingError: It says something that cannot be.
    """
    try:
        told = tomllib.loads(text)
        sources = {each["id"]: Source(**each) for each in told.get("source", [])}
        entries = {code: _entry(code, each) for code, each in told["account"].items()}
        roles = {**told["role"].get("all", {}), **told["role"][view]}
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"This is not TOML: {error}", where=where) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MappingError(
            f"The chart cannot be read: {type(error).__name__} {error}",
            where=where,
            remedy="Compare it with the chart that ships, chart_cn.toml",
        ) from error
    missing = sorted({code for code in roles.values() if code not in entries})
    unsaid = sorted({each.source for each in entries.values()} - sources.keys())
    for what, names in (("account", missing), ("source", unsaid)):
        if names:
            raise MappingError(
                f"The chart names what it does not hold: {what} {', '.join(names)}", where=where
            )
    return Chart(entries, roles, sources)


def _entry(code: str, told: Mapping[str, Any]) -> Entry:
    return Entry(
        code=code,
        zh=told["zh"],
        en=told["en"],
        kind=Kind(told["kind"]),
        contra=bool(told.get("contra", False)),
        limit=Limit[str(told.get("limit", "none")).upper()],
        source=told["source"],
        own=bool(told.get("own", False)),
        verified=bool(told["verified"]),
    )
