"""What can be done with a voucher or a bill, and the closed list of answers.

Chinese names beside the English: an act is written once, by whoever does it, and never changed.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from headrace.contracts.instruments import kernels


class PaperKind(IntEnum):
    """Which instrument."""

    VOUCHER = kernels.VOUCHER
    BILL = kernels.BILL


class ActKind(IntEnum):
    """What is done, and by whom.

    Attributes:
        SET_LIMIT: Set what `to`, a core enterprise or acceptor, may owe at once (额度).
        ISSUE: The payer issues a voucher (开立), a drawer a bill on `payer` (出票).
        ACCEPT: The payee receives a voucher (签收); the payer accepts a bill (承兑).
        CANCEL: Payer, drawer or payee end it before acceptance (撤销、拒收、拒绝承兑).
        SPLIT_OFF: The holder cuts `amount` off a piece (拆分).
        TRANSFER: The holder hands a piece, or `amount` of it, on to `to` for goods worth `price`
            (流转、背书).
        REGISTER: Holder or funder enter a piece in the unified register for `to` (登记).
        DEREGISTER: The funder takes the entry out (注销登记).
        FINANCE: The holder sells to a funder for `price` in money (融资、贴现).
        PLEDGE: The holder pledges to a funder for a loan of `price` (质押).
        RELEASE: The pledgee gives it free (解除质押).
        PAY: The payer pays `amount` to all who hold a piece (兑付).
        DEFAULT: Found unpaid after its due day (拒付).
        CLAIM: The holder turns to an endorser: `to`, or the one before it (追索).
        CONVERT: A piece of a voucher becomes the bill `made`; `to`, the payer, agrees (转票据).
    """

    SET_LIMIT = kernels.SET_LIMIT
    ISSUE = kernels.ISSUE
    ACCEPT = kernels.ACCEPT
    CANCEL = kernels.CANCEL
    SPLIT_OFF = kernels.SPLIT_OFF
    TRANSFER = kernels.TRANSFER
    REGISTER = kernels.REGISTER
    DEREGISTER = kernels.DEREGISTER
    FINANCE = kernels.FINANCE
    PLEDGE = kernels.PLEDGE
    RELEASE = kernels.RELEASE
    PAY = kernels.PAY
    DEFAULT = kernels.DEFAULT
    CLAIM = kernels.CLAIM
    CONVERT = kernels.CONVERT


class Answer(IntEnum):
    """Applied, done before, or the requirement that an act breaks."""

    APPLIED = kernels.APPLIED
    REPEATED = kernels.REPEATED
    KEY_TAKEN = kernels.KEY_TAKEN
    PARTY_UNKNOWN = kernels.PARTY_UNKNOWN
    PAPER_UNKNOWN = kernels.PAPER_UNKNOWN
    PIECE_UNKNOWN = kernels.PIECE_UNKNOWN
    PAPER_EXISTS = kernels.PAPER_EXISTS
    AMOUNT_NOT_POSITIVE = kernels.AMOUNT_NOT_POSITIVE
    LIMIT_EXCEEDED = kernels.LIMIT_EXCEEDED
    LIMIT_BELOW_USED = kernels.LIMIT_BELOW_USED
    DUE_NOT_AFTER_DAY = kernels.DUE_NOT_AFTER_DAY
    TENOR_TOO_LONG = kernels.TENOR_TOO_LONG
    TRADE_MISSING = kernels.TRADE_MISSING
    NOT_ENTITLED = kernels.NOT_ENTITLED
    NOT_AWAITING_ACCEPTANCE = kernels.NOT_AWAITING_ACCEPTANCE
    NOT_OUTSTANDING = kernels.NOT_OUTSTANDING
    PIECE_SPENT = kernels.PIECE_SPENT
    MORE_THAN_HELD = kernels.MORE_THAN_HELD
    SAME_PARTY = kernels.SAME_PARTY
    PAYER_AS_HOLDER = kernels.PAYER_AS_HOLDER
    PAYMENT_BEGUN = kernels.PAYMENT_BEGUN
    PAST_DUE = kernels.PAST_DUE
    DAY_BEFORE_LAST = kernels.DAY_BEFORE_LAST
    IS_PLEDGED = kernels.IS_PLEDGED
    NOT_PLEDGED = kernels.NOT_PLEDGED
    NOT_REGISTERED = kernels.NOT_REGISTERED
    REGISTERED_FOR_OTHER = kernels.REGISTERED_FOR_OTHER
    ALREADY_REGISTERED = kernels.ALREADY_REGISTERED
    PRICE_OUT_OF_RANGE = kernels.PRICE_OUT_OF_RANGE
    MORE_THAN_UNPAID = kernels.MORE_THAN_UNPAID
    NOT_YET_OVERDUE = kernels.NOT_YET_OVERDUE
    NOT_DEFAULTED = kernels.NOT_DEFAULTED
    WITHOUT_RECOURSE = kernels.WITHOUT_RECOURSE
    NOT_THE_ENDORSER = kernels.NOT_THE_ENDORSER
    OWN_ENDORSEMENT = kernels.OWN_ENDORSEMENT
    NOTHING_LOST = kernels.NOTHING_LOST
    NOT_A_VOUCHER = kernels.NOT_A_VOUCHER

    @property
    def done(self) -> bool:
        """Whether the act stands: applied now, or by an earlier one of the same key and content."""
        return self in (Answer.APPLIED, Answer.REPEATED)


class Status(IntEnum):
    """Where a paper stands: awaiting acceptance, accepted, cancelled, settled, in default."""

    ISSUED = kernels.ISSUED
    ACCEPTED = kernels.ACCEPTED
    CANCELLED = kernels.CANCELLED
    SETTLED = kernels.SETTLED
    DEFAULTED = kernels.DEFAULTED


class PieceState(IntEnum):
    """What became of a piece; all but LIVE and PAID are stood for by other pieces or by none."""

    LIVE = kernels.LIVE
    SPLIT = kernels.SPLIT
    PASSED = kernels.PASSED
    RETURNED = kernels.RETURNED
    CONVERTED = kernels.CONVERTED
    PAID = kernels.PAID
    WITHDRAWN = kernels.WITHDRAWN


class Why(IntEnum):
    """Why money flowed: payment to the holder or its pledgee, sale to a funder, recourse."""

    PAYMENT = kernels.FOR_PAYMENT
    PLEDGE = kernels.FOR_PLEDGE
    PURCHASE = kernels.FOR_PURCHASE
    RECOURSE = kernels.FOR_RECOURSE


@dataclass(frozen=True)
class Act:
    """One act. Which fields it needs says `ActKind`.

    Attributes:
        kind: What is done.
        key: Idempotency key: the same act under the same key is done once.
        on: The day.
        by: Who does it.
        target: The paper (`V1`) or the piece: the paper, then 0 or 1 for each step from its
            beginning (`V1/1/0`). A split makes .../0, the part cut off, and .../1, the rest; a
            transfer or recourse makes .../0; a transfer of a part does both (.../0/0 passes on).
        to: The other party; None where an act has none.
        amount: Minor units; None in TRANSFER, FINANCE and PLEDGE: the whole piece.
        price: Minor units that the other gives for it, goods or money; None in TRANSFER: at par.
        due: Last day for payment, of ISSUE and CONVERT.
        recourse: Whether who hands on answers for it.
        payer: Of ISSUE: who is to pay; None: `by`.
        paper: Of ISSUE: voucher or bill.
        trades: Of ISSUE: contracts and invoices behind it (贸易背景); at least one.
        made: Of CONVERT: the name of the new bill.
    """

    kind: ActKind
    key: str
    on: date
    by: str = ""
    target: str = ""
    to: str | None = None
    amount: int | None = None
    price: int | None = None
    due: date | None = None
    recourse: bool = False
    payer: str | None = None
    paper: PaperKind = PaperKind.VOUCHER
    trades: tuple[str, ...] = ()
    made: str | None = None
