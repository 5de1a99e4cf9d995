"""A policy as a flow: lists, tables, models and values in order, until an action stands."""
