"""New jobs written for people."""
