"""Frontier stores: SQLite and memory."""
