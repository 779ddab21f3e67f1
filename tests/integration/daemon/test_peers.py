"""Who is refused, at TLS or with IDENTITY_UNKNOWN (S1): names as hostile as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from signward.v1 import key_service_pb2 as key_pb

from tests.running.calls import KEYS, Refusal, refused, unary
from tests.running.homes import Home
from tests.running.peers import Issuer, Pair, raw_names
from tests.running.process import Daemon

pytestmark = pytest.mark.integration

NOT_AT_ALL = Refusal("UNAVAILABLE")
NOBODY = Refusal("UNAUTHENTICATED", "IDENTITY_UNKNOWN")
ASK = KEYS + "ListKeys"
CREATE_OWN = """\
permit (principal, action == Action::"CreateKey", resource) when { resource.owner == principal };
"""


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def uri(*names: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(name) for name in names]


def issued(*common_names: str, **how: object) -> Callable[[Issuer], Pair]:
    return lambda issuer: issuer.issue(common_names or ("bot",), **how)  # type: ignore[arg-type]


def with_names(*alternatives: x509.GeneralName) -> Callable[[Issuer], Pair]:
    return lambda issuer: issuer.issue(("bot",), alternatives)


AT_TLS: dict[str, Callable[[Issuer], Pair]] = {
    "expired": issued(start=timedelta(days=-2)),
    "not valid yet": issued(start=timedelta(hours=2)),
    "of a foreign CA": lambda _: Issuer.foreign(x509.Name([])).issue(),
    "of a foreign CA with our CA's name": (
        lambda issuer: Issuer.foreign(issuer.certificate.subject).issue()
    ),
    "self-signed": lambda _: Issuer.foreign(raw_names(["bot"])).as_client(),
}
"""Certificates that no connection is made with, whatever names count."""

CN: dict[str, Callable[[Issuer], Pair]] = {
    "two names": issued("bot", "admin"),
    "the same name twice": issued("bot", "bot"),
    "no name": lambda issuer: issuer.issue((), dns("bot")),
    "NUL": issued("admin\0.evil"),
    "NUL at the end": issued("admin\0"),
    "line feed": issued("bot\nadmin"),
    "wildcard": issued("*"),
    "space at the end": issued("admin "),
    "percent-encoding": issued("adm%69n"),
    "Cyrillic": issued("\N{CYRILLIC SMALL LETTER A}dmin"),
    "65 characters": issued("x" * 64 + "y"),
    "a typed identity": issued("cn:admin\u200b"),
}
DNS: dict[str, Callable[[Issuer], Pair]] = {
    "common name only": issued("bot.example"),
    "two names": with_names(*dns("bot.example", "admin.example")),
    "wildcard": with_names(*dns("*.example")),
    "a SPIFFE id": with_names(*dns("spiffe://example.org/bot")),
    "upper case": with_names(*dns("Bot.example")),
    "NUL": with_names(*dns("admin.example\0.evil")),
    "empty label": with_names(*dns("bot..example")),
    "point at the end": with_names(*dns("bot.example.")),
    "URI only": with_names(*uri("spiffe://example.org/bot")),
    "no name in it": with_names(*dns("")),
}
SPIFFE: dict[str, Callable[[Issuer], Pair]] = {
    "common name only": issued("spiffe://example.org/bot"),
    "DNS name that reads so": with_names(*dns("spiffe://example.org/bot")),
    "two ids": with_names(*uri("spiffe://example.org/bot", "spiffe://example.org/admin")),
    "upper case trust domain": with_names(*uri("spiffe://Example.org/bot")),
    "upper case scheme": with_names(*uri("SPIFFE://example.org/bot")),
    "no path": with_names(*uri("spiffe://example.org")),
    "slash at the end": with_names(*uri("spiffe://example.org/bot/")),
    "empty segment": with_names(*uri("spiffe://example.org//bot")),
    "dot segment": with_names(*uri("spiffe://example.org/../admin")),
    "percent-encoding": with_names(*uri("spiffe://example.org/%61dmin")),
    "NUL": with_names(*uri("spiffe://example.org/admin\0.evil")),
    "port": with_names(*uri("spiffe://example.org:443/bot")),
    "user": with_names(*uri("spiffe://admin@example.org/bot")),
    "query": with_names(*uri("spiffe://example.org/bot?admin")),
    "wildcard": with_names(*uri("spiffe://example.org/*")),
    "https": with_names(*uri("https://example.org/bot")),
}
NOT_CLIENTS: dict[str, Callable[[Issuer], Pair]] = {
    "for servers only": issued(usage=[ExtendedKeyUsageOID.SERVER_AUTH]),
    "a CA's": issued(ca=True),
}
GOOD = {
    "cn": (issued("bot"), "cn:bot"),
    "dns": (with_names(*dns("bot.example")), "dns:bot.example"),
    "spiffe": (with_names(*uri("spiffe://example.org/bot")), "spiffe://example.org/bot"),
}


@pytest.fixture(scope="module", params=["cn", "dns", "spiffe"])
def identifying(
    request: pytest.FixtureRequest, new_home: Callable[[], Home]
) -> Iterator[tuple[str, Daemon]]:
    """A daemon for each kind of name that may say who calls; whoever does may make keys."""
    home = new_home()
    home.permit(CREATE_OWN, "own.cedar")
    with Daemon(home, "--set", f"tls.identity={request.param}") as daemon:
        yield request.param, daemon


def outcomes(daemon: Daemon, peers: dict[str, Callable[[Issuer], Pair]]) -> dict[str, Refusal]:
    issuer = Issuer.of(daemon.home.authority)
    found = {}
    for name, make in peers.items():
        with make(issuer).channel(daemon) as channel:
            found[name] = refused(channel, ASK, b"", timeout=20)
    return found


def test_s01_only_the_one_configured_kind_of_name_says_who_calls(
    identifying: tuple[str, Daemon],
) -> None:
    kind, daemon = identifying
    peers = {"cn": CN, "dns": DNS, "spiffe": SPIFFE}[kind]
    found = outcomes(daemon, peers)
    # What BoringSSL itself cannot read ends at TLS; everything else with our answer.
    assert {name: got for name, got in found.items() if got not in {NOBODY, NOT_AT_ALL}} == {}
    assert [name for name, got in found.items() if got == NOT_AT_ALL] == []
    make, identity = GOOD[kind]
    with make(Issuer.of(daemon.home.authority)).channel(daemon) as channel:
        request = key_pb.CreateKeyRequest(key_id="mine", algorithm=1, custody=1, purpose=1)
        data = unary(channel, KEYS + "CreateKey")(request.SerializeToString(), timeout=20)
    assert key_pb.CreateKeyResponse.FromString(data).key.owner == identity


def test_what_tls_refuses_is_refused_whatever_names_count(
    identifying: tuple[str, Daemon],
) -> None:
    _, daemon = identifying
    found = outcomes(daemon, AT_TLS)
    assert found == dict.fromkeys(AT_TLS, NOT_AT_ALL)


def test_a_certificate_that_is_no_clients_never_signs(identifying: tuple[str, Daemon]) -> None:
    _, daemon = identifying
    found = outcomes(daemon, NOT_CLIENTS)
    assert set(found.values()) <= {NOBODY, NOT_AT_ALL}
    own = Pair.read(daemon.home.path / "tls" / "server")
    with own.channel(daemon) as channel:
        assert refused(channel, ASK, b"", timeout=20) in {NOBODY, NOT_AT_ALL}


@contextmanager
def channels_without_certificate(daemon: Daemon) -> Iterator[list[grpc.Channel]]:
    ca = (daemon.home.path / "clients" / "ca.crt").read_bytes()
    with ExitStack() as stack:
        credentials = grpc.ssl_channel_credentials(ca)
        yield [
            stack.enter_context(grpc.secure_channel(daemon.tcp, credentials)),
            stack.enter_context(grpc.insecure_channel(daemon.tcp)),
            stack.enter_context(grpc.insecure_channel(daemon.unix)),
        ]


def test_without_a_client_certificate_no_connection_is_made(shared_daemon: Daemon) -> None:
    with channels_without_certificate(shared_daemon) as channels:
        assert [refused(channel, ASK, b"", timeout=20) for channel in channels] == [NOT_AT_ALL] * 3


def test_s01_a_ca_asserts_no_more_than_its_names(home: Home) -> None:
    ours = Issuer.of(home.authority)
    other = Issuer.foreign(raw_names(["other CA"]))
    bundle = home.path / "tls" / "other.crt"
    bundle.write_bytes(other.as_client().certificate)
    both = (
        '[{file = "tls/client-ca.crt", names = ["bot"]}, {file = "tls/other.crt", names = ["x"]}]'
    )
    home.configure('client_ca = [{ file = "tls/client-ca.crt" }]', f"client_ca = {both}")
    with Daemon(home) as daemon:
        for issuer, name, believed in ((ours, "bot", True), (other, "x", True), (ours, "x", False),
                                       (other, "bot", False), (ours, "admin", False)):  # fmt: skip
            with issuer.issue((name,)).channel(daemon) as channel:
                if believed:
                    unary(channel, ASK)(b"", timeout=20)
                else:
                    assert refused(channel, ASK, b"", timeout=20) == NOBODY, name
