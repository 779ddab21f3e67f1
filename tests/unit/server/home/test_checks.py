"""A configuration compared with the machine."""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from signward_server.config import Settings, load
from signward_server.core.clock import SystemClock
from signward_server.home.checks import check_kek, check_machine
from signward_server.home.creation import HomePlan, create_home
from signward_server.home.layout import Home


@dataclass
class At(SystemClock):
    """A clock that stands still."""

    when: datetime

    def now(self) -> datetime:
        return self.when


NOW = datetime.now(UTC)


@pytest.fixture
def home(tmp_path) -> Home:
    def kek(path) -> None:
        path.touch(mode=0o600)

    made = HomePlan(
        path=tmp_path / "h", tcp=None, http=None, write_kek=kek, write_store=lambda path: None
    )
    return create_home(made, At(NOW))


def settings(home: Home, *flags: str) -> Settings:
    return load(home.configuration, environment={}, flags=flags)


def machine(home: Home, *flags: str, now: datetime = NOW) -> list[str]:
    found = check_machine(settings(home, *flags), home.path, At(now))
    return [str(problem).replace(str(home.path), "HOME") for problem in found]


def test_a_new_home_is_fine(home):
    assert machine(home) == []
    assert check_kek(settings(home)) == []


def test_every_file_that_is_missing_is_reported(home):
    for path in home.tls.iterdir():
        path.unlink()
    assert machine(home, "store.path=/elsewhere/s.db") == [
        (
            "HOME/tls/server.crt cannot be read (No such file or directory); "
            "give tls.certificate a file that is there"
        ),
        (
            "HOME/tls/server.key cannot be read (No such file or directory); "
            "give tls.private_key a file that is there"
        ),
        (
            "HOME/tls/client-ca.crt cannot be read (No such file or directory); "
            "give tls.client_ca[0].file a file that is there"
        ),
        (
            "configuration: store.path (/elsewhere/s.db) lies outside the home HOME, "
            "whose lock protects it; move it in, or name the home (--home)"
        ),
    ]


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o660, 0o755])
def test_a_private_key_that_others_reach_is_refused(home, mode):
    (home.tls / "server.key").chmod(mode)
    assert machine(home) == [
        (
            f"HOME/tls/server.key has mode 0{mode:o}, so that others can reach the private key; "
            "run: chmod 600 HOME/tls/server.key"
        )
    ]


@pytest.mark.parametrize("name", ["client-ca.crt", "a.crl"])
def test_files_that_say_whom_to_believe_are_nobody_elses_to_write(home, name):
    (home.tls / "a.crl").touch()
    (home.tls / name).chmod(0o664)
    assert machine(home, 'tls.revocation=["tls/a.crl"]') == [
        (
            f"HOME/tls/{name} has mode 0664, so that others can change it; "
            f"run: chmod go-w HOME/tls/{name}"
        )
    ]


def test_a_pipe_is_no_file_and_blocks_nothing(home):
    (home.tls / "server.key").unlink()
    os.mkfifo(home.tls / "server.key", 0o600)
    assert machine(home) == ["HOME/tls/server.key is not a regular file; remove it"]


def test_a_group_may_read_the_private_key(home):
    (home.tls / "server.key").chmod(0o640)
    assert machine(home) == []


def test_the_files_of_the_storage_of_limits_are_looked_at(home, tmp_path):
    password = tmp_path / "pw"
    flags = ("rate_limits.storage=rediss://127.0.0.1", f"rate_limits.storage_password={password}")
    assert machine(home, *flags, f"rate_limits.storage_ca={tmp_path}/ca") == [
        (
            f"{tmp_path}/ca cannot be read (No such file or directory); "
            "give rate_limits.storage_ca a file that is there"
        ),
        (
            f"{password} cannot be read (No such file or directory); "
            "give rate_limits.storage_password a file that is there"
        ),
    ]
    password.touch(mode=0o644)
    (line,) = machine(home, *flags)
    assert line.startswith(f"{password} has mode 0644, so that others can reach the password; ")
    password.chmod(0o640)
    assert machine(home, *flags) == []


def test_a_key_of_another_certificate_is_reported(home):
    (home.tls / "server.key").write_bytes((home.clients / "bot.key").read_bytes())
    (line,) = machine(home)
    assert line.startswith("tls cannot be used: HOME/tls/server.key: not the key of")
    assert line.endswith("; correct that file")


def test_the_validity_of_the_certificate_is_checked(home):
    assert machine(home, now=NOW + timedelta(days=397)) == [
        (
            "tls cannot be used: HOME/tls/server.crt: expired on "
            f"{NOW + timedelta(days=397):%Y-%m-%d}; put a new one in its place; correct that file"
        )
    ]
    (line,) = machine(home, now=NOW - timedelta(days=1))
    assert "not valid before" in line


@pytest.mark.parametrize(("mode", "line"), [(0o644, "has mode 0644, not 0600"), (0o400, "0400")])
def test_the_keks_mode_is_checked(home, mode, line):
    home.kek.chmod(mode)
    (problem,) = check_kek(settings(home))
    assert line in problem.text
    assert problem.fix == f"run: chmod 600 {home.kek}"


def test_a_missing_kek_is_reported(home):
    home.kek.unlink()
    (problem,) = check_kek(settings(home))
    assert problem.text == "cannot be read (No such file or directory)"


_UNPRIVILEGED = """
import ctypes, resource, sys
from pathlib import Path
from signward_server.config import load
from signward_server.core.clock import SystemClock
from signward_server.home.checks import check_machine
PR_CAPBSET_DROP = 24
resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
if sys.argv[2] == "drop":
    # capset(2), version 3: no effective capability at all.
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0
home = Path(sys.argv[1])
settings = load(home / "signward.toml", environment={})
print(*check_machine(settings, home, SystemClock()), sep="\\n", end="")
"""


@pytest.mark.parametrize("capability", ["drop", "keep"])
def test_more_locked_memory_than_allowed_is_reported(home, capability):
    done = subprocess.run(
        [sys.executable, "-c", _UNPRIVILEGED, str(home.path), capability],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    privileged = capability == "keep" and os.geteuid() == 0
    expected = (
        "configuration: custody.envelope.locked_memory is 4MiB, but this process may lock 64KiB; "
        "lower it, or raise the limit (ulimit -l, LimitMEMLOCK=)"
    )
    assert done.stdout == ("" if privileged else expected)


def test_unlimited_memory_is_enough(home, monkeypatch):
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _: unlimited)
    assert machine(home, "custody.envelope.locked_memory=1GiB") == []


@pytest.mark.parametrize("name", ["tcp", "api_keys", "http"])
@pytest.mark.parametrize("address", ["0.0.0.0:7000", "[::]:7000", "192.0.2.1:7000"])
def test_s22_no_other_machine_reaches_a_daemon_that_could_make_clients(home, name, address):
    flag = f"listen.{name}={address}"
    key = home.path.with_name("h-ca") / "ca.key"
    (line,) = machine(home, flag)
    assert line.replace(str(key), "KEY").replace("HOME-ca/ca.key", "KEY") == (
        f"configuration: listen.{name} is reached by other machines, and the daemon can read KEY, "
        "which makes clients; move that folder to another machine, or listen on loopback"
    )
    link = home.path.with_name("link")
    link.symlink_to(home.path)
    assert check_machine(settings(home, flag), link, At(NOW))
    key.rename(key.with_name("elsewhere"))
    assert machine(home, flag) == []


def test_s22_on_loopback_the_development_ca_may_lie_beside_the_home(home):
    assert machine(home, "listen.api_keys=127.0.0.2:1", "listen.http=[::1]:2") == []
