"""One run of one job, from its lock to its exit code."""
