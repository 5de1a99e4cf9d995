"""Refusals and findings for people, in English and Chinese."""

from enum import StrEnum
from typing import NamedTuple

from headrace.contracts.instruments.acts import Answer


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


WORDS = {
    # answers to acts on vouchers and bills
    "applied": Words("done", "已办理"),
    "repeated": Words("done before under this key", "该幂等键的同一操作此前已办理"),
    "key_taken": Words("the key was used for another act", "幂等键已用于其他操作"),
    "party_unknown": Words("a party is not known to the book", "当事人未登记"),
    "paper_unknown": Words("no such voucher or bill", "凭证或票据不存在"),
    "piece_unknown": Words("no such piece", "子凭证不存在"),
    "paper_exists": Words("the number is taken", "编号已存在"),
    "amount_not_positive": Words("an amount is above zero", "金额必须大于零"),
    "limit_exceeded": Words("over the payer's limit", "超出核心企业额度"),
    "limit_below_used": Words("the limit is below what is used", "额度低于已占用额度"),
    "due_not_after_day": Words("due no later than the day of issue", "到期日不晚于开立日"),
    "tenor_too_long": Words("runs longer than the rules allow", "付款期限超过规定上限"),
    "trade_missing": Words("no trade is behind it", "缺少贸易背景"),
    "not_entitled": Words("another party may do this", "操作人无此权限"),
    "not_awaiting_acceptance": Words("not awaiting acceptance", "不处于待签收、待承兑状态"),
    "not_outstanding": Words("not accepted, or ended already", "尚未生效或已终结"),
    "piece_spent": Words("the piece was spent already", "子凭证已拆分、流转或终结"),
    "more_than_held": Words("more than the piece holds", "超过持有金额"),
    "same_party": Words("both are one party", "转让双方为同一主体"),
    "payer_as_holder": Words("the payer cannot hold its own paper", "付款人不得成为持有人"),
    "payment_begun": Words("payment has begun", "已开始兑付，不得再拆分流转"),
    "past_due": Words("on or after the due day", "已到期，不得再流转"),
    "day_before_last": Words("before what happened already", "日期早于既有操作"),
    "is_pledged": Words("pledged", "已质押"),
    "not_pledged": Words("not pledged", "未质押"),
    "not_registered": Words("not in the unified register", "未在统一登记系统登记"),
    "registered_for_other": Words("registered for another funder", "已登记在其他资金方名下"),
    "already_registered": Words("registered already", "已登记"),
    "price_out_of_range": Words("the price is missing or above face", "价格缺失或高于面额"),
    "more_than_unpaid": Words("more than is unpaid", "超过未付金额"),
    "not_yet_overdue": Words("not overdue yet", "尚未逾期"),
    "not_defaulted": Words("not in default", "未发生拒付"),
    "without_recourse": Words("handed on without recourse", "无追索权"),
    "not_the_endorser": Words("not an endorser who can be asked", "不是可追索的前手"),
    "own_endorsement": Words("own endorsement comes before", "持票人为前手，对其后手无追索权"),
    "nothing_lost": Words("nothing was lost", "无损失可追索"),
    "not_a_voucher": Words("only a voucher is converted", "仅凭证可转换为票据"),
    # controlled payment
    "stage_is_another": Words("the payment is at another stage", "支付单状态不符"),
    "payee_differs": Words("not the payee named", "收款人不符"),
    "account_differs": Words("not the account named", "收款账号不符"),
    "paper_differs": Words("not the order or invoice named", "对应订单或发票不符"),
    "more_than_paper": Words("more than the order or invoice", "超过订单或发票金额"),
    "checked_by_same_person": Words("checker and approver are one", "复核人与经办人为同一人"),
    # orders
    "order_exists": Words("the order was entered already", "订单已录入"),
    "order_unknown": Words("no such order", "订单不存在"),
    "order_closed": Words("the order is closed", "订单已关闭"),
    "share_out_of_range": Words("a share is above 0 and at most 1", "融资比例须大于0且不超过1"),
    "over_financed_share": Words("over the financed share", "超过订单可融资额"),
    "more_than_ordered": Words("more than was ordered", "超过订单金额"),
    "more_than_delivered": Words("more than was delivered", "超过已交货金额"),
    # goods released against deposit
    "already_opened": Words("started already", "已启用"),
    "not_opened": Words("not started", "未启用"),
    "settled_already": Words("settled already", "已结算"),
    "deposit_too_small": Words("the first deposit is too small", "首付保证金不足"),
    "more_than_loan": Words("more than is owed", "超过贷款余额"),
    "beyond_deposit": Words("more goods than deposited for", "提货金额超过保证金"),
    "beyond_release": Words("more than was released", "发货超过提货通知"),
    "shipping_stopped": Words("shipping is stopped", "已通知停止发货"),
    "not_yet_due": Words("not due yet", "未到期"),
    "more_than_owed": Words("more than is owed", "超过应付金额"),
    "paid_already": Words("the core was paid already", "已向核心企业付款"),
    # receipts
    "receipt_exists": Words("the receipt number is taken", "仓单号已存在"),
    "receipt_unknown": Words("no such receipt", "仓单不存在"),
    "receipt_ended": Words("the receipt has ended", "仓单已注销"),
    "quantity_not_positive": Words("a quantity is above zero", "数量必须大于零"),
    "more_than_there": Words("more than the receipt holds", "超过仓单数量"),
    "is_held": Words("held for a lender", "已质押监管"),
    "not_held": Words("not held", "未质押"),
    "not_the_owner": Words("not the owner", "非货主"),
    "not_alike": Words("goods, place or owner differ", "货物、库位或货主不一致"),
    "pledge_exists": Words("the pledge exists already", "质押编号已存在"),
    "pledge_unknown": Words("no such pledge", "质押不存在"),
    "price_missing": Words("no price is known", "缺少价格"),
    "below_floor": Words("less than the floor would stay", "低于核定库存价值"),
    "counted_more": Words("more than the receipt says", "盘点多于仓单数量"),
    # double pledge
    "same_receipt": Words("the receipt is pledged already", "同一仓单重复质押"),
    "same_serial": Words("the serial number is pledged already", "同一序列号重复质押"),
    "same_lot": Words("same batch, place and time", "同批次、同库位、同时段货物重复质押"),
    "over_financed": Words("financed beyond its amount", "同一单据融资合计超过单据金额"),
    "shared_paper": Words("financed in part elsewhere", "同一单据已部分融资"),
    "amount_differs": Words("same number, other amount", "同一单据号金额不一致"),
    "order_and_invoice": Words("its order or invoice is financed", "对应订单或发票已融资"),
    "near_number": Words("a number one character away", "相近单据：号码仅差一位"),
    "near_paper": Words("same parties, amount and days", "相近单据：双方、金额相同且日期相近"),
    "same_place": Words("other goods at the same place", "同库位、同时段存在其他质押"),
    "blanket": Words("all receivables are registered", "该企业全部应收账款已登记"),
}
"""By the value of a refusal or reason, or the name of an `Answer` in lower case."""


def words(refusal: StrEnum | Answer) -> Words:
    """A refusal, answer or reason for people."""
    return WORDS[refusal.name.lower() if isinstance(refusal, Answer) else refusal.value]
