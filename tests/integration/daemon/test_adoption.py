"""A copy of a home signs nothing until it is adopted (S41); real daemons, real copies."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from signward import Algorithm, Purpose
from signward.audit.checkpoints import split_checkpoints
from signward.audit.folder import list_folder
from signward.audit.reading import read_bodies
from signward.audit.records import decode_record
from signward.audit.verifier_keys import parse_verifier_key
from signward.audit.verifying import verify_log

from tests.running.homes import Home
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

NOT_ADOPTED = 7


def worked(home: Home, key_id: str = "k", *flags: str) -> None:
    """Have a daemon make a key in a home and sign with it."""
    with Daemon(home, *flags) as daemon, daemon.client() as bot:
        bot.create_key(key_id, algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
        assert bot.sign_raw(key_id, b"m").raw.signature


def signs(home: Home, key_id: str = "k", *flags: str) -> bool:
    with Daemon(home, *flags) as daemon, daemon.client() as bot:
        return bool(bot.sign_raw(key_id, b"m").raw.signature)


def copied(home: Home, folder: Path) -> Home:
    """Copy a home as an operator would."""
    copy = Home(folder / "c")
    subprocess.run(["cp", "-a", home.path, copy.path], check=True)
    return copy


def refused(home: Home, *flags: str) -> str:
    """Return why a daemon does not start."""
    failed = serve_and_fail(home, *flags)
    assert failed.code == NOT_ADOPTED, failed.said
    assert "Traceback" not in failed.said
    return failed.said


def events(home: Home) -> list[str]:
    key = parse_verifier_key((home.path / "audit.pub").read_text())
    assert verify_log(home.path / "audit", key, processes=1).intact
    return [decode_record(body).event for _, body in read_bodies(list_folder(home.path / "audit"))]


def home_version(home: Home) -> int:
    """Return how many changes of its store a home knows of."""
    lines = (home.path / "instance").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("version ")).split()[1])


def store_version(home: Home) -> int:
    with closing(sqlite3.connect(f"file:{home.store}?mode=ro", uri=True)) as store:
        return int(store.execute("SELECT value FROM meta WHERE name='version'").fetchone()[0])


def test_s41_a_copy_refuses_until_it_is_adopted_and_the_original_goes_on(
    home: Home, tmp_path: Path
) -> None:
    worked(home)
    copy = copied(home, tmp_path)
    said = refused(copy)
    assert said == (
        f"signward: the home is a copy: {copy.path}/instance is not the file that was written, "
        "but one like it; make sure that no other copy signs with these keys, then run "
        "`signward adopt` (docs/operations.md, Copies of a home)\n"
    )
    assert signs(home)

    for command in (("config", "check"), ("policy", "check")):
        assert offline(*command, home=copy).returncode == 0, "what only reads needs no adoption"
    unasked = offline("adopt", home=copy)
    assert unasked.returncode == NOT_ADOPTED
    assert "The home is a copy" in unasked.stderr
    assert "closes all windows" in unasked.stderr
    assert "the home was not adopted" in unasked.stderr
    refused(copy)

    assert offline("adopt", "--yes", home=copy).returncode == 0
    assert signs(copy)
    assert signs(copy), "once is enough"
    assert "adopted" in events(copy)
    assert signs(home)
    assert "adopted" not in events(home)


def test_s22_s41_a_copy_gets_no_kek_of_its_own_before_it_is_adopted(
    home: Home, tmp_path: Path
) -> None:
    worked(home)
    copy = copied(home, tmp_path)
    kek = copy.kek.read_bytes()
    tried = offline("kek", "rotate", home=copy)
    assert tried.returncode == NOT_ADOPTED, tried.stderr
    assert copy.kek.read_bytes() == kek
    assert [path.name for path in copy.path.glob("kek*")] == ["kek"]
    assert offline("adopt", "--yes", home=copy).returncode == 0
    assert offline("kek", "rotate", home=copy).returncode == 0
    assert copy.kek.read_bytes() != kek
    assert signs(copy)
    assert signs(home)


def test_s41_a_home_that_was_packed_and_unpacked_refuses(home: Home, tmp_path: Path) -> None:
    worked(home)
    archive = tmp_path / "home.tar"
    subprocess.run(["tar", "-C", home.path.parent, "-cf", archive, home.path.name], check=True)
    elsewhere = tmp_path / "e"
    elsewhere.mkdir()
    subprocess.run(["tar", "-C", elsewhere, "-xpf", archive], check=True)
    assert "the home is a copy" in refused(Home(elsewhere / home.path.name))
    shutil.rmtree(home.path)
    subprocess.run(["tar", "-C", home.path.parent, "-xpf", archive], check=True)
    assert "the home is a copy" in refused(home), "in its old place, too"


def test_a_home_that_was_moved_goes_on(home: Home, tmp_path: Path) -> None:
    worked(home)
    moved = Home(home.path.rename(home.path.with_name(f"{home.path.name}-moved")))
    assert signs(moved)


def test_s41_another_machine_is_noticed(home: Home) -> None:
    worked(home, "k", "--set", "home.machine=pod-0")
    said = refused(home, "--set", "home.machine=pod-1")
    assert "the home was started on another machine before" in said
    assert signs(home, "k", "--set", "home.machine=pod-0")


def test_s41_a_store_that_was_put_back_is_noticed(home: Home, tmp_path: Path) -> None:
    backup = tmp_path / "signward.db"
    with Daemon(home) as daemon, daemon.client() as bot, daemon.client("admin") as admin:
        bot.create_key("k", algorithm=Algorithm.ALGORITHM_ED25519, purpose=Purpose.PURPOSE_RAW)
        with closing(sqlite3.connect(home.store)) as live, closing(sqlite3.connect(backup)) as to:
            live.backup(to)
        admin.admin.freeze_key("k", reason="stolen")
        began = time.monotonic()
        assert eventually(lambda: home_version(home) == store_version(home))
        assert time.monotonic() - began < 10, "it looks every second"
        daemon.process.send_signal(signal.SIGKILL)
        daemon.wait()
    for file in home.store.parent.glob("signward.db*"):
        file.unlink()
    shutil.copy(backup, home.store)
    home.store.chmod(0o600)
    assert "1 changes that this home has made are not in its store" in refused(home)


def test_s41_of_two_copies_on_one_store_one_starts(home: Home) -> None:
    """A home within another may name its store; here neither can be told by its file."""
    inner = Home(home.path / "i")
    text = home.configuration.read_text()
    shared = text.replace('"store/signward.db"', f'"{inner.store}"')
    assert shared != text
    flags = ("--set", "home.file_number=false")
    shutil.copytree(home.path, inner.path)
    home.configuration.write_text(shared)
    worked(home, "k", *flags)
    shutil.copy(home.path / "instance", inner.path)
    shutil.copytree(home.path / "audit", inner.path / "audit", dirs_exist_ok=True)
    assert signs(inner, "k", *flags)
    assert "another copy of it was started since" in refused(home, *flags)


def test_s41_a_whole_machine_that_was_put_back_shows_in_a_checkpoint_kept_elsewhere(
    home: Home, tmp_path: Path
) -> None:
    # What a snapshot of the disk puts back cannot be told by its file either.
    flags = ("--set", "home.file_number=false")
    worked(home, "k", *flags)
    shutil.copytree(home.path, tmp_path / "snapshot")
    worked(home, "later", *flags)
    kept = tmp_path / "kept"
    newest = max((home.path / "audit").glob("*.checkpoints")).read_bytes()
    kept.write_bytes(list(split_checkpoints(newest))[-1][1])
    checked = (*flags, "--set", f"home.checkpoint={kept}")
    assert signs(home, "later", *checked)

    shutil.rmtree(home.path)
    shutil.copytree(tmp_path / "snapshot", home.path)
    said = refused(home, *checked)
    assert f"records, but {kept} knows" in said
    assert "begin another one with `signward audit init`" in said
    adopt = offline("adopt", "--yes", "--set", f"home.checkpoint={kept}", home=home)
    assert adopt.returncode == NOT_ADOPTED, "a second history is not adopted either"
    assert signs(home, "k", *flags), "without that checkpoint nobody can tell"


def test_an_older_audit_log_alone_is_noticed(home: Home, tmp_path: Path) -> None:
    worked(home)
    shutil.copytree(home.path / "audit", tmp_path / "before")
    worked(home, "k2")
    shutil.rmtree(home.path / "audit")
    shutil.copytree(tmp_path / "before", home.path / "audit")
    assert "but this home knows" in refused(home)
    assert offline("adopt", "--yes", home=home).returncode == NOT_ADOPTED
    shutil.move(home.path / "audit", tmp_path / "evidence")
    assert offline("audit", "init", home=home).returncode == 0
    assert signs(home)


def test_adopting_takes_the_lock_and_the_kek(home: Home, tmp_path: Path) -> None:
    worked(home)
    copy = home.copy(tmp_path / "c")
    with Daemon(home):
        busy = offline("adopt", "--yes", home=home)
        assert (busy.returncode, "is in use by process" in busy.stderr) == (3, True)
    copy.kek.rename(tmp_path / "kek")
    lost = offline("adopt", "--yes", home=copy)
    assert (lost.returncode, "cannot be opened" in lost.stderr) == (4, True)
    (tmp_path / "kek").rename(copy.kek)
    assert offline("adopt", "--yes", home=copy).returncode == 0


def test_whoever_adopts_a_home_that_signs_only_counts_it_up(home: Home) -> None:
    worked(home)
    done = offline("adopt", "--yes", "--json", home=home)
    assert done.returncode == 0
    assert '"generation": 3' in done.stdout
    assert "It is the one that last signed" in done.stderr
    assert signs(home)
