"""What is known: typed facts, each true at one time and known at another, with its source."""
