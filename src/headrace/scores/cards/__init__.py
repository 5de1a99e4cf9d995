"""Points cards.

`fitting` (with `constrained` and `selection`) makes a `points_card` on a `scale`; `prepared` scores
one applicant, `reasons` say what cost points, `counterfactual` (with `knapsack`; `search` for any
scorer) what would have to change; `codec` saves a card, `table` and `table_reading` are its sheet.
"""
