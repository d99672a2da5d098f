"""A small site to practise on, served on loopback."""
