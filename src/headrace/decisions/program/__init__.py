"""Policies compiled to programs over batches; what `dmn` says is what they must say."""
