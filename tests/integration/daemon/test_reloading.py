"""What changes on disk counts for open connections and streams, without a restart (S2, S4)."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from signward import Client, SignwardError

from tests.running.calls import SIGN, Refusal, refusal_of, refused
from tests.running.homes import Home, replace
from tests.running.keys import create, sign_request
from tests.running.peers import Issuer, Pair, raw_names
from tests.running.process import Daemon
from tests.running.streams import Stream
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

SOON = ("--set", "reload.interval=1s")
NEVER = ("--set", "reload.interval=1h")
DENIED = Refusal("PERMISSION_DENIED", "POLICY_DENIED")
LIMITED = Refusal("RESOURCE_EXHAUSTED", "RATE_LIMITED")
UNKNOWN = Refusal("UNAUTHENTICATED", "IDENTITY_UNKNOWN")
REVOKED = Refusal("UNAUTHENTICATED", "CERTIFICATE_REVOKED")
STOP = 'forbid (principal == Identity::"cn:bot", action == Action::"SignRaw", resource);'
SIGNED = sign_request("k").SerializeToString()
NAMED = 'tls.client_ca=[{file = "tls/client-ca.crt", names = ["admin", "bot"]}]'
ONE_AN_HOUR = '\n[[rate_limits.rules]]\nclass = "sign"\nper = "key"\nlimit = 1\nwindow = "1h"\n'


@contextmanager
def serving(home: Home, *flags: str, **options: str) -> Iterator[Daemon]:
    with Daemon(home, *flags, **options) as daemon:  # type: ignore[arg-type]
        with daemon.client() as client:
            create(client, "k")
        yield daemon


def reason(call: Callable[[], object]) -> str:
    """Return why a call is refused, nothing if it is answered."""
    try:
        call()
    except SignwardError as error:
        return error.reason
    return ""


def refusals(daemon: Daemon, part: str) -> float:
    return daemon.metric(f'signward_reload_refusals_total{{part="{part}"}}')


def test_s04_a_policy_counts_from_the_next_item_of_an_open_stream(home: Home) -> None:
    with serving(home, *SOON) as daemon, daemon.client() as bot:
        stream = Stream(bot.channel, "k")
        assert stream.sign() is None
        home.permit(STOP, "stop.cedar")
        assert eventually(lambda: stream.sign() == DENIED)
        assert reason(lambda: bot.sign(sign_request("k"))) == "POLICY_DENIED"
        (home.policies / "stop.cedar").unlink()
        assert eventually(lambda: stream.sign() is None)
        assert bot.sign(sign_request("k")).version == 1
        stream.close()


def test_bad_policies_keep_the_old_ones_and_metrics_say_so(home: Home) -> None:
    home.permit(STOP, "stop.cedar")
    with serving(home, *SOON) as daemon, daemon.client() as bot:
        assert reason(lambda: bot.sign(sign_request("k"))) == "POLICY_DENIED"
        assert refusals(daemon, "policy") == 0
        in_force = daemon.metric("signward_policies")
        home.permit("forbid (principal", "unfinished.cedar")
        assert eventually(lambda: refusals(daemon, "policy") > 0)
        assert eventually(lambda: "unfinished.cedar:1" in daemon.said)
        (home.policies / "stop.cedar").unlink()
        known = refusals(daemon, "policy")
        assert eventually(lambda: refusals(daemon, "policy") > known + 1)  # one may be of before
        assert reason(lambda: bot.sign(sign_request("k"))) == "POLICY_DENIED"
        assert daemon.metric("signward_policies") == in_force
        home.permit("// finished", "unfinished.cedar")
        assert eventually(lambda: reason(lambda: bot.sign(sign_request("k"))) == "")
        assert daemon.metric("signward_policies") == in_force - 1


def test_sighup_reads_groups_again(home: Home) -> None:
    home.issue("desk")
    with (
        Daemon(home, *NEVER) as daemon,
        daemon.client("admin") as admin,
        daemon.client("desk") as desk,
    ):
        create(admin, "first")
        assert reason(lambda: create(desk, "second")) == "POLICY_DENIED"
        home.configure('admins = ["cn:admin"]', 'admins = ["cn:desk"]')
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: reason(lambda: create(desk, "second")) != "POLICY_DENIED")
        assert reason(lambda: create(admin, "third")) == "POLICY_DENIED"
        home.configure('admins = ["cn:desk"]', 'admins = ["nobody"]')
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: refusals(daemon, "groups") == 1)
        assert create(desk, "fourth").owner == "cn:desk"


def test_rate_limits_are_read_again(home: Home) -> None:
    with serving(home, *SOON) as daemon, daemon.client() as bot:
        stream = Stream(bot.channel, "k")
        assert stream.sign() is None
        configured = home.configuration.read_text()
        replace(home.configuration, (configured + ONE_AN_HOUR).encode())
        assert eventually(lambda: stream.sign() == LIMITED)
        replace(home.configuration, configured.encode())
        assert eventually(lambda: stream.sign() is None)
        stream.close()


def ends_with(stream: Stream) -> Refusal | None:
    """Send items until the stream itself ends; return why."""
    found: list[Refusal] = []

    def ended() -> bool:
        try:
            stream.sign()
        except grpc.RpcError as error:
            found.append(refusal_of(error))
        return bool(found)

    return found[0] if eventually(ended) else None


def believed_no_more(daemon: Daemon, bots: Pair, change: Callable[[], None]) -> Refusal:
    """Change whom the daemon believes, with calls and streams of two identities open."""
    with daemon.client("admin") as admin, bots.channel(daemon) as channel:
        create(admin, "own")
        hers, his = Stream(admin.channel, "own"), Stream(channel, "k")
        assert hers.sign() is None
        assert his.sign() is None
        assert channel.unary_unary(SIGN + "Sign")(SIGNED, timeout=10)
        change()
        ended = ends_with(his)
        assert ended is not None
        assert refused(channel, SIGN + "Sign", SIGNED) == ended
        assert hers.sign() is None
        assert admin.sign(sign_request("own")).version == 1
        hers.close()
        his.close()
    return ended


def test_s02_a_removed_ca_is_believed_no_more_on_open_connections(home: Home) -> None:
    bundle = home.path / "tls" / "client-ca.crt"
    ours = bundle.read_bytes()
    leaving = Issuer.foreign(raw_names(["leaving CA"]))
    replace(bundle, ours + leaving.as_client().certificate)
    with serving(home, *SOON, "--set", NAMED) as daemon:
        bots = leaving.issue(("bot",))
        assert believed_no_more(daemon, bots, lambda: replace(bundle, ours)) == UNKNOWN
        with bots.channel(daemon) as channel:
            assert refused(channel, SIGN + "Sign", SIGNED) == Refusal("UNAVAILABLE")
        replace(bundle, b"no certificate")
        assert eventually(lambda: refusals(daemon, "certificates") > 0)
        with daemon.client() as bot:
            assert bot.sign(sign_request("k")).version == 1


def test_s02_a_revoked_certificate_is_refused_on_open_connections(home: Home) -> None:
    issuer = Issuer.of(home.authority)
    crl = home.path / "tls" / "crl.pem"
    replace(crl, issuer.revoking())
    bots = Pair.read(home.path / "clients" / "bot")
    with serving(home, *SOON, "--set", 'tls.revocation=["tls/crl.pem"]') as daemon:
        revoking = issuer.revoking(bots)
        assert believed_no_more(daemon, bots, lambda: replace(crl, revoking)) == REVOKED
        with bots.channel(daemon) as channel, issuer.issue(("bot",)).channel(daemon) as renewed:
            assert refused(channel, SIGN + "Sign", SIGNED) == REVOKED
            assert renewed.unary_unary(SIGN + "Sign")(SIGNED, timeout=10)


def served(daemon: Daemon) -> str:
    """Return the certificate that a new connection is shown."""
    return ssl.get_server_certificate(("127.0.0.1", daemon.port), timeout=10)


def put(home: Home, pair: Pair) -> None:
    replace(home.path / "tls" / "server.key", pair.private_key)
    replace(home.path / "tls" / "server.crt", pair.certificate)


def test_new_connections_are_shown_a_new_certificate(home: Home) -> None:
    issuer = Issuer.of(home.authority)
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    fresh, mismatched = (
        issuer.issue(("daemon",), names, usage=[ExtendedKeyUsageOID.SERVER_AUTH]) for _ in range(2)
    )
    with serving(home, *SOON) as daemon, daemon.client() as before:
        before.sign(sign_request("k"))
        old = served(daemon)
        assert old == (home.path / "tls" / "server.crt").read_text()
        put(home, fresh)
        assert eventually(lambda: served(daemon) == fresh.certificate.decode())
        before.sign(sign_request("k"))  # over the connection that it has
        signs_anew(daemon)
        known = refusals(daemon, "certificates")
        put(home, Pair(mismatched.certificate, fresh.private_key))
        assert eventually(lambda: refusals(daemon, "certificates") > known)
        assert served(daemon) == fresh.certificate.decode()
        signs_anew(daemon)


def signs_anew(daemon: Daemon) -> None:
    with Client(daemon.tcp, daemon.home.credentials()) as client:
        assert client.sign(sign_request("k")).version == 1


def test_how_much_is_logged_changes_while_it_runs(home: Home) -> None:
    """And what a call logs leads to its trace."""
    with serving(home, *NEVER, log_level="") as daemon, daemon.client() as bot:
        bot.sign(sign_request("k"))
        assert "call ended" not in daemon.said
        home.configure('# level = "info"', 'level = "debug"')
        daemon.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: '"part": "log"' in daemon.said)
        bot.sign(sign_request("k"))
        assert eventually(lambda: '"method": "/signward.v1.SignService/Sign"' in daemon.said)
        assert '"trace_id": "' in daemon.said
