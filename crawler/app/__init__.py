"""The composition root: a config goes in, a wired crawl comes out."""
