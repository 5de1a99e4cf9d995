"""The scorecard for default, and its rating scale.

The list of terms was fixed by hand before fitting, one or two per question a credit officer asks;
the two tax rates (what the firm deals in) were added after a look at the CUMCM firms, so the
published out-of-fold figures are a little kind to them. docs/concepts/scores.md gives the figures
with and without, and with every feature of the pack.
"""

from headrace.scores.rating import RatingScale
from headrace.scores.straight_card import CardSpec, Term, Transform

LOG = Transform.LOG

CARD = CardSpec(
    terms=(
        Term("sales_month_mean", LOG, low=100_000),  # 1,000 yuan a month
        Term("purchase_month_mean", LOG, low=100_000),
        Term("sales_count", LOG, low=1),
        Term("sales_months_active"),
        Term("customer_count", LOG, low=1),
        Term("sales_growth", LOG, low=0.05, high=20),
        Term("sales_variation", high=5),
        Term("sales_to_purchases", LOG, low=0.05, high=20),
        Term("sales_void_share"),
        Term("purchase_void_share"),
        Term("sales_red_share"),
        Term("sales_hhi"),
        Term("purchase_hhi"),
        Term("days_since_last_sale", LOG, low=1),
        Term("sales_tax_rate", low=0.0, high=0.17),
        Term("purchase_tax_rate", low=0.0, high=0.17),
    ),
    strengths=(0.05, 0.1, 0.2, 0.4, 0.8),
)

SCALE = RatingScale(classes=("A", "B", "C", "D"), pd_max=(0.03, 0.10, 0.25, 1.0))
