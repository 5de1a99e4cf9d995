"""What customers are told about why a payment was decided as it was.

Nothing here helps whoever tries a stolen card: no number, list, model or other customer is named,
and what would give a rule away is said alike for several.
"""

from collections.abc import Mapping
from types import MappingProxyType

from headrace.pack import Text

UNUSUAL = Text(
    "The payment is not like the ones you usually make.",
    "这笔交易与您平时的交易习惯不同。",
)
PLACE = Text(
    "We are taking extra care with payments at this shop.",
    "我们正对该商户的交易进行额外核实。",
)
PROTECTION = Text(
    "We could not finish all our safety checks in time.",
    "我们未能及时完成全部安全核验。",
)
CARD = Text(
    "This card cannot be used at present. Please call us.",
    "此卡目前无法使用，请致电我们。",
)
NOTHING = Text(
    "Nothing about the payment was out of the ordinary.",
    "这笔交易没有异常。",
)

REASONS: Mapping[str, Text] = MappingProxyType(
    {
        "on_the_black_list": CARD,
        "confirmed_fraud": CARD,
        "terminal_is_watched": PLACE,
        "terminal_frauds_reported": PLACE,
        "terminal_is_probed": PLACE,
        "amount_over_220": UNUSUAL,
        "small_then_large": UNUSUAL,
        "many_payments_1d": UNUSUAL,
        "unusual_amount_new_terminal": UNUSUAL,
        "many_terminals_fast": UNUSUAL,
        "fraud_near_certain": UNUSUAL,
        "fraud_likely": UNUSUAL,
        "fraud_possible": UNUSUAL,
        "model_late": PROTECTION,
        "no_sign_of_fraud": NOTHING,
    }
)
"""Sentence by the reason code of the payments policy."""
