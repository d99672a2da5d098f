"""Where items end, exactly once."""
