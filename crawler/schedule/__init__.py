"""Runs over days: when they are to be, what became of them, and who is told."""
