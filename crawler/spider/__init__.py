"""Spiders: what a user writes, and the spider a config describes."""
