"""Telling people how a run ended."""
