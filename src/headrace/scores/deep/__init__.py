"""Representation learning for rare and noisy labels, the extra `deep`; a model is plain arrays.

`encoding` makes channels of columns, numbers and categories and what is missing; `training` learns
a stacked denoising autoencoder of them (needs jax); `oversampling` draws more of the rare outcome
in its codes; `fitting` puts a calibrated logistic head on top and is the procedure to validate;
`model` is what is kept and scores without jax, saved and checked by `codec`.
"""
