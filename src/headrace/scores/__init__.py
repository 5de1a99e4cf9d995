"""Scores: calibrated, explained, validated out of fold, and refused where they would leak."""
