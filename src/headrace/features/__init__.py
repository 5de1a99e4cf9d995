"""Features: values computed from facts over windows, as of a moment, with no look-ahead."""
