"""Certificates are read again from where the configuration says now."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from signward_server.config import Settings, load
from signward_server.core.clock import SystemClock
from signward_server.core.errors import CertificateRevoked, IdentityUnknown, SignwardError
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.tls_settings import certificate_source
from signward_server.rpc.tls import Certificates
from signward_server.wiring.parts import CertificatesPart, SettingsSource

from tests.fakes.spine.tls import Issued, TestAuthority

BOTH = """[tls]
client_ca = [{file = "ours.pem", names = ["bot"]}, {file = "theirs.pem", names = ["guest"]}]
"""
OURS = """[tls]
client_ca = [{file = "ours.pem"}]
"""


class _World:
    """A daemon's certificates, and the configuration that they come from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "signward.toml"
        self.ours, self.theirs = TestAuthority("ours"), TestAuthority("theirs")
        self.bot, self.guest = self.ours.client("bot"), self.theirs.client("guest")
        (folder / "tls").mkdir()
        self.renew()
        (folder / "ours.pem").write_bytes(self.ours.pem)
        (folder / "theirs.pem").write_bytes(self.theirs.pem)
        self.file.write_text(BOTH)
        source = SettingsSource(self.load, self.file)
        settings = self.load()
        self.certificates = Certificates(certificate_source(settings.tls), SystemClock())
        self.part = CertificatesPart(self.certificates, source, settings.tls.spiffe_socket)

    def renew(self) -> None:
        issued = self.ours.server()
        (self.folder / "tls/server.crt").write_bytes(issued.certificate)
        (self.folder / "tls/server.key").write_bytes(issued.key)

    def load(self) -> Settings:
        return load(self.file, environment={})

    def answer(self, caller: Issued) -> type[SignwardError] | str:
        try:
            leaf = self.certificates.trusted.now.leaf(caller.certificate)
        except SignwardError as error:
            return type(error)
        assert leaf.not_after > datetime.now(UTC).timestamp()
        return str(leaf.identity)


@pytest.fixture
def world(tmp_path: Path) -> _World:
    made = _World(tmp_path)
    assert [made.answer(made.bot), made.answer(made.guest)] == ["cn:bot", "cn:guest"]
    return made


def test_promise_9_a_ca_that_leaves_the_configuration_takes_its_clients_along(
    world: _World,
) -> None:
    world.file.write_text(OURS)
    (world.folder / "theirs.pem").unlink()
    world.part.load()
    assert [world.answer(world.bot), world.answer(world.guest)] == ["cn:bot", IdentityUnknown]
    assert world.folder / "theirs.pem" not in world.part.watched()


def test_what_a_ca_may_assert_is_read_again(world: _World) -> None:
    world.file.write_text(BOTH.replace("guest", "visitor"))
    world.part.load()
    assert world.answer(world.guest) is IdentityUnknown


def test_lists_are_added_by_the_configuration(world: _World) -> None:
    (world.folder / "a.crl").write_bytes(world.theirs.revoking(world.guest))
    world.file.write_text(BOTH + 'revocation = ["a.crl"]')
    world.part.load()
    assert world.answer(world.guest) is CertificateRevoked
    assert {world.file, world.folder / "a.crl"} < set(world.part.watched())


def test_the_kind_of_identity_is_read_again(world: _World) -> None:
    world.file.write_text(OURS + 'identity = "dns"')
    world.part.load()
    assert world.answer(world.bot) is IdentityUnknown


def test_s02_a_broken_configuration_keeps_nobody_believed(world: _World) -> None:
    world.file.write_text("[tls")
    (world.folder / "theirs.pem").write_bytes(world.ours.pem)
    with pytest.raises(ConfigurationRefused, match="is not TOML"):
        world.part.load()
    assert [world.answer(world.bot), world.answer(world.guest)] == ["cn:bot", IdentityUnknown]


def test_a_file_that_is_missing_is_named_and_awaited(world: _World) -> None:
    world.file.write_text(BOTH.replace("theirs", "later"))
    with pytest.raises(ConfigurationRefused, match=r"later\.pem: cannot be read"):
        world.part.load()
    assert world.answer(world.guest) == "cn:guest"
    assert world.folder / "later.pem" in world.part.watched()


def test_files_do_not_give_way_to_an_agent_while_it_runs(world: _World) -> None:
    agent = 'spiffe_socket = "unix:/a.sock"\nidentity = "spiffe"'
    world.file.write_text(OURS + agent)
    with pytest.raises(ConfigurationRefused, match=r"spiffe_socket has changed; restart"):
        world.part.load()
    assert world.answer(world.guest) == "cn:guest"
