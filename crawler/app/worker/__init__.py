"""What a worker process of `run.workers` is made of."""
