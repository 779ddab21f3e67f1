"""Bringing a store's tables up to date, all of it or nothing.

There is no ini file: everything that Alembic is told stands here. It is imported only
when there is something to migrate, which keeps it out of an ordinary start.
"""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from signward_server.store.failures import StoreFileError
from signward_server.store.schema import REVISION

__all__ = ["is_current", "migrate"]


def migrate(engine: Engine) -> bool:
    """Bring the tables to this release's revision, in one transaction.

    Returns:
        Whether anything had to be done.

    Raises:
        StoreFileError: The store is newer than this release, or the migration failed and
            left the store as it was.
    """
    with engine.begin() as connection:
        found = _revision(connection)
        if found == REVISION:
            return False
        _refuse_newer(found)
        _upgrade(connection)
    return True


def is_current(engine: Engine) -> bool:
    """Return whether the tables are those of this release.

    Raises:
        StoreFileError: They are those of a newer one.
    """
    with engine.connect() as connection:
        found = _revision(connection)
    _refuse_newer(found)
    return found == REVISION


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return "" if row is None else str(row[0])


def _refuse_newer(found: str) -> None:
    if found > REVISION:
        raise StoreFileError(
            "the store was written by a newer release of signward: "
            f"its tables are at revision {found[:32]!r}, this release knows {REVISION!r}; "
            "use the newer release, or restore a backup from before the upgrade"
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import and rarely needed
    from alembic.config import Config  # noqa: PLC0415 - as above
    from alembic.util.exc import CommandError  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(files(__name__)).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, REVISION)
    except (CommandError, DBAPIError) as exc:
        raise StoreFileError(
            "the store could not be migrated and was left as it was; "
            "is the disk full, or the store in use by another process?"
        ) from exc
