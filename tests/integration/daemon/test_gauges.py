"""What a daemon says of its parts: real numbers, and no name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.running.homes import Home
from tests.running.keys import create, sign_request
from tests.running.process import Daemon
from tests.running.streams import Stream

pytestmark = pytest.mark.integration


def test_metrics_show_the_parts_as_they_are(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client() as bot:
        assert daemon.metric("signward_ready") == 1
        assert daemon.metric("signward_keys") == 0
        create(bot, "k")
        assert daemon.metric("signward_keys") == 1
        assert daemon.metric("signward_unlocked_keys") == 0
        bot.sign(sign_request("k"))
        assert daemon.metric("signward_unlocked_keys") == 1
        locked = daemon.metric("signward_locked_memory_bytes")
        assert 4096 <= locked <= daemon.metric("signward_locked_memory_limit_bytes")
        assert daemon.metric("signward_open_streams") == 0
        stream = Stream(bot.channel, "k")
        assert stream.sign() is None
        assert daemon.metric("signward_open_streams") == 1
        stream.close()
        assert daemon.metric('signward_handshakes_total{listener="tcp"}') >= 1
        assert daemon.metric("signward_crls_overdue") == 0
        assert daemon.metric('signward_signatures_total{custody="envelope",purpose="raw"}') == 2


def test_metrics_show_when_certificates_end(home: Home) -> None:
    tls = home.path / "tls"
    server = x509.load_pem_x509_certificate((tls / "server.crt").read_bytes())
    authority = x509.load_pem_x509_certificate((tls / "client-ca.crt").read_bytes())
    fingerprint = authority.fingerprint(SHA256()).hex()
    with Daemon(home) as daemon:
        for name, certificate in {
            "server": server,
            f"client_ca_{fingerprint[:16]}": authority,
        }.items():
            shown = daemon.metric(
                f'signward_certificate_expiry_timestamp_seconds{{certificate="{name}"}}'
            )
            ends = certificate.not_valid_after_utc
            assert datetime.fromtimestamp(shown, UTC) == ends
