"""What the answers of the probes mean: pure functions from what was found to a result with its cure."""
