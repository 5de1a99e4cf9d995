"""Gradient-boosted trees as data, whoever grew them.

`model` is what they are, scored by `kernels`, saved and checked by `reading`; `growing`
(scikit-learn) and `lightgbm_growing` grow them, `lightgbm_text` reads LightGBM's own file,
`categories` makes numbers of categorical columns, `calibration` makes probabilities of scores,
`paths` has the box of each leaf, `monotone` the proof of a constraint, `shap` Shapley values.
"""
