"""``signward audit init``."""

import json
import shutil
import tomllib

import pytest
from signward.audit.verifier_keys import parse_verifier_key
from signward_server.config import load
from signward_server.home.layout import Home


@pytest.fixture
def old(home):
    """A home from before there was an audit log."""
    shutil.rmtree(home / "audit")
    for name in ("audit.key", "audit.pub"):
        (home / name).unlink()
    file = home / "signward.toml"
    text = file.read_text()
    start, end = text.index("[audit]"), text.index("[limits]")
    file.write_text(text[:start] + text[end:])
    return home


def _audit(home):
    return load(home / "signward.toml", environment={}).audit


def test_a_home_without_a_log_is_told_what_to_do(old, invoke, start):
    done = invoke("config", "check", "--home", old)
    assert done.exit_code == 2
    assert "audit.origin is missing; run `signward audit init`" in done.stderr + done.stdout
    process = start("serve", "--home", old)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "signward audit init" in said


def test_it_makes_log_key_and_name(old, invoke):
    before = (old / "signward.toml").read_text()
    done = invoke("audit", "init", "--home", old, "--json")
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)
    section = _audit(old)
    assert section.origin == result["origin"]
    assert section.origin.startswith("signward/")
    assert (old / "signward.toml").read_text().startswith(before.rstrip())
    assert oct((old / "signward.toml").stat().st_mode & 0o777) == "0o600"
    key = parse_verifier_key((old / "audit.pub").read_text())
    assert (key.name, str(key)) == (section.origin, result["verifier_key"])
    assert oct((old / "audit.key").stat().st_mode & 0o777) == "0o600"
    assert sorted(path.name for path in (old / "audit").iterdir()) == [f"{0:020}.log"]


def test_a_daemon_serves_with_it(old, invoke, start):
    assert invoke("audit", "init", "--home", old).exit_code == 0
    process = start("serve", "--home", old)
    assert json.loads(process.stdout.readline())["ready"]
    process.terminate()
    assert process.wait(30) == 0


def test_a_log_that_is_there_is_not_touched(home, invoke):
    before = (home / "signward.toml").read_bytes()
    done = invoke("audit", "init", "--home", home)
    assert done.exit_code == 6
    assert "exists; nothing in it was touched" in done.stderr
    assert (home / "signward.toml").read_bytes() == before


def test_a_log_that_was_moved_away_is_followed_by_one_of_another_name(home, invoke):
    origin, key = _audit(home).origin, (home / "audit.key").read_bytes()
    (home / "audit").rename(home / "evidence")
    assert invoke("audit", "init", "--home", home).exit_code == 0
    assert _audit(home).origin != origin
    assert (home / "audit.key").read_bytes() == key
    assert (home / "signward.toml").read_text().count("\norigin = ") == 1


def test_s41_it_waits_for_nobody(old, invoke):
    with Home(old).lock():
        done = invoke("audit", "init", "--home", old)
    assert done.exit_code == 3
    assert not (old / "audit").exists()


def test_an_origin_that_stands_somewhere_else_can_be_given(old, invoke):
    given = ["--set", "audit.origin=example.com/log", "--origin", "example.com/log"]
    before = (old / "signward.toml").read_bytes()
    assert invoke("audit", "init", "--home", old, *given).exit_code == 0
    assert (old / "signward.toml").read_bytes() == before
    assert (old / "audit.pub").read_text().startswith("example.com/log+")


@pytest.mark.parametrize(
    "written",
    ["[audit]\ndurability = 'sync'\n", "[audit] # mine\n#origin = 1\n[log]\n", "[log]\n\n"],
)
def test_what_else_a_file_says_stays(tmp_path, written):
    from signward_server.home.editing import set_origin

    file = tmp_path / "signward.toml"
    file.write_text(written)
    before = tomllib.loads(written)
    set_origin(file, "signward/1")
    after = tomllib.loads(file.read_text())
    assert after["audit"].pop("origin") == "signward/1"
    assert {**before, "audit": before.get("audit", {})} == after


@pytest.mark.parametrize("written", ["audit = {}\n", "audit.durability = 'sync'\n[log]\n", "[["])
def test_a_file_that_says_it_in_its_own_way_is_left_alone(tmp_path, written):
    from signward_server.core.startup import ConfigurationRefused
    from signward_server.home.editing import set_origin

    file = tmp_path / "signward.toml"
    file.write_text(written)
    with pytest.raises(ConfigurationRefused, match="by hand"):
        set_origin(file, "signward/1")
    assert file.read_text() == written
