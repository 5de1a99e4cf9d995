"""What a customer is told about a decision: what was done, and why in words of the pack.

No threshold, list, model or other customer is ever named: only words of the pack are said. The
reason of a list's entry, for one, is a person's note and may say anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from headrace.decisions.feel.tree import Literal
from headrace.decisions.flow.policy import ListStep, Policy
from headrace.decisions.flow.saying import REASON
from headrace.pack import Text

TOLD: Mapping[str, Text] = {
    "approve": Text("It went through.", "已通过。"),
    "notify": Text(
        "It went through; please look whether it was you.", "已通过，请确认是否本人操作。"
    ),
    "step_up": Text("Please confirm that it is you.", "请验证是您本人操作。"),
    "refer": Text(
        "One of our staff is looking at it and will come back to you.",
        "我们的工作人员正在核实，会尽快与您联系。",
    ),
    "decline": Text("It did not go through.", "未通过。"),
    "block": Text(
        "It did not go through, and nothing else will until you have spoken to us.",
        "未通过，在您与我们联系之前，后续操作将暂停。",
    ),
}
"""What a customer is told was done."""


@dataclass(frozen=True)
class CustomerReason:
    """What a customer is told.

    Attributes:
        action: What was done.
        done: The same in words.
        why: Why; None where the pack has no words for it, and then nothing is said.
    """

    action: str
    done: Text
    why: Text | None

    def in_language(self, language: str) -> str:
        """All of it, in "en" or "zh"."""
        parts = [self.done, *([self.why] if self.why is not None else [])]
        return ("" if language == "zh" else " ").join(each.in_language(language) for each in parts)

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


def customer_reason(record: Mapping[str, Any], texts: Mapping[str, Text]) -> CustomerReason:
    """What the customer is told about a decision.

    Args:
        record: As `headrace.decisions.flow.record.one_record` has it.
        texts: What each reason code says to customers.
    """
    return CustomerReason(record["action"], TOLD[record["action"]], texts.get(record["reason"]))


def reasons_of(policy: Policy) -> frozenset[str]:
    """The reason codes that a policy states; what expressions compute is not among them."""
    lists = [step for step in policy.steps if isinstance(step, ListStep)]
    found = {step.reason for step in lists if step.action is not None and step.reason}
    for table in policy.tables.values():
        for place, column in enumerate(table.outputs):
            if column.name == REASON:
                cells = [rule.outputs[place] for rule in table.rules]
                cells += [column.default] if column.default is not None else []
                found |= {str(e.value) for e in cells if isinstance(e, Literal) and e.value}
    return frozenset(found)
