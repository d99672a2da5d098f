"""Jobs that run by themselves: put into cron or systemd, taken out, listed."""
