"""What a run leaves to read: reports, logs, status lines."""
