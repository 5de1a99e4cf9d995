"""Decisions: policy tables, the price and limit of every loan, the book they add up to."""
