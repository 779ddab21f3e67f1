"""Where a home's store is."""

from __future__ import annotations

from pathlib import Path

from signward_server.config.schema import Store
from signward_server.home.password_file import read_password
from signward_server.store import StoreAddress

__all__ = ["store_place"]


def store_place(section: Store) -> Path | StoreAddress:
    """Return the file or the database of a store.

    Raises:
        ConfigurationRefused: The password cannot be read.
    """
    if not section.url:
        return section.path
    password = ""
    if section.password is not None:
        password = read_password(section.password, "store.password", "the database's")
    return StoreAddress(section.url, password)
