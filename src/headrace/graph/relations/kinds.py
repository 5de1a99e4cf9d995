"""What can be between two parties, and what each kind of relation says."""

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """The kinds by number, in the order of `headrace.facts.kinds.RELATIONS`."""

    OWNS = 0
    VOTES = 1
    GENERAL_PARTNER = 2
    LIMITED_PARTNER = 3
    CONTROLS = 4
    ACTS_WITH = 5
    PROXY = 6
    NOMINEE = 7
    GUARANTEES = 8
    FAMILY = 9
    OFFICE = 10
    BRANCH_OF = 11
    USES = 12
    TRADES = 13
    TRANSFERS = 14
    SUPPLIES = 15
    LENDS = 16
    ON_CHAIN = 17
    DEPENDS = 18
    DISPUTES = 19


class Type(IntEnum):
    """Sorts of node: those of `headrace.facts.kinds.PARTY_TYPES`, and what is no party."""

    UNKNOWN = 0
    PERSON = 1
    COMPANY = 2
    PARTNERSHIP = 3
    BRANCH = 4
    FUND = 5
    STATE = 6
    OTHER = 7
    ATTRIBUTE = 8  # a phone, an address, a device that parties share
    CHAIN_NODE = 9  # a place on an industry chain


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an edge of a kind says.

    Attributes:
        en: "subject … object", in English.
        zh: The same in Chinese.
        mutual: Whether it holds in both directions, so that direction says nothing.
        event: Whether it happened once, at `since`, rather than lasted.
    """

    en: str
    zh: str
    mutual: bool = False
    event: bool = False


MEANINGS: dict[Kind, Meaning] = {
    Kind.OWNS: Meaning("holds a share of the equity of", "持股"),
    Kind.VOTES: Meaning("holds a share of the votes, apart from equity, of", "持有表决权"),
    Kind.GENERAL_PARTNER: Meaning("is general partner of", "普通合伙人"),
    Kind.LIMITED_PARTNER: Meaning("is limited partner of", "有限合伙人"),
    Kind.CONTROLS: Meaning("controls by contract or board", "协议或董事会控制"),
    Kind.ACTS_WITH: Meaning("acts in concert with", "一致行动", mutual=True),
    Kind.PROXY: Meaning("entrusts its votes to", "委托表决权给"),
    Kind.NOMINEE: Meaning("holds in its own name for", "代持"),
    Kind.GUARANTEES: Meaning("guarantees debts of", "担保"),
    Kind.FAMILY: Meaning("is kin of", "亲属"),
    Kind.OFFICE: Meaning("holds an office at", "任职"),
    Kind.BRANCH_OF: Meaning("is a branch of", "分支机构"),
    Kind.USES: Meaning("uses", "使用"),
    Kind.TRADES: Meaning("sells to", "销售给", event=True),
    Kind.TRANSFERS: Meaning("pays", "转账给", event=True),
    Kind.SUPPLIES: Meaning("supplies", "供货给"),
    Kind.LENDS: Meaning("lends to", "借款给"),
    Kind.ON_CHAIN: Meaning("stands on the industry chain at", "挂链于"),
    Kind.DEPENDS: Meaning("depends economically on", "经济依存于"),
    Kind.DISPUTES: Meaning("sues", "起诉", event=True),
}

ROLES_ZH = {
    "spouse": "配偶",
    "parent": "父母",
    "child": "子女",
    "sibling": "兄弟姐妹",
    "grandparent": "祖父母",
    "grandchild": "孙子女",
    "legal_representative": "法定代表人",
    "chairman": "董事长",
    "director": "董事",
    "supervisor": "监事",
    "general_manager": "总经理",
    "senior_manager": "高级管理人员",
    "core_approver": "核心审批人员",
    "actual_controller": "实际控制人",
    "board": "董事会",
    "contract": "协议",
    "joint": "连带责任",
    "address": "地址",
    "phone": "电话",
    "device": "设备",
    "email": "电子邮箱",
    "income": "收入",
    "expenditure": "支出",
    "purchases": "采购",
    "repayment": "还款",
    "funding": "融资",
    "repayment_source": "还款来源",
}
"""Usual roles for Chinese readers; sources have words of their own, which stay as they are."""
