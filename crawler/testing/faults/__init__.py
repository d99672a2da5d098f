"""What servers do that they should not, one row each, and what a crawl has to make of it."""
