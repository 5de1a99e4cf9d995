"""Engines: the same plan over history at once (batch), and event by event (stream)."""
