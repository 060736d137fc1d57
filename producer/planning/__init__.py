"""Which windows to read next, and what the budget allows: pure decisions over the checkpoint and the time."""
