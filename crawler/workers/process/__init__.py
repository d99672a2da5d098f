"""Workers in processes of their own, one event loop each; the frontier stays in the parent."""
