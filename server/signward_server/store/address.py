"""Where a PostgreSQL database is."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["StoreAddress"]


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a PostgreSQL database is, and how to get in.

    Attributes:
        url: ``postgresql://USER@HOST:PORT/DATABASE?PARAMETERS`` without a password.
        password: Empty for none; libpq then looks into its password file, if there is one.
    """

    url: str
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the address as messages show it."""
        return self.url.partition("?")[0]
