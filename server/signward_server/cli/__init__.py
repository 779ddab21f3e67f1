"""The daemon-side commands; the ``signward`` console script takes them in."""

from signward_server.cli.application import app

__all__ = ["app"]
