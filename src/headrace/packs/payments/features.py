"""What is computed from card payments, for each payment as it is made. Money is in minor units.

The windows of 1, 7 and 30 days over customers and terminals are those of Le Borgne, Siblini,
Lebichot and Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection - Practical
Handbook", chapter 3, baseline feature transformation. A window of W days is (t - W, t], the
payment itself included. What is said of a terminal's fraud ends `LABEL_DELAY` before the payment,
for fraud is not known sooner; of a window without payments the handbook says risk 0, here it is
missing.

There are two ways to keep the future out, and two sets of definitions:

    FEATURE_SET   payments carry no label. A fraud is a fact of its own, a `fraud_report`, at the
                  time of its payment and known when it was reported: what was not known cannot
                  be counted, however the window is drawn. This is the set for live use.
    HANDBOOK      payments carry their label, as in the handbook's file, and only the end of the
                  window keeps it out. It agrees with the first where every fraud is reported
                  within `LABEL_DELAY`; where one takes longer, it looks ahead.
"""

from dataclasses import replace
from datetime import timedelta

from headrace.features.aggregates import (
    Count,
    Deviation,
    Distinct,
    Gap,
    GapStatistic,
    Last,
    Max,
    Mean,
    NewValues,
    PatternCount,
    SinceLast,
)
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    Definition,
    Derived,
    Feature,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    Unit,
    ZScore,
)
from headrace.features.windows import LastEvents, Sliding

LABEL_DELAY = timedelta(days=7)
DAYS = (1, 7, 30)  # lengths of the handbook's windows
LOOKBACK = timedelta(days=90)  # "new" means not seen in this long

CUSTOMER, TERMINAL, PAIR = ("customer",), ("terminal",), ("customer", "terminal")
SMALL, LARGE = "amount < 500", "amount >= 20000"  # a stolen card is tried small, then used

PAYMENT = Table(
    name="payment",
    columns=(
        Column("customer", ColumnType.CATEGORY, required=True),
        Column("terminal", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),
    ),
    key=CUSTOMER,
    derived=(
        Derived("weekend", "weekday(event_time) >= 5"),
        Derived("night", "hour(event_time) <= 6"),
    ),
)
FRAUD_REPORT = Table(
    name="fraud_report",
    columns=(
        Column("customer", ColumnType.CATEGORY, required=True),
        Column("terminal", ColumnType.CATEGORY, required=True),
    ),
    key=TERMINAL,
    known="known_time",
)
LABELLED_PAYMENT = replace(
    PAYMENT, columns=(*PAYMENT.columns, Column("fraud", ColumnType.FLAG, required=True))
)

ITSELF = LastEvents(1)
HOUR, DAY, WEEK, MONTH = (Sliding(timedelta(hours=hours)) for hours in (1, 24, 168, 720))
QUARTER = Sliding(LOOKBACK)
TRIED_THEN_USED = PatternCount(SMALL, LARGE, timedelta(hours=1))


def _feature(unit: Unit, en: str, zh: str, definition: Definition) -> Feature:
    return Feature(definition.name, unit, en, zh, definition)


def _customer(days: int) -> tuple[Feature, ...]:
    """The handbook's customer features of one length."""
    window = Sliding(timedelta(days=days))
    return (
        _feature(
            Unit.COUNT,
            f"Payments of the customer, {days} d",
            f"客户近{days}日交易笔数",
            Measure(f"customer_payments_{days}d", Count(), "", window, "payment"),
        ),
        _feature(
            Unit.MONEY,
            f"Mean payment of the customer, {days} d",
            f"客户近{days}日笔均金额",
            Measure(f"customer_amount_mean_{days}d", Mean("amount"), "", window, "payment"),
        ),
    )


def _terminal(days: int, *, frauds_in: str, where: str) -> tuple[Feature, ...]:
    """The handbook's terminal features of one length; frauds are the rows of a table that pass."""
    window = Sliding(timedelta(days=days), ends_before=LABEL_DELAY)
    payments = f"terminal_payments_{days}d_delayed"
    frauds = f"terminal_frauds_{days}d_delayed"
    return (
        _feature(
            Unit.COUNT,
            f"Payments at the terminal, {days} d up to a week ago",
            f"终端一周前{days}日交易笔数",
            Measure(payments, Count(), "", window, "payment", TERMINAL),
        ),
        _feature(
            Unit.COUNT,
            f"Frauds at the terminal, {days} d up to a week ago",
            f"终端一周前{days}日欺诈笔数",
            Measure(frauds, Count(), where, window, frauds_in, TERMINAL),
        ),
        _feature(
            Unit.SHARE,
            f"Share of frauds at the terminal, {days} d up to a week ago",
            f"终端一周前{days}日欺诈占比",
            Ratio(f"terminal_risk_{days}d_delayed", frauds, payments),
        ),
    )


def _distinct(days: int) -> Feature:
    window = Sliding(timedelta(days=days))
    return _feature(
        Unit.COUNT,
        f"Different terminals of the customer, {days} d",
        f"客户近{days}日交易终端数",
        Measure(f"customer_terminals_{days}d", Distinct("terminal"), "", window, "payment"),
    )


EVENT = (
    _feature(
        Unit.FLAG,
        "On a Saturday or Sunday",
        "是否周末",
        Measure("payment_weekend", Last("weekend"), "", ITSELF, "payment"),
    ),
    _feature(
        Unit.FLAG,
        "From midnight to 6:59",
        "是否夜间（0点至6点59分）",
        Measure("payment_night", Last("night"), "", ITSELF, "payment"),
    ),
    _feature(
        Unit.MONEY,
        "Amount",
        "交易金额",
        Measure("payment_amount", Last("amount"), "", ITSELF, "payment"),
    ),
)

CUSTOMER_HANDBOOK = tuple(feature for days in DAYS for feature in _customer(days))
TERMINAL_HANDBOOK = tuple(
    feature for days in DAYS for feature in _terminal(days, frauds_in="fraud_report", where="")
)

CUSTOMER_AMOUNT = (
    _feature(
        Unit.MONEY,
        "Mean payment of the customer before this one, 30 d",
        "客户此前30日笔均金额",
        Measure(
            "customer_amount_mean_30d_before",
            Mean("amount"),
            window=MONTH,
            table="payment",
            current=Current.EXCLUDED,
        ),
    ),
    _feature(
        Unit.MONEY,
        "Deviation of the customer's payments before this one, 30 d",
        "客户此前30日金额标准差",
        Measure(
            "customer_amount_deviation_30d_before",
            Deviation("amount"),
            window=MONTH,
            table="payment",
            current=Current.EXCLUDED,
        ),
    ),
    _feature(
        Unit.RATIO,
        "Amount in deviations from the customer's own mean before it, 30 d",
        "金额相对客户此前30日的Z值",
        ZScore(
            "customer_amount_zscore_30d",
            "payment_amount",
            "customer_amount_mean_30d_before",
            "customer_amount_deviation_30d_before",
        ),
    ),
    _feature(
        Unit.MONEY,
        "Largest payment of the customer, 30 d",
        "客户近30日最大金额",
        Measure("customer_amount_max_30d", Max("amount"), "", MONTH, "payment"),
    ),
    _feature(
        Unit.COUNT,
        "Large payments of the customer within an hour of a small one, 1 d",
        "客户近1日小额试探后1小时内大额笔数",
        Measure("customer_tried_then_used_1d", TRIED_THEN_USED, "", DAY, "payment"),
    ),
)

CUSTOMER_RHYTHM = (
    _feature(
        Unit.SHARE,
        "Share of the customer's payments made at night, 30 d",
        "客户近30日夜间交易占比",
        Measure("customer_night_share_30d", Mean("night"), "", MONTH, "payment"),
    ),
    _feature(
        Unit.SECONDS,
        "Time since the customer's payment before",
        "距客户上一笔交易秒数",
        Measure(
            "customer_seconds_since_last",
            SinceLast(),
            window=QUARTER,
            table="payment",
            current=Current.EXCLUDED,
        ),
    ),
    _feature(
        Unit.SECONDS,
        "Mean time between payments of the customer, 30 d",
        "客户近30日平均交易间隔秒数",
        Measure("customer_gap_seconds_mean_30d", Gap(), "", MONTH, "payment"),
    ),
    _feature(
        Unit.SECONDS,
        "Deviation of the time between payments of the customer, 30 d",
        "客户近30日交易间隔标准差秒数",
        Measure(
            "customer_gap_seconds_deviation_30d",
            Gap(GapStatistic.DEVIATION),
            window=MONTH,
            table="payment",
        ),
    ),
    _feature(
        Unit.SECONDS,
        "Longest time between payments of the customer, 30 d",
        "客户近30日最长交易间隔秒数",
        Measure(
            "customer_gap_seconds_longest_30d",
            Gap(GapStatistic.LONGEST),
            window=MONTH,
            table="payment",
        ),
    ),
)

CUSTOMER_TERMINALS = (
    *(_distinct(days) for days in DAYS),
    _feature(
        Unit.FLAG,
        "First payment of the customer at this terminal in 90 d",
        "客户90日内首次在该终端交易",
        Measure("customer_terminal_new", NewValues("terminal", LOOKBACK), "", ITSELF, "payment"),
    ),
    _feature(
        Unit.COUNT,
        "Payments of the customer at terminals new to it, 7 d",
        "客户近7日在新终端的交易笔数",
        Measure("customer_terminals_new_7d", NewValues("terminal", LOOKBACK), "", WEEK, "payment"),
    ),
)

TERMINAL_NOW = (
    _feature(
        Unit.COUNT,
        "Payments at the terminal, 1 hour",
        "终端近1小时交易笔数",
        Measure("terminal_payments_1h", Count(), "", HOUR, "payment", TERMINAL),
    ),
    _feature(
        Unit.COUNT,
        "Different customers of the terminal, 7 d",
        "终端近7日客户数",
        Measure("terminal_customers_7d", Distinct("customer"), "", WEEK, "payment", TERMINAL),
    ),
    _feature(
        Unit.COUNT,
        "Large payments at the terminal within an hour of a small one, 1 d",
        "终端近1日小额后1小时内大额笔数",
        Measure("terminal_tried_then_used_1d", TRIED_THEN_USED, "", DAY, "payment", TERMINAL),
    ),
)

PAIR_FEATURES = (
    _feature(
        Unit.COUNT,
        "Payments of the customer at this terminal, 30 d",
        "客户近30日在该终端交易笔数",
        Measure("pair_payments_30d", Count(), "", MONTH, "payment", PAIR),
    ),
    _feature(
        Unit.COUNT,
        "Payments of the customer at this terminal before this one, 90 d; 0: a new pair",
        "客户此前90日在该终端交易笔数（0为首次）",
        Measure(
            "pair_payments_90d_before", Count(), "", QUARTER, "payment", PAIR, Current.EXCLUDED
        ),
    ),
    _feature(
        Unit.SECONDS,
        "Time since the customer's payment before at this terminal; missing: a new pair",
        "距客户上次在该终端交易秒数（首次则缺失）",
        Measure(
            "pair_seconds_since_last",
            SinceLast(),
            "",
            QUARTER,
            "payment",
            PAIR,
            Current.EXCLUDED,
        ),
    ),
)

FEATURES: tuple[Feature, ...] = (
    *EVENT,
    *CUSTOMER_HANDBOOK,
    *CUSTOMER_AMOUNT,
    *CUSTOMER_RHYTHM,
    *CUSTOMER_TERMINALS,
    *TERMINAL_HANDBOOK,
    *TERMINAL_NOW,
    *PAIR_FEATURES,
)


def _definitions(features: tuple[Feature, ...]) -> tuple[Definition, ...]:
    return tuple(each.definition for each in features if each.definition is not None)


FEATURE_SET = FeatureSet((PAYMENT, FRAUD_REPORT), _definitions(FEATURES))
HANDBOOK = FeatureSet(
    (LABELLED_PAYMENT,),
    _definitions(
        (
            *EVENT,
            *CUSTOMER_HANDBOOK,
            *(
                feature
                for days in DAYS
                for feature in _terminal(days, frauds_in="payment", where="fraud")
            ),
        )
    ),
)
