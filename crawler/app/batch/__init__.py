"""A function over many rows, in processes: the command `map`, and `map_cpu`."""
