"""Rate limits of a real daemon, and what its metrics say of them."""

import json
from typing import Any

import grpc
import pytest
from signward import Algorithm, Purpose, SignwardError
from signward.sealing import sealer

from tests.running.calls import KEYS, refusal_of, unary
from tests.running.keys import create, sign_request
from tests.running.process import Daemon, serve_and_fail
from tests.running.waiting import eventually

pytestmark = pytest.mark.integration

DEFAULT = 'rate_limits.rules=[{class="key_creation", per="identity", limit=5, window="5m"}]'
SIGNING = 'rate_limits.rules=[{class="sign", per="key", limit=3, window="1m"}]'


def refusal(call) -> SignwardError:
    with pytest.raises(SignwardError) as caught:
        call()
    return caught.value


def test_the_sixth_key_within_five_minutes_is_refused(home):
    with Daemon(home, "--set", DEFAULT) as daemon, daemon.client("admin") as admin:
        for number in range(5):
            create(admin, f"key-{number}")
        error = refusal(lambda: create(admin, "key-5"))
        assert error.reason == "RATE_LIMITED"
        assert 290 < error.retry_after <= 300.1
        assert error.metadata["class"] == "key_creation"
        admin.get_key("key-0")
        assert 'signward_rate_limited_total{method_class="key_creation"} 1.0' in daemon.metrics()
        assert "signward_limit_storage_up 1.0" in daemon.metrics()


def test_an_import_is_one_creation(home):
    """As with five workers, each of which has a fifth of the default and all calls of a client."""
    one = DEFAULT.replace("limit=5", "limit=1")
    with Daemon(home, "--set", one) as daemon, daemon.client("admin") as admin:
        kind = {"algorithm": Algorithm.ALGORITHM_ED25519, "purpose": Purpose.PURPOSE_RAW}
        assert admin.import_key("mine", sealer(b"1" * 32), **kind).id == "mine"
        assert refusal(lambda: create(admin, "another")).metadata["class"] == "key_creation"


def test_items_of_calls_batches_and_streams_count_together(home):
    with Daemon(home, "--set", SIGNING) as daemon, daemon.client("admin") as admin:
        create(admin, "key")
        create(admin, "other-desk")
        request = sign_request("key")
        admin.sign(request)
        items = list(admin.sign_batch([request, request, sign_request("other-desk"), request]))
        reasons = [getattr(item, "reason", "") for item in items]
        assert reasons == ["", "", "", "RATE_LIMITED"]
        assert refusal(lambda: admin.sign(request)).reason == "RATE_LIMITED"
        admin.sign(sign_request("other-desk"))
        text = "\n".join(daemon.metrics())
        assert 'signward_rate_limited_total{method_class="sign"} 2.0' in text
        assert "other-desk" not in text
        assert "admin" not in text


def test_daemons_share_what_redis_counts_and_refuse_while_it_is_down(new_home, start):
    server = start()
    flags = ("--set", DEFAULT, "--set", f"rate_limits.storage={server.url}")
    with (
        Daemon(new_home(), *flags) as one,
        Daemon(new_home(), *flags) as two,
        one.client("admin") as first,
        two.client("admin") as second,
    ):
        for number in range(5):
            create((first, second)[number % 2], f"key-{number}")
        for client in (first, second):
            assert refusal(lambda c=client: create(c, "key-5")).reason == "RATE_LIMITED"
        server.stop()
        error = refusal(lambda: create(first, "key-5"))
        assert error.reason == "RATE_LIMITED"
        assert error.retry_after < 2
        first.sign(sign_request("key-0"))
        assert "signward_limit_storage_up 0.0" in one.metrics()
        assert one.probe("/readyz") == 200
        server.start()
        assert eventually(lambda: "signward_limit_storage_up 1.0" in one.metrics())
        create(first, "key-5")


def test_a_password_file_that_is_missing_ends_the_start(home):
    home.configuration.write_text(
        home.configuration.read_text()
        .replace('# storage = ""', 'storage = "redis://127.0.0.1:1"')
        .replace('# storage_password = ""', 'storage_password = "none.pw"')
    )
    outcome = serve_and_fail(home)
    assert outcome.code == 2
    assert "none.pw cannot be read" in outcome.said


def test_s43_one_that_fails_is_limited_and_valid_credentials_beside_it_are_not(home):
    with (
        Daemon(home, "--set", "rate_limits.failures.limit=3") as daemon,
        daemon.client("admin") as good,
        daemon.client("admin") as bad,
    ):
        create(good, "key")
        wrong = unary(bad.channel, KEYS + "GetPublicKey")
        metadata = (("x-api-key", "not-a-key"),)
        reasons = []
        for _ in range(5):
            with pytest.raises(grpc.RpcError) as caught:
                wrong(b"", metadata=metadata, timeout=10)
            reasons.append(refusal_of(caught.value).reason)
            good.sign(sign_request("key"))
        assert reasons == ["API_KEY_INVALID"] * 3 + ["RATE_LIMITED"] * 2
        bad.get_public_key("key")
        counted = 'signward_authentication_failures_total{reason="API_KEY_INVALID"} 5.0'
        assert counted in daemon.metrics()

        def failures() -> list[dict[str, Any]]:
            said = daemon.said.rpartition("\n")[0].splitlines()  # the last may be half written
            return [json.loads(line) for line in said if "authentication failed" in line]

        assert eventually(
            lambda: sum(each["failures"].get("API_KEY_INVALID", 0) for each in failures()) == 5
        )
        assert {each["peer"] for each in failures()} <= {"127.0.0.1", "::/64"}
