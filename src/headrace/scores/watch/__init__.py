"""Watching a score at work: has the population moved, do the probabilities still hold, for whom.

shares             a share, a ratio, a difference of shares, each with its interval
outcomes           scored rows whose outcome is known: the input of most of what follows
stability          PSI and CSI with what chance alone would give
calibration_drift  observed against expected, evidence valid at any month, what to re-calibrate
label_delay        which labels are ripe, and what young vintages will come to
three_numbers      approval rate, price and loss of a way to approve
challenger         champion against challenger on the same applicants
fairness           figures by group, with intervals
remedies           what each remedy of a difference between groups would cost
"""
