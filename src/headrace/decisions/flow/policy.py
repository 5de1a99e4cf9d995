"""What a policy says: steps in order, each with its table, list, model or value.

    policy: card_payments
    title: {en: Card payments, zh: 银行卡支付}
    customer: customer                 # who a list, a rollout and a case are about
    time zone: Asia/Shanghai           # whose days `decision_date` counts
    inputs:                            # beside the features of the pack
      country: string
    steps:
      - list: blocked                  # a list of lists.csv
        kind: black
        by: card
      - list: trusted
        kind: white
        by: customer
        skips: [velocity]              # steps that are not asked about who is on it
      - segment: segment               # a table whose output says which steps follow
      - model: fraud                   # a model of the pack, or of the folder
        within ms: 20
        fallback: 0.02                 # where it is late or fails; the decision says so
      - table: velocity                # velocity.csv, .yaml, .dmn, or a sheet of a workbook
        when: segment = "retail"
      - value: exposure
        is: amount * fraud
    results:
      limit: min(limit.share * sales_12m, 1000000)
    otherwise: refer                   # where no step says what to do
    exposure: amount                   # what is at stake, in minor units

A step's value is known to the steps after it by its name; a table with several outputs gives
`table.output`. A table with an output `action` says what to do, with its `reason`. The most severe
action of all steps stands, the first step that said so decided, and every other is in the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from headrace.decisions.feel import Expression, write
from headrace.decisions.tables.table import Table

DECISION_TIME = "decision_time"
DECISION_DATE = "decision_date"
ALWAYS_KNOWN: Mapping[str, str] = {DECISION_TIME: "date and time", DECISION_DATE: "date"}
"""Inputs that every policy has: rules that hold for a time test these."""


class Action(IntEnum):
    """What to do, the more severe the greater."""

    APPROVE = 0
    NOTIFY = 1  # go on, and tell somebody
    STEP_UP = 2  # ask the customer for one more proof
    REFER = 3  # a person decides
    DECLINE = 4
    BLOCK = 5  # and nothing else of this card or customer either

    @property
    def word(self) -> str:
        """As tables spell it."""
        return self.name.lower()


ACTIONS: Mapping[str, Action] = {each.word: each for each in Action}


class ListKind(IntEnum):
    """What it means to be on a list."""

    WHITE = 0  # named steps are not asked
    GREY = 1  # look closer
    BLACK = 2  # no


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; asked where its condition is true.

    Attributes:
        name: As the record cites it; its value goes by it.
        when: A condition; None asks it of every case.
    """

    name: str
    when: Expression | None = None


@dataclass(frozen=True, kw_only=True)
class ListStep(Step):
    """Is the case on a list; its value is true or false.

    Attributes:
        kind: What being on it means.
        by: The input whose value is looked up.
        action: For black and grey; None on a white list.
        reason: Where an entry gives none.
        skips: Steps that are not asked about who is on a white list.
    """

    kind: ListKind
    by: str
    action: Action | None
    reason: str
    skips: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableStep(Step):
    """A decision table; `name` is also the table's."""


@dataclass(frozen=True, kw_only=True)
class ModelStep(Step):
    """A model's answer, a number.

    Attributes:
        within_ms: How long it may take; None: as long as it takes.
        fallback: The value where it is late or fails; None is missing.
    """

    within_ms: int | None = None
    fallback: float | None = None


@dataclass(frozen=True, kw_only=True)
class ValueStep(Step):
    """An expression over what is known so far."""

    expression: Expression


AnyStep = ListStep | TableStep | ModelStep | ValueStep


@dataclass(frozen=True)
class Policy:
    """A policy, read.

    Attributes:
        name: As decisions and evidence cite it.
        customer: The input that says whom a decision is about.
        zone: IANA name of the time zone whose days `decision_date` counts.
        inputs: Inputs it declares beside features: FEEL type by name.
        steps: In order.
        tables: Of its table steps, by name.
        results: Terms of the decision, by name: limit, rate, term_months, or any other.
        otherwise: The action where no step gave one.
        exposure: The input that says what is at stake, in minor units; empty: none does.
        title_en: For people.
        title_zh: The same in Chinese.
        file: Where it was read, for errors.
    """

    name: str
    customer: str
    zone: str
    inputs: Mapping[str, str]
    steps: tuple[AnyStep, ...]
    tables: Mapping[str, Table]
    results: Mapping[str, Expression]
    otherwise: Action = Action.REFER
    exposure: str = ""
    title_en: str = ""
    title_zh: str = ""
    file: str = field(default="", compare=False)

    def canonical_bytes(self) -> bytes:
        """The policy's meaning in one spelling: equal for files that differ in layout only."""
        content = {
            "name": self.name,
            "customer": self.customer,
            "zone": self.zone,
            "inputs": dict(self.inputs),
            "steps": [_said(step) for step in self.steps],
            "tables": {name: table.digest() for name, table in self.tables.items()},
            "results": {name: write(each) for name, each in self.results.items()},
            "otherwise": self.otherwise.word,
            "exposure": self.exposure,
            "title_en": self.title_en,
            "title_zh": self.title_zh,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return hashlib.sha256(self.canonical_bytes()).hexdigest()


def _said(step: AnyStep) -> dict[str, object]:
    """A step as plain values."""
    said: dict[str, object] = {"is": type(step).__name__}
    for name, value in vars(step).items():
        if isinstance(value, Expression):
            said[name] = write(value)
        elif isinstance(value, IntEnum):
            said[name] = value.name.lower()
        else:
            said[name] = value
    return said
