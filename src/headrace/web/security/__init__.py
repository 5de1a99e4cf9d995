"""Who asks, and what they may: accounts, sessions, API keys, roles, limits, forgery."""
