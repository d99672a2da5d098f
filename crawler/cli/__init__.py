"""Commands, exit codes and the terminal."""
