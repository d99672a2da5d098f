"""A job made ready: its spider, its policies, its lists, its files."""
