"""Contagion: what one party's trouble costs the others, by one clearing model.

network     who owes, vouches for, owns and needs whom (`Network`), wired for the kernels
clearing    `clear`: what everybody pays and is worth, the greatest fixed point
losses      `losses` over edges and `attribute`: where a loss came from, adding up exactly
sampling    `simulate`: many shocks, mean, quantiles and their Monte-Carlo error
days        `pay_by_day`: who is short of cash when a payer delays by so many days
spreading   `default_probabilities`: defaults that spread along edges by chance
    edges       `network_of`: a network out of the relations that stand
"""
