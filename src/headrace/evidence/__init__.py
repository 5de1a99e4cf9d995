"""What can be proved: an append-only Merkle log, its signed checkpoints, salted commitments."""
