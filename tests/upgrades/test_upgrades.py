"""A home of an earlier release: opens, signs with the same keys, or stays as it is."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from signward import Client, Credentials, FailedPrecondition
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.verifying import verify_log
from signward_server.store.schema import REVISION

from tests.running.homes import PATIENCE, Home, environment
from tests.running.offline import offline
from tests.running.process import UNMEASURED, Daemon
from tests.running.reloads import reload
from tests.upgrades.homes import KEPT, facts_of, unpacked
from tests.upgrades.making import HASHES

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

FULL: Final = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from signward_server.cli import app
app()
"""
"""The command, with a disk on which no file grows beyond a size."""
BROKEN: Final = """
import sys
from alembic import op
def broken(*_arguments, **_options):
    op.execute("DELETE FROM keys")
    op.execute("INSERT INTO nowhere VALUES (1)")
op.create_table = broken
from signward_server.cli import app
app()
"""
"""The command, with a step that deletes and then fails."""
SLOW: Final = """
import sys, time
from alembic import op
begun = op.create_table
def slow(*arguments, **options):
    begun(*arguments, **options)
    print("half", flush=True)
    time.sleep(60)
op.create_table = slow
from signward_server.cli import app
app()
"""
"""The command, with a step that takes its time after the first table."""


@pytest.fixture(params=KEPT)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def old(name: str, pristine: Home, tmp_path: Path) -> Home:
    return unpacked(name, pristine, tmp_path)


def contents(home: Home) -> list[str]:
    """Return all that is in a store, and the revision of its tables."""
    with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)) as connection:
        return list(connection.iterdump())


def revision(home: Home) -> str:
    with closing(sqlite3.connect(home.store)) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


def signs_as_before(daemon: Daemon, name: str) -> None:
    facts = facts_of(name)
    message = bytes.fromhex(facts["message"])
    with daemon.client() as bot:
        for key_id, known in facts["keys"].items():
            found = bot.get_public_key(key_id)
            assert found.public_key.spki_der.hex() == known["public_key"]
            signed = bot.sign_raw(key_id, message, hash=HASHES[key_id])
            assert signed.raw.signature.hex() == known["signature"]
        with pytest.raises(FailedPrecondition):
            bot.sign_raw("old-frozen", message)


def api_key_works(daemon: Daemon, secret: str) -> None:
    """Ask something as whoever shows the secret alone; to be denied takes being known."""
    credentials = Credentials.from_files(daemon.home.path / "clients" / "ca.crt", api_key=secret)
    daemon.home.permit(
        'permit (principal == Identity::"apikey:old", action == Action::"CheckHealth", resource);',
        "old.cedar",
    )
    with daemon.client("admin") as admin:
        reload(admin, ())
    with Client(daemon.ready["api_keys"], credentials, timeout=PATIENCE) as client:
        assert client.health().name == "SERVING"


def test_an_old_home_opens_migrates_and_signs(old: Home, name: str) -> None:
    assert revision(old) < REVISION
    facts = facts_of(name)
    with Daemon(old, "--set", "listen.api_keys=127.0.0.1:0") as daemon:
        assert revision(old) == REVISION
        signs_as_before(daemon, name)
        api_key_works(daemon, facts["api_key"]["secret"])
    with Daemon(old) as daemon:
        signs_as_before(daemon, name)
    key = parse_verifier_key((old.path / "audit.pub").read_text())
    assert key.name == facts["audit_origin"]
    report = verify_log(old.path / "audit", key, processes=1)
    assert report.intact, report.findings
    assert report.size > 15


def test_an_old_home_is_migrated_by_the_command(old: Home) -> None:
    assert offline("migrate", home=old).returncode == 0
    assert revision(old) == REVISION
    again = offline("migrate", home=old)
    assert (again.returncode, "is up to date" in again.stdout) == (0, True)


def test_s41_an_old_home_is_told_from_its_copies_from_its_first_start_on(
    old: Home, tmp_path: Path
) -> None:
    assert not (old.path / "instance").exists()
    with Daemon(old):
        pass
    shutil.copytree(old.path, tmp_path / "copy")
    refused = offline("serve", home=Home(tmp_path / "copy"))
    assert (refused.returncode, "is a copy" in refused.stderr) == (7, True)


@pytest.mark.parametrize("at", [0.0, 0.4])
def test_killed_in_the_middle_the_old_home_is_what_it_was(old: Home, name: str, at: float) -> None:
    before = contents(old)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "migrate", "--home", old.path],
        env=environment(**UNMEASURED),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        assert stdout.readline() == b"half\n"
        time.sleep(at)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    is_as_before(old, before)
    with Daemon(old) as daemon:
        signs_as_before(daemon, name)


def is_as_before(home: Home, before: list[str]) -> None:
    assert contents(home) == before
    assert revision(home) < REVISION
    assert not (home.path / "instance").exists()


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [(FULL, ["36864"], "full"), (BROKEN, [], "could not be migrated and was left as it was")],
    ids=["full disk", "broken step"],
)
@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_migration_that_fails_leaves_the_old_home(
    old: Home,
    name: str,
    script: str,
    arguments: list[str],
    says: str,
    command: str,
) -> None:
    before = contents(old)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments, command, "--home", old.path],
        env=environment(**UNMEASURED), check=False, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    is_as_before(old, before)
    with Daemon(old) as daemon:
        signs_as_before(daemon, name)


def test_homes_are_kept() -> None:
    assert "home_0003" in KEPT
