"""What is known, in which order and when: pure, no I/O."""
