"""Optimal binning.

Asked: problem. Read: columns, rows. Cut: prebins, categories. Merged: merging, kernels. Fitted:
optimal. Found: bins, limits, codec. Changed by hand: edits.
"""
