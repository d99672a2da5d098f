"""Telling people how a run ended: pings, webhooks, mail, a file for Prometheus."""
