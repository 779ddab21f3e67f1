"""A home in one step, complete or not at all."""

import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from signward_server.config import Endpoint, load
from signward_server.core.clock import SystemClock
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.startup import ConfigurationRefused, CustodyRefused
from signward_server.home.authority import Authority
from signward_server.home.creation import HomePlan, create_home
from signward_server.home.parts import write_kek, write_store

CLOCK = SystemClock()


def plan(path: Path, **changes) -> HomePlan:
    return replace(
        HomePlan(
            path=path,
            tcp=Endpoint("127.0.0.1", "127.0.0.1", 7443),
            http=None,
            write_kek=lambda kek: kek.write_bytes(b"kek"),
            write_store=lambda store: store.write_bytes(b"store"),
        ),
        **changes,
    )


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *folder.rglob("*"))
    }


def test_a_home_has_exactly_these_files_with_these_modes(tmp_path):
    real = plan(
        tmp_path / "h", write_kek=write_kek, write_store=lambda path: write_store(path, CLOCK)
    )
    home = create_home(real, CLOCK)
    assert home.path == tmp_path / "h"
    assert modes(tmp_path / "h") == {
        ".": 0o700,
        "audit": 0o700,
        "audit/00000000000000000000.log": 0o600,
        "audit.key": 0o600,
        "audit.pub": 0o644,
        "kek": 0o600,
        "signward.toml": 0o600,
        "clients": 0o700,
        "clients/ca.crt": 0o644,
        "clients/admin.crt": 0o644,
        "clients/admin.key": 0o600,
        "clients/bot.crt": 0o644,
        "clients/bot.key": 0o600,
        "clients/profiles.toml": 0o600,
        "policies": 0o700,
        "policies/starter.cedar": 0o600,
        "policies/starter.test.yaml": 0o600,
        "run": 0o750,
        "store": 0o700,
        "store/signward.db": 0o600,
        "tls": 0o700,
        "tls/client-ca.crt": 0o644,
        "tls/server.crt": 0o644,
        "tls/server.key": 0o600,
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h", "h-ca"]


def test_s22_the_cas_private_key_lies_outside_the_home(tmp_path):
    create_home(plan(tmp_path / "h"), CLOCK)
    assert modes(tmp_path / "h-ca") == {".": 0o700, "ca.key": 0o600, "ca.crt": 0o644}
    Authority.open(tmp_path / "h-ca")
    key = (tmp_path / "h-ca" / "ca.key").read_bytes()
    files = [path for path in (tmp_path / "h").rglob("*") if path.is_file()]
    assert files
    assert all(key not in path.read_bytes() for path in files)


def test_the_configuration_is_valid_and_lies_on_the_home(tmp_path):
    home = create_home(plan(tmp_path / "h"), CLOCK)
    settings = load(home.configuration, environment={})
    assert settings.store.path == home.store
    assert settings.custody.envelope.kek == home.kek
    assert settings.tls.private_key == home.tls / "server.key"
    assert settings.tls.client_ca[0].file == home.tls / "client-ca.crt"
    assert settings.policy.folder == home.policies
    assert settings.groups.members == {"admins": (Identity(IdentityKind.CN, "admin"),)}
    assert settings.listen.unix == home.socket
    assert str(settings.listen.tcp) == "127.0.0.1:7443"
    assert settings.listen.http is None


@pytest.mark.parametrize(
    ("tcp", "target"),
    [
        (Endpoint("127.0.0.1", "127.0.0.1", 7443), "127.0.0.1:7443"),
        (Endpoint("localhost", "127.0.0.1", 1), "localhost:1"),
        (Endpoint("::1", "::1", 1), "[::1]:1"),
        (Endpoint("127.0.0.1", "127.0.0.1", 0), "unix:{home}/run/signward.sock"),
        (None, "unix:{home}/run/signward.sock"),
    ],
)
def test_profiles_lead_clients_to_the_daemon(tmp_path, tcp, target):
    home = create_home(plan(tmp_path / "h", tcp=tcp), CLOCK)
    profiles = tomllib.loads((home.clients / "profiles.toml").read_text())["profiles"]
    assert sorted(profiles) == ["admin", "bot"]
    for name, profile in profiles.items():
        assert profile["target"] == target.format(home=home.path)
        for key in ("ca", "cert", "key"):
            assert (home.clients / profile[key]).is_file()
        assert profile["cert"] == f"{name}.crt"


def test_a_path_too_long_for_a_socket_goes_without_one(tmp_path):
    path = tmp_path / ("h" * 120)
    home = create_home(plan(path), CLOCK)
    assert load(home.configuration, environment={}).listen.unix is None
    with pytest.raises(ConfigurationRefused, match="too long for a Unix socket"):
        create_home(plan(tmp_path / ("i" * 120), tcp=None), CLOCK)


@pytest.mark.parametrize("name", ["h", "h-ca"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_overwritten(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
        (path / "mine").touch()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigurationRefused, match="exists; nothing in it was touched"):
        create_home(plan(tmp_path / "h"), CLOCK)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled_and_missing_parents_are_made(tmp_path):
    (tmp_path / "h").mkdir()
    assert create_home(plan(tmp_path / "h"), CLOCK).configuration.exists()
    assert create_home(plan(tmp_path / "a" / "b"), CLOCK).configuration.exists()


@pytest.mark.parametrize(
    "error", [OSError(28, "full"), CustodyRefused("no", "memory"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("part", ["write_kek", "write_store"])
def test_a_failure_leaves_nothing_behind(tmp_path, part, error):
    def fails(_path: Path) -> None:
        raise error

    with pytest.raises((ConfigurationRefused, CustodyRefused, KeyboardInterrupt)):
        create_home(plan(tmp_path / "h", **{part: fails}), CLOCK)
    assert list(tmp_path.iterdir()) == []


def test_one_who_came_first_keeps_his_home_and_the_ca_is_taken_back(tmp_path):
    def meanwhile(store: Path) -> None:
        (tmp_path / "h").mkdir()
        (tmp_path / "h" / "mine").touch()

    with pytest.raises(ConfigurationRefused, match="cannot be made"):
        create_home(plan(tmp_path / "h", write_store=meanwhile), CLOCK)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "h", tmp_path / "h" / "mine"]


def test_a_ca_that_came_first_is_kept(tmp_path):
    def meanwhile(store: Path) -> None:
        (tmp_path / "h-ca").mkdir()
        (tmp_path / "h-ca" / "mine").touch()

    with pytest.raises(ConfigurationRefused, match="cannot be made"):
        create_home(plan(tmp_path / "h", write_store=meanwhile), CLOCK)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "h-ca", tmp_path / "h-ca" / "mine"]
