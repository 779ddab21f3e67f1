"""A tour of a running daemon: keys, signatures of every kind, and what it refuses.

Usage: python tour.py PROFILES TARGET

PROFILES is the file that `signward init` writes, TARGET where the daemon listens. Keys are made as
`admin` and used as `bot`; every signature is verified by a library that did not make it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import grpc
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from signward import (
    Algorithm,
    Client,
    Custody,
    FailedPrecondition,
    Hash,
    NotFound,
    PermissionDenied,
    Purpose,
    SignwardError,
    order_request,
    raw_request,
)
from signward.profiles import Profile, read_profile
from signward.v1.resources_pb2 import Key, PublicKey
from signward.v1.sign_service_pb2 import SignRequest, SignResponse
from signward.v1.sign_service_pb2_grpc import SignServiceStub
from verification import verify

ED25519, SECP256K1 = "tour-ed25519", "tour-secp256k1"
ALGORITHMS = {
    ED25519: Algorithm.ALGORITHM_ED25519,
    SECP256K1: Algorithm.ALGORITHM_ECDSA_SECP256K1,
}
MESSAGE = b"Signed by a key that never leaves its custody."
BATCH = 64
REPEATS = 200
WIDTH = 48


class TourError(Exception):
    """The daemon did something that it must never do."""


def message(key: str) -> SignRequest:
    """Ask for a signature over a message."""
    return raw_request(key, MESSAGE, hash=Hash.HASH_SHA256 if key == SECP256K1 else None)


def order(key: str, number: int = 0) -> SignRequest:
    """Ask for a signature over an order to buy."""
    now = int(time.time() * 1000) + number
    return order_request(
        key, action="order", coin="BTC", is_buy=True, sz="0.25", limit_px="64250.5", timestamp=now
    )


def mixed() -> list[SignRequest]:
    """Return 64 requests: both keys, messages and orders."""
    kinds = [message(ED25519), order(SECP256K1), message(SECP256K1)]
    return [kinds[n % 4] if n % 4 < len(kinds) else order(ED25519, n) for n in range(BATCH)]


class Tour:
    """One walk through a daemon.

    Args:
        console: Where it is told.
        client: Calls as `bot`.
    """

    def __init__(self, console: Console, client: Client) -> None:
        self._console = console
        self._client = client
        self._public_keys: dict[str, PublicKey] = {}
        self.verified = 0

    def create_keys(self, admin: Client) -> None:
        """Make a key of each algorithm and fetch its public half."""
        for key_id, algorithm in ALGORITHMS.items():
            key = _create(admin, key_id, "cn:bot", algorithm)
            public_key = self._client.get_public_key(key_id).public_key
            self._public_keys[key_id] = public_key
            self._say(f"{key.id} v{key.primary_version}", public_key.raw.hex())

    def sign_one_by_one(self) -> None:
        """Sign a message and an order with each key."""
        for key_id in ALGORITHMS:
            for request in (message(key_id), order(key_id)):
                response = self._client.sign(request)
                self._check([request], [response])
                signature = response.raw.signature or response.order.signature
                self._say(f"{key_id} {request.WhichOneof('payload')}", signature.hex())

    def sign_batch(self) -> None:
        """Sign 64 requests in one call."""
        requests = mixed()
        self._check(requests, self._batch(requests))
        self._say(f"{BATCH} signatures", "one call, messages and orders of both keys")

    def sign_stream(self) -> None:
        """Sign 64 requests over one stream."""
        requests = mixed()
        self._check(requests, self._streamed(requests))
        self._say(f"{BATCH} signatures", "one stream, none waits for the answer to another")

    def be_refused(self, profile: Profile, target: str) -> None:
        """Call without a certificate, and ask for a key that there is not."""
        anonymous = grpc.ssl_channel_credentials(profile.ca.read_bytes())
        name = (("grpc.ssl_target_name_override", "localhost"),)
        with grpc.secure_channel(target, anonymous, options=name) as channel:
            try:
                SignServiceStub(channel).Sign(message(ED25519), timeout=5)
            except grpc.RpcError as error:
                self._say("no certificate", f"{error.code().name}: the TLS handshake is refused")
            else:
                raise TourError("a caller without a certificate got a signature")
        try:
            self._client.sign(message("tour-unknown"))
        except NotFound as error:
            self._say("unknown key", f"NOT_FOUND: {error}")
        else:
            raise TourError("a key that does not exist has signed")

    def be_denied(self, admin: Client) -> None:
        """Do what the starter policies allow to nobody, or to somebody else."""
        self._denied("bot makes a key", lambda: _create(self._client, "tour-mine", "cn:bot"))
        self._denied("admin signs", lambda: admin.sign(message(ED25519)))
        _create(admin, "tour-of-another", "cn:another")
        try:
            self._client.get_public_key("tour-of-another")
        except NotFound as error:
            self._say("another's key", f"NOT_FOUND: {error}")
        else:
            raise TourError("a caller has seen a key of another")

    def freeze(self, admin: Client) -> None:
        """Stop a key at once, and let it go on."""
        admin.admin.freeze_key(ED25519, reason="tour")
        self._denied("frozen", lambda: self._client.sign(message(ED25519)))
        admin.admin.unfreeze_key(ED25519, reason="tour")
        self._client.sign(message(ED25519))
        self._say("unfrozen", "signs again")

    def _denied(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except (PermissionDenied, FailedPrecondition) as error:
            self._say(what, str(error))
        else:
            raise TourError(f"was not refused: {what}")

    def measure(self) -> Table:
        """Time calls, one after the other, and return the table."""
        table = Table("call", "p50", "p99", "signatures/s", box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        batch = [message(ED25519)] * BATCH
        for name, call, signatures in (
            ("GetPublicKey", lambda: self._client.get_public_key(ED25519), 0),
            ("Sign, Ed25519", lambda: self._client.sign(message(ED25519)), 1),
            ("Sign, secp256k1", lambda: self._client.sign(message(SECP256K1)), 1),
            (f"SignBatch of {BATCH}", lambda: self._batch(batch), BATCH),
            (f"SignStream of {BATCH}", lambda: self._streamed(batch), BATCH),
        ):
            table.add_row(name, *_timed(call, signatures))
        return table

    def _batch(self, requests: Sequence[SignRequest]) -> list[SignResponse]:
        responses = []
        for response in self._client.sign_batch(requests):
            if isinstance(response, SignwardError):
                raise response
            responses.append(response)
        return responses

    def _streamed(self, requests: Sequence[SignRequest]) -> list[SignResponse]:
        with self._client.stream() as stream:
            futures = [stream.send(request) for request in requests]
            return [future.result(timeout=10) for future in futures]

    def _check(self, requests: Sequence[SignRequest], responses: Sequence[SignResponse]) -> None:
        for request, response in zip(requests, responses, strict=True):
            verify(self._public_keys[request.key], request, response)
            self.verified += 1

    def _say(self, what: str, outcome: str) -> None:
        shown = outcome if len(outcome) <= WIDTH else outcome[:WIDTH] + "…"
        self._console.print(f"  {what:20} [dim]{escape(shown)}[/dim]", soft_wrap=True)


def _create(
    client: Client,
    key_id: str,
    owner: str,
    algorithm: Algorithm = Algorithm.ALGORITHM_ED25519,
) -> Key:
    return client.create_key(
        key_id,
        algorithm=algorithm,
        custody=Custody.CUSTODY_ENVELOPE,
        purpose=Purpose.PURPOSE_RAW,
        owner=owner,
    )


def _timed(call: Callable[[], object], signatures: int) -> tuple[str, str, str]:
    """Return the median and the 99th percentile of a call, and the signatures per second."""
    seconds = []
    for _ in range(REPEATS // 2 if signatures > 1 else REPEATS):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    p50, p99 = (statistics.quantiles(seconds, n=100)[percent - 1] for percent in (50, 99))
    rate = f"{signatures / statistics.mean(seconds):,.0f}" if signatures else ""
    return f"{p50 * 1e3:.2f} ms", f"{p99 * 1e3:.2f} ms", rate


def main(profiles: str, target: str) -> None:
    """Walk through everything; any failure is raised."""
    console = Console(highlight=False)
    bot, admin = (read_profile(name, profiles) for name in ("bot", "admin"))
    with (
        Client(target, bot.credentials()) as client,
        Client(target, admin.credentials()) as administrator,
    ):
        tour = Tour(console, client)
        for heading, step in (
            ("Two keys, sealed in the daemon's store", lambda: tour.create_keys(administrator)),
            ("Signatures, one call each", tour.sign_one_by_one),
            ("A batch", tour.sign_batch),
            ("A stream", tour.sign_stream),
            ("What is refused", lambda: tour.be_refused(bot, target)),
            ("What the policies deny", lambda: tour.be_denied(administrator)),
            ("A key is frozen", lambda: tour.freeze(administrator)),
        ):
            console.print(f"[bold]{heading}[/bold]")
            step()
        console.print("[bold]Latency over mTLS, client and daemon on this machine[/bold]")
        console.print(Padding(tour.measure(), (0, 0, 0, 2)))
    console.print(
        f"[green]{tour.verified} signatures, all verified by the cryptography package.[/green]"
    )


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
