"""What jobs have learnt, from outside a run."""
