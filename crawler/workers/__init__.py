"""What turns a queued request into a page outcome."""
