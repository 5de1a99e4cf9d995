"""How good a score is on rows that it has not seen, with intervals.

`figures` single numbers; `curves` what is drawn; `splits` which rows are held out; `nested` every
choice made again inside each training fold; `comparing` two scores, many scores, and luck;
`straight` the repeated cross-validation of the straight-term card.
"""
