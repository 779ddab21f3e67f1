"""Daemon-side commands: what works on a home, beside or before the daemon."""
