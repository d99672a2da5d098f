"""A run, as seen and steered from another terminal."""
