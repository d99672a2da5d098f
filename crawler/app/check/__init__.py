"""What stands in the way of a run: the machine, the start hosts."""
