"""The one shape in which a contract moves money: from one role to another, in whole minor units.

A contract does not know account numbers. It names roles; the ledger's chart of accounts says which
account plays a role, and a workflow posts the movement. Each has one debit and one credit of the
same amount, so that debits equal credits whatever a contract does.
"""

from dataclasses import dataclass
from datetime import date

ROLES = {
    # assets
    "cash": "money of the lender at a bank (银行存款)",
    "loan_principal": "principal not yet due or overdue (贷款本金)",
    "overdue_principal": "principal past its due day (逾期本金)",
    "interest_receivable": "interest earned and not paid (应收利息)",
    "penalty_receivable": "penalty and compound interest earned and not paid (应收罚息及复利)",
    "fee_receivable": "fees due and not paid (应收手续费)",
    "bill_receivable": "bills held (应收票据)",
    "voucher_receivable": "receivable vouchers held (应收账款电子凭证)",
    "guarantee_receivable": "compensation claimed from a guarantor (应收代偿款)",
    "margin_deposit_paid": "margin paid to an exchange or counterparty (存出保证金)",
    "goods": "goods owned (库存商品)",
    "loss_allowance": "allowance for expected loss, a credit balance (贷款损失准备)",
    # liabilities
    "borrower_deposit": "money of the borrower kept by the lender (客户存款)",
    "controlled_payment": "drawn and not yet paid on to the named payee (受托支付待付款)",
    "margin_deposit_held": "margin kept for others (存入保证金)",
    "guarantee_pool": "money of a risk-sharing pool (风险补偿资金池)",
    "partner_payable": "owed to a co-lender, guarantor, insurer or investor (应付合作方款)",
    "collections_payable": "collected for a securitised pool, not yet paid over (应付归集款)",
    "notes_outstanding": "asset-backed notes in issue (资产支持证券)",
    "fee_income_deferred": "fees received and not yet earned (递延手续费)",
    # equity
    "capital": "what the owners put in (实收资本)",
    # income and expense
    "interest_income": "利息收入",
    "penalty_income": "罚息及复利收入",
    "fee_income": "手续费收入",
    "trading_gain": "gain on goods and futures (价差收益)",
    "recovery_income": "recovered after write-off (已核销收回)",
    "credit_loss": "impairment and losses borne (信用减值损失)",
    "interest_expense": "利息支出",
    "fee_expense": "fees and premiums paid (手续费支出)",
    "trading_loss": "loss on goods and futures (价差损失)",
    # off the balance sheet: each has the other side in `memorandum`
    "memorandum": "the other side of every item off the balance sheet (备查)",
    "limit_granted": "credit limit granted and not drawn (未使用授信额度)",
    "collateral_held": "collateral at its pledged value (抵质押物)",
    "voucher_anchored": "vouchers issued against a core enterprise's limit (凭证占用额度)",
    "interest_suspended": "interest kept off income (表外利息)",
    "written_off": "written off and still claimed (已核销资产)",
}
"""Role to what it holds. A movement may name only these."""


@dataclass(frozen=True)
class Movement:
    """Money moved from one role to another.

    Attributes:
        debit: A role of `ROLES`.
        credit: Another role of `ROLES`.
        amount: Minor units, above 0.
        currency: ISO 4217 code.
        on: The day it counts for.
        memo: The business act, in lower case with underscores: `disburse`, `repay_principal`.

    Raises:
        ValueError: A role is unknown, both are the same, or the amount is not above 0.
    """

    debit: str
    credit: str
    amount: int
    currency: str
    on: date
    memo: str

    def __post_init__(self) -> None:
        for role in (self.debit, self.credit):
            if role not in ROLES:
                message = f"{role!r} is no role; roles are {', '.join(ROLES)}"
                raise ValueError(message)
        if self.debit == self.credit:
            message = f"{self.memo}: debit and credit are both {self.debit}"
            raise ValueError(message)
        if self.amount <= 0:
            message = f"{self.memo}: an amount is above 0, not {self.amount}"
            raise ValueError(message)
