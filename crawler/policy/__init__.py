"""Pure decisions: what may be fetched, when, and how often."""
