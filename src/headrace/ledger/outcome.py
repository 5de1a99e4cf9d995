"""What became of a transfer: a closed set, in the order in which it is checked.

Of several reasons a transfer is told the first. `DONE` and `EXISTS` are good news; every other
member names the requirement that was broken.
"""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """One a transfer."""

    DONE = 0
    EXISTS = 1  # the same transfer was done before
    # groups
    GROUP_MUST_END_IN_ITS_BATCH = 2
    GROUP_MUST_HOLD_AS_A_WHOLE = 3  # another of its group was refused
    # what can be seen in the transfer alone
    ID_MUST_HAVE_1_TO_128_BYTES = 4
    KIND_MUST_BE_KNOWN = 5
    DAY_MUST_BE_GIVEN = 6
    AMOUNT_MUST_BE_ABOVE_ZERO = 7
    VOID_MUST_NAME_NO_AMOUNT = 8
    HOLD_MUST_BE_NAMED = 9
    HOLD_MUST_NAME_NO_TRANSFER = 10
    TIMEOUT_IS_FOR_HOLDS = 11
    TIMEOUT_MUST_NOT_BE_NEGATIVE = 12
    # the same id came before
    ID_MUST_COME_ONCE_IN_A_BATCH = 13  # its first row in this batch was refused
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DEBIT = 14
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CREDIT = 15
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_AMOUNT = 16
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CURRENCY = 17
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DAY = 18
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_KIND = 19
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_LINK = 20
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_TIMEOUT = 21
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_REFERENCE = 22  # `refers_to`
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CONTRACT = 23
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_FACT = 24
    ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_MEMO = 25
    GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED = 26
    # accounts
    DEBIT_ACCOUNT_MUST_EXIST = 27
    CREDIT_ACCOUNT_MUST_EXIST = 28
    ACCOUNTS_MUST_BE_DIFFERENT = 29
    CURRENCY_MUST_BE_THAT_OF_THE_ACCOUNTS = 30
    # what it refers to
    TRANSFER_REFERRED_TO_MUST_EXIST = 31
    TRANSFER_REFERRED_TO_MUST_BE_A_HOLD = 32
    ACCOUNTS_MUST_BE_THOSE_OF_THE_HOLD = 33
    DAY_MUST_NOT_BE_BEFORE_THE_HOLD = 34
    HOLD_MUST_NOT_BE_POSTED = 35
    HOLD_MUST_NOT_BE_VOIDED = 36
    HOLD_MUST_NOT_HAVE_EXPIRED = 37
    AMOUNT_MUST_NOT_EXCEED_THE_HOLD = 38
    # totals
    DEBITS_MUST_NOT_OVERFLOW = 39
    CREDITS_MUST_NOT_OVERFLOW = 40
    DEBITS_MUST_NOT_EXCEED_CREDITS = 41
    CREDITS_MUST_NOT_EXCEED_DEBITS = 42

    @property
    def held(self) -> bool:
        """Whether the transfer stands in the book now."""
        return self <= Outcome.EXISTS

    @property
    def requirement(self) -> str:
        """The requirement in words, in English."""
        return self.name.lower().replace("_", " ")


DIFFERENCES = {
    "debit": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DEBIT,
    "credit": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CREDIT,
    "amount": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_AMOUNT,
    "currency": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CURRENCY,
    "on": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DAY,
    "kind": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_KIND,
    "linked": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_LINK,
    "timeout_seconds": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_TIMEOUT,
    "refers_to": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_REFERENCE,
    "contract": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CONTRACT,
    "fact": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_FACT,
    "memo": Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_MEMO,
}
"""By the column that differs, in the order of checking."""

WORDS_ZH = {
    Outcome.DONE: "已入账",
    Outcome.EXISTS: "此前已入账（相同内容）",
    Outcome.GROUP_MUST_END_IN_ITS_BATCH: "联动分录组须在同一批次内结束",
    Outcome.GROUP_MUST_HOLD_AS_A_WHOLE: "联动分录组须全部成立，组内另有分录被拒",
    Outcome.ID_MUST_HAVE_1_TO_128_BYTES: "流水号须为1至128字节",
    Outcome.KIND_MUST_BE_KNOWN: "分录类型须为已知类型",
    Outcome.DAY_MUST_BE_GIVEN: "须给出会计日期",
    Outcome.AMOUNT_MUST_BE_ABOVE_ZERO: "金额须大于零",
    Outcome.VOID_MUST_NAME_NO_AMOUNT: "撤销冻结不得指定金额",
    Outcome.HOLD_MUST_BE_NAMED: "须指明所入账或撤销的冻结",
    Outcome.HOLD_MUST_NAME_NO_TRANSFER: "冻结不得引用其他分录",
    Outcome.TIMEOUT_IS_FOR_HOLDS: "只有冻结可设期限",
    Outcome.TIMEOUT_MUST_NOT_BE_NEGATIVE: "冻结期限不得为负",
    Outcome.ID_MUST_COME_ONCE_IN_A_BATCH: "同一批次内流水号不得重复（首条已被拒）",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DEBIT: "流水号重复而借方账户不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CREDIT: "流水号重复而贷方账户不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_AMOUNT: "流水号重复而金额不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CURRENCY: "流水号重复而币种不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_DAY: "流水号重复而会计日期不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_KIND: "流水号重复而类型不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_LINK: "流水号重复而联动标记不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_TIMEOUT: "流水号重复而冻结期限不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_REFERENCE: "流水号重复而所引分录不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_CONTRACT: "流水号重复而合同不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_FACT: "流水号重复而事实不同",
    Outcome.ID_MUST_NOT_COME_AGAIN_WITH_ANOTHER_MEMO: "流水号重复而摘要不同",
    Outcome.GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED: "联动分录组须全部为新或全部为重复",
    Outcome.DEBIT_ACCOUNT_MUST_EXIST: "借方账户须存在",
    Outcome.CREDIT_ACCOUNT_MUST_EXIST: "贷方账户须存在",
    Outcome.ACCOUNTS_MUST_BE_DIFFERENT: "借贷账户不得相同",
    Outcome.CURRENCY_MUST_BE_THAT_OF_THE_ACCOUNTS: "币种须与借贷账户一致",
    Outcome.TRANSFER_REFERRED_TO_MUST_EXIST: "所引分录须存在",
    Outcome.TRANSFER_REFERRED_TO_MUST_BE_A_HOLD: "所引分录须为冻结",
    Outcome.ACCOUNTS_MUST_BE_THOSE_OF_THE_HOLD: "账户须与冻结一致",
    Outcome.DAY_MUST_NOT_BE_BEFORE_THE_HOLD: "会计日期不得早于冻结",
    Outcome.HOLD_MUST_NOT_BE_POSTED: "冻结已入账",
    Outcome.HOLD_MUST_NOT_BE_VOIDED: "冻结已撤销",
    Outcome.HOLD_MUST_NOT_HAVE_EXPIRED: "冻结已过期",
    Outcome.AMOUNT_MUST_NOT_EXCEED_THE_HOLD: "金额不得超过冻结金额",
    Outcome.DEBITS_MUST_NOT_OVERFLOW: "借方累计超出整数范围",
    Outcome.CREDITS_MUST_NOT_OVERFLOW: "贷方累计超出整数范围",
    Outcome.DEBITS_MUST_NOT_EXCEED_CREDITS: "借方累计不得超过贷方累计（余额不足）",
    Outcome.CREDITS_MUST_NOT_EXCEED_DEBITS: "贷方累计不得超过借方累计（余额不足）",
}
"""What is shown to people who read Chinese."""
