"""One request in, one response or FetchError out."""
