"""No secret in anything that a daemon says of itself, at level debug (promise 3).

A daemon with planted secrets answers good and bad calls of every RPC, is told to reload good
and bad files, and ends. Then its log, audit log, spans, metrics and errors are searched.
"""

from __future__ import annotations

import base64
import json
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc
import pytest
from google.protobuf.message import Message
from signward import Client
from signward.v1 import admin_service_pb2 as admin
from signward.v1 import key_service_pb2 as keys
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as sign

from tests.fakes.spine.every_rpc import EXAMPLES, METHODS
from tests.running.envelopes import derived_keys, root_key, secrets_in
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.leaks import forms, leaks, secret_files
from tests.running.otlp import Receiver
from tests.running.process import Daemon
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

ALL: Final = "permit (principal, action, resource);\n"
OF_THE_PROCESS: Final = "process0Planted1Secret2Of3Thirty"
WRONG: Final = "wrong0Planted1Secret2Of3Thirty4x"
PAYLOAD: Final = b"a payload that nobody else may read, planted"
ADMIN: Final = "/signward.v1.AdminService/"
SIGNS: Final = "/signward.v1.SignService/"
TELLS: Final = {ADMIN + "CreateApiKey"}
"""What answers with a secret, because that is what it is for."""
Calls = Iterable[Message | bytes]


class Caller:
    """Calls anything, and keeps what came back.

    Attributes:
        errors: Texts and metadata of errors.
        answers: All answers but those that tell a secret.
        secrets: What those told.
        signatures: What was signed.
    """

    def __init__(self) -> None:
        self.errors: list[bytes] = []
        self.answers: list[bytes] = []
        self.secrets: list[bytes] = []
        self.signatures: list[bytes] = []

    def call(self, channel: grpc.Channel, method: str, requests: Calls, secret: str = "") -> None:
        """Call a method with these messages; watches and reflection end with an answer."""
        metadata = (("authorization", f"Bearer {secret}"),) if secret else ()
        data = [each if isinstance(each, bytes) else each.SerializeToString() for each in requests]
        call = channel.stream_stream(method)(iter(data), timeout=20, metadata=metadata)
        try:
            for answer in call:
                self._keep(method, answer)
                if method.endswith(("/Watch", "/TailAuditRecords")):
                    call.cancel()
        except grpc.RpcError as error:
            self.errors.append(repr(error).encode())
            self.errors.append(str(error.details()).encode())
            for _, value in error.trailing_metadata() or ():
                self.errors.append(value if isinstance(value, bytes) else value.encode())

    def _keep(self, method: str, answer: bytes) -> None:
        if method in TELLS:
            self.secrets.append(admin.CreateApiKeyResponse.FromString(answer).secret.encode())
            return
        self.answers.append(answer)
        if method == SIGNS + "Sign":
            signature = sign.SignResponse.FromString(answer).raw.signature
            self.signatures += [signature] if signature else []


def furnish(client: Client) -> None:
    """Make what the examples name, and what is in memory in another way."""
    create(client, "bot-key")
    for name, algorithm, digest in (
        ("digests", resources.ALGORITHM_ECDSA_SECP256K1, True),
        ("wiped", resources.ALGORITHM_ED25519, False),
    ):
        request = keys.CreateKeyRequest(
            key_id=name,
            algorithm=algorithm,
            custody=resources.CUSTODY_ENVELOPE,
            purpose=resources.PURPOSE_RAW,
            allow_digest=digest,
        )
        if name == "wiped":
            request.unlock_ttl.FromSeconds(0)
        client.channel.unary_unary("/signward.v1.KeyService/CreateKey")(
            request.SerializeToString(), timeout=PATIENCE
        )


def call_everything(caller: Caller, channel: grpc.Channel, secret: str = "") -> None:
    """Call every RPC well, malformed, with what it does not know, and with nothing."""
    for method in sorted(METHODS, key=lambda name: ("Freeze" in name, "Disable" in name, name)):
        good = EXAMPLES[method](datetime.now(UTC))
        first = good[0].SerializeToString()
        variants: Sequence[Calls] = (
            good,
            [first[:-1]],
            [first + b"\xfa\x3f\x04" + PAYLOAD[:4]],
            [b"\xff" * 40],
            [],
        )
        for requests in variants:
            caller.call(channel, method, requests, secret)
    caller.call(channel, ADMIN + "UnfreezeKey", EXAMPLES[ADMIN + "UnfreezeKey"](datetime.now(UTC)))
    caller.call(channel, "/signward.v1.KeyService/EnableKey", [_enable()])


def _enable() -> Message:
    return keys.EnableKeyRequest(key_id="bot-key")


def sign_all(caller: Caller, channel: grpc.Channel, secret: str = "") -> None:
    for key in ("bot-key", "wiped", "no-such-key"):
        caller.call(channel, SIGNS + "Sign", [sign_request(key, PAYLOAD)], secret)


def reload_bad_files(daemon: Daemon) -> Iterator[str]:
    """Put secrets where they do not belong, one after the other, and have that read."""
    home = daemon.home
    yield from _replaced(daemon, home.policies / "tests.cedar", root_key(home))
    key = (home.path / "tls" / "server.key").read_bytes()
    yield from _replaced(daemon, home.path / "tls" / "server.crt", key)
    yield from _replaced(daemon, home.path / "tls" / "client-ca.crt", key)
    text = home.configuration.read_text()
    unknown = f'password = "{WRONG}"\n{text}'
    wrong = re.sub(r"(?m)^\[order\]$", f'[order]\ntimestamp_window = "{WRONG}"', text)
    broken = f'{text}\npassword = "{WRONG}\n'
    assert wrong != text
    for content in (unknown, wrong, broken):
        yield from _replaced(daemon, home.configuration, content.encode())


def _replaced(daemon: Daemon, file: Path, content: bytes) -> Iterator[str]:
    before, told = file.read_bytes(), daemon.said.count("reload refused")
    file.write_bytes(content)
    daemon.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: daemon.said.count("reload refused") > told)
    file.write_bytes(before)
    yield file.name


def metrics_of(daemon: Daemon) -> bytes:
    return "\n".join(daemon.metrics()).encode()


def planted(home: Home, caller: Caller) -> dict[str, bytes]:
    """Return every secret of this home and of those who called."""
    found = {**derived_keys(home), **secrets_in(home)}
    found |= {f"API key {n}": secret for n, secret in enumerate(caller.secrets)}
    found |= {"API key of the process": OF_THE_PROCESS.encode(), "wrong API key": WRONG.encode()}
    imported = EXAMPLES[ADMIN + "ImportApiKey"](datetime.now(UTC))[0]
    assert isinstance(imported, admin.ImportApiKeyRequest)
    found["imported API key"] = imported.secret.encode()
    found["payload"] = PAYLOAD
    found |= {f"signature {n}": value for n, value in enumerate(caller.signatures)}
    return found | secret_files(home)


@pytest.fixture(scope="module")
def said(new_home: Callable[[], Home]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """All secrets, and all that was said."""
    home, caller = new_home(), Caller()
    home.permit(ALL)
    with Receiver() as collector:
        flags = (
            *("--set", "log.level=debug", "--set", "listen.api_keys=localhost:0"),
            *("--set", f"telemetry.endpoint={collector.endpoint}"),
            *("--set", "telemetry.metrics_interval=1s", "--set", "reload.interval=1s"),
        )
        with Daemon(home, *flags, API_KEY=OF_THE_PROCESS) as daemon:
            with daemon.client("admin") as client:
                furnish(client)
                call_everything(caller, client.channel)
                sign_all(caller, client.channel)
            for secret in (*(s.decode() for s in caller.secrets[:1]), OF_THE_PROCESS, WRONG):
                certificate = grpc.ssl_channel_credentials(
                    (home.path / "clients" / "ca.crt").read_bytes()
                )
                with grpc.secure_channel(str(daemon.ready["api_keys"]), certificate) as channel:
                    call_everything(caller, channel, secret)
                    sign_all(caller, channel, secret)
            assert len(list(reload_bad_files(daemon))) == 6
            metrics = metrics_of(daemon)
            assert eventually(lambda: bool(collector.metrics()) and len(collector.spans()) > 100)
        told = collector.told()
    places = {
        "log": daemon.log.read_bytes(),
        "metrics": metrics,
        "spans and metrics of the collector": json.dumps(told).encode(),
        "errors": b"\n".join(caller.errors),
    }
    # A signature is what an answer is for.
    places["answers"] = b"\n".join(caller.answers)
    for signature in caller.signatures:
        places["answers"] = places["answers"].replace(signature, b"")
    audit = home.path / "audit"
    places |= {f"audit {file.name}": file.read_bytes() for file in audit.glob("*")}
    return planted(home, caller), places


def test_promise_3_no_secret_is_in_anything_that_is_said(
    said: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    secrets, places = said
    assert leaks(secrets, places) == []


def test_promise_3_what_was_searched_is_what_was_said(
    said: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    secrets, places = said
    assert {"KEK", "bot-key private half", "API key 0", "server.key", "signature 0"} <= set(secrets)
    assert b'"level": "error"' in places["log"]
    assert b"signward.v1.SignService/Sign" in places["spans and metrics of the collector"]
    assert b"bot-key" in places["spans and metrics of the collector"]
    assert b"signward_refusals_total" in places["metrics"]
    for reason in (b"PAYLOAD_MALFORMED", b"API_KEY_INVALID", b"FIELD_INVALID"):
        assert reason in places["errors"]


@pytest.mark.parametrize("before", range(3))
def test_each_form_of_a_secret_is_found(before: int) -> None:
    secret = bytes(range(130, 162))
    written = [
        secret,
        secret.hex().encode(),
        repr(b"x" + secret).encode(),
        base64.b64encode(b"x" * before + secret + b"y"),
        base64.urlsafe_b64encode(b"x" * before + secret),
        json.dumps(secret.decode("latin-1")).encode(),
    ]
    assert [leaks({"it": secret}, {"there": b"--" + each}) for each in written] == [
        [("it", "there")]
    ] * len(written)
    assert leaks({"it": secret}, {"there": secret[:-1] + b"\0"}) == []
    assert len(set(forms(secret))) >= 12
