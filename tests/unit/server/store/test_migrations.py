"""Migrations: all or nothing, and none when there is nothing to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from signward_server.store import StoreFileError, migrations, open_store
from signward_server.store.engine import durable_engine, prepare_file
from signward_server.store.migrations import migrate
from signward_server.store.schema import REVISION, metadata

from tests.fakes.catalogue_keys import catalogue_key
from tests.fakes.row_authenticator import HmacRows
from tests.fakes.spine.api_keys import api_key
from tests.fakes.stepped_clock import SteppedClock

BROKEN = """
from alembic import op
import sqlalchemy as sa

revision = "9000"
down_revision = "0003"


def upgrade():
    op.create_table("half", sa.Column("a", sa.Integer))
    op.execute("DELETE FROM keys")
    op.execute("INSERT INTO nowhere VALUES (1)")
"""


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def made(path: Path) -> Path:
    store = open_store(path, SteppedClock())
    store.catalogue(HmacRows()).insert(catalogue_key("hot"), b"sealed", None, b"")
    store.close()
    return path


def test_the_migrations_build_the_tables_of_the_schema(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    engine = durable_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == REVISION
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        (request_table,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'requests'"
        ).fetchone()
    assert "WITHOUT ROWID" in request_table


def test_a_second_migration_has_nothing_to_do(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    prepare_file(path)
    engine = durable_engine(path)
    assert migrate(engine)
    assert not migrate(engine)
    engine.dispose()


def test_an_older_store_waits_for_the_operator_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "signward.db"
    with pytest.raises(StoreFileError, match="signward migrate"):
        open_store(path, SteppedClock(), upgrade=False)
    made(path)
    open_store(path, SteppedClock(), upgrade=False).close()


def key_lines(path: Path) -> list[str]:
    return [line for line in dump(path) if line.startswith('INSERT INTO "keys"')]


def test_a_store_from_before_api_keys_keeps_its_keys_and_takes_api_keys(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        of_accounts = ("nonce_lanes", "nonce_floors", "spending", "approvals", "agents")
        for table in (*of_accounts, "imports", "peers", "homes", "api_keys"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX keys_changed")
        of_keys = ("keys.changed", "keys.rotation_period", "keys.vault_address")
        for column in (*of_keys, "requests.previous", "requests.nonce", "requests.mac"):
            table, name = column.split(".")
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
        connection.execute("DELETE FROM meta WHERE name IN ('version', 'time')")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert not any("api_keys" in line for line in dump(path))
    before = key_lines(path)
    with pytest.raises(StoreFileError, match="signward migrate"):
        open_store(path, SteppedClock(), upgrade=False)
    store = open_store(path, SteppedClock())
    store.api_keys(HmacRows()).insert(api_key())
    store.close()
    assert [line.replace(",0,0,'');", ");") for line in key_lines(path)] == before
    store = open_store(path, SteppedClock(), upgrade=False)
    assert store.catalogue(HmacRows()).get("hot") == catalogue_key("hot")
    assert store.materials().read_material("hot", 1) == b"sealed"
    assert store.api_keys(HmacRows()).get(api_key().id) == api_key()
    store.close()


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_newer_store_is_refused_untouched(tmp_path: Path, upgrade: bool) -> None:
    path = made(tmp_path / "signward.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = dump(path)
    with pytest.raises(StoreFileError, match="newer release"):
        open_store(path, SteppedClock(), upgrade=upgrade)
    assert dump(path) == before


def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "signward.db")
    before = dump(path)
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    shipped = Path(migrations.__file__).parent
    names = ("r0001_catalogue.py", "r0002_api_keys.py", "r0003_version.py")
    for name in ("env.py", *(f"versions/{name}" for name in names)):
        (folder / name).write_text((shipped / name).read_text())
    (folder / "versions" / "r9000_broken.py").write_text(BROKEN)
    monkeypatch.setattr(migrations, "files", lambda _: folder)
    monkeypatch.setattr(migrations, "REVISION", "9000")
    with pytest.raises(StoreFileError, match="left as it was"):
        open_store(path, SteppedClock())
    assert dump(path) == before
    monkeypatch.undo()
    store = open_store(path, SteppedClock())
    assert store.catalogue(HmacRows()).get("hot") == catalogue_key("hot")
    store.close()


def test_a_first_migration_that_fails_leaves_an_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "signward.db"
    monkeypatch.setattr(migrations, "files", lambda _: tmp_path / "nowhere")
    with pytest.raises(StoreFileError, match="left as it was"):
        open_store(path, SteppedClock())
    monkeypatch.undo()
    assert made(path) == path


def test_an_ordinary_start_does_not_import_alembic(tmp_path: Path) -> None:
    path = made(tmp_path / "signward.db")
    script = (
        "import sys; from pathlib import Path; from signward_server.store import open_store;"
        "from tests.fakes.stepped_clock import SteppedClock;"
        "open_store(Path(sys.argv[1]), SteppedClock()).close();"
        "print(sorted(name for name in sys.modules if name.startswith(('alembic', 'mako'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
