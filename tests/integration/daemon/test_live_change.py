"""Everything that may change while the daemon serves, at once, by each way to make it look."""

from __future__ import annotations

import json
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from signward import Client, SignStream, SignwardError

from tests.running.calls import SIGN, refusal_of
from tests.running.homes import Home, replace
from tests.running.keys import create, sign_request
from tests.running.peers import Issuer, Pair, raw_names
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

LOCALHOST = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
EVERYBODY = 'permit (principal, action in [Action::"ViewKey", Action::"SignRaw"], resource);'
STOP = 'forbid (principal, action == Action::"SignRaw", resource == Key::"stopped");'
NAMES = ["admin", "bot", "desk", "leaver", "revoked"]
FLAGS = (
    "--set",
    f'tls.client_ca=[{{file = "tls/client-ca.crt", names = {NAMES}}}]'.replace("'", '"'),
    "--set",
    'tls.revocation=["tls/crl.pem"]',
)
PARTS = ("policy", "certificates", "limits", "groups", "log", "references")


@dataclass(frozen=True, slots=True)
class World:
    """A daemon, and callers who have connections open."""

    daemon: Daemon
    ours: Issuer
    revoked: Pair
    bot: Client
    stream: SignStream
    desk: Client
    channels: dict[str, grpc.Channel]

    def outcomes(self) -> dict[str, str]:
        """Return what each caller is told now, over the connection that it has."""
        return {
            "bot": reason(lambda: self.bot.sign(sign_request("k"))),
            "bot's stream": reason(lambda: self.stream.sign(sign_request("k"))),
            "a key that a policy stops": reason(lambda: self.stream.sign(sign_request("stopped"))),
            "desk makes keys": reason(lambda: create(self.desk, "k")),
            "desk lists twice": reason(
                lambda: list(self.desk.list_keys()) + list(self.desk.list_keys())
            ),
            "leaver": self.signs("leaver"),
            "revoked": self.signs("revoked"),
        }

    def signs(self, name: str) -> str:
        request = sign_request("k").SerializeToString()
        try:
            self.channels[name].unary_unary(SIGN + "Sign")(request, timeout=10)
        except grpc.RpcError as error:
            return refusal_of(error).reason
        return ""

    def shown(self) -> str:
        """Return the certificate that a new connection is shown."""
        return ssl.get_server_certificate(("127.0.0.1", self.daemon.port), timeout=10)


BEFORE = {
    "bot": "",
    "bot's stream": "",
    "a key that a policy stops": "",
    "desk makes keys": "POLICY_DENIED",
    "desk lists twice": "",
    "leaver": "",
    "revoked": "",
}
AFTER = {
    "bot": "",
    "bot's stream": "",
    "a key that a policy stops": "POLICY_DENIED",
    "desk makes keys": "KEY_EXISTS",
    "desk lists twice": "RATE_LIMITED",
    "leaver": "IDENTITY_UNKNOWN",
    "revoked": "CERTIFICATE_REVOKED",
}


@contextmanager
def world(home: Home, *flags: str) -> Iterator[World]:
    home.issue("desk")
    home.permit(EVERYBODY, "everybody.cedar")
    ours, leaving = Issuer.of(home.authority), Issuer.foreign(raw_names(["leaving CA"]))
    replace(home.path / "tls" / "crl.pem", ours.revoking())
    home.configure('# reference_prices = ""', 'reference_prices = "prices.json"')
    put_price(home, "65000")
    bundle = home.path / "tls" / "client-ca.crt"
    replace(bundle, bundle.read_bytes() + leaving.as_client().certificate)
    revoked = ours.issue(("revoked",))
    with ExitStack() as stack:
        daemon = stack.enter_context(Daemon(home, *FLAGS, *flags))
        bot = stack.enter_context(daemon.client())
        for name in ("k", "stopped"):
            create(bot, name)
        pairs = {"leaver": leaving.issue(("leaver",)), "revoked": revoked}
        yield World(
            daemon,
            ours,
            revoked,
            bot,
            stack.enter_context(bot.stream()),
            stack.enter_context(daemon.client("desk")),
            {name: stack.enter_context(pair.channel(daemon)) for name, pair in pairs.items()},
        )


def put_price(home: Home, price: str) -> None:
    listed = {"time": time.time_ns() // 1_000_000, "mainnet": {"0": price}}
    replace(home.path / "prices.json", json.dumps(listed).encode())


def has_just_looked(daemon: Daemon) -> bool:
    """Have a daemon see a new price: until it looks again there is time to change the rest."""
    reloads = 'signward_reloads_total{part="references"}'
    before = daemon.metric(reloads)
    put_price(daemon.home, "66000")
    return eventually(lambda: daemon.metric(reloads) > before)


def change_everything(home: Home, world: World) -> str:
    """Exchange every file; return the new certificate of the daemon."""
    fresh = world.ours.issue(("daemon",), LOCALHOST, usage=[ExtendedKeyUsageOID.SERVER_AUTH])
    replace(home.path / "tls" / "server.key", fresh.private_key)
    replace(home.path / "tls" / "server.crt", fresh.certificate)
    replace(home.path / "tls" / "client-ca.crt", world.ours.as_client().certificate)
    replace(home.path / "tls" / "crl.pem", world.ours.revoking(world.revoked))
    home.permit(STOP, "stop.cedar")
    put_price(home, "70000")
    home.configure('admins = ["cn:admin"]', 'admins = ["cn:admin", "cn:desk"]')
    listing = 'class = "list"\nper = "identity"\nlimit = '
    home.configure(f"{listing}1000000", f"{listing}1")
    home.configure('# level = "info"', 'level = "error"')
    return fresh.certificate.decode()


def reason(call: Callable[[], object]) -> str:
    """Return why a call is refused, nothing if it is answered."""
    try:
        call()
    except SignwardError as error:
        return error.reason
    return ""


@pytest.mark.parametrize("way", ["files", "signal", "call"])
def test_promise_9_everything_changes_under_open_connections(home: Home, way: str) -> None:
    with world(home, "--set", f"reload.interval={'1s' if way == 'files' else '1h'}") as opened:
        daemon = opened.daemon
        assert opened.outcomes() == BEFORE
        shown = opened.shown()
        if way == "files":
            assert has_just_looked(daemon)
        fresh = change_everything(home, opened)
        if way == "call":
            with daemon.client("admin") as admin:
                results = admin.admin.reload()
            assert [(each.changed, each.problem) for each in results] == [(True, "")] * len(PARTS)
        else:
            if way == "signal":
                assert opened.outcomes() == BEFORE
                assert opened.shown() == shown
                daemon.process.send_signal(signal.SIGHUP)
            assert eventually(lambda: opened.outcomes() == AFTER)
            assert eventually(lambda: opened.shown() == fresh)
        assert opened.outcomes() == AFTER
        assert opened.shown() == fresh
        assert opened.bot.reconnections == 0
        assert daemon.said.count('"part": "policy"') == 1
        (home.policies / "stop.cedar").unlink()
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: opened.outcomes()["a key that a policy stops"] == "")
        assert daemon.said.count('"part": "policy"') == 1  # less is logged now
        for part in PARTS:
            assert daemon.metric(f'signward_reload_refusals_total{{part="{part}"}}') == 0
