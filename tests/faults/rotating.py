"""Certificates that change all the time, CAs included, and callers who must not notice it."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from signward import Client, Credentials, ReloadPart, SignwardError
from signward.v1.admin_service_pb2 import ReloadResult
from signward_server.core.identity import Identity, IdentityKind
from signward_server.home.authority import Authority

from tests.running.homes import PATIENCE, Home, replace
from tests.running.keys import sign_request
from tests.running.process import Daemon
from tests.running.reloads import reload
from tests.running.waiting import eventually

__all__ = ["Rotation", "calling", "succeed"]

_log = logging.getLogger(__name__)
_HOUR = timedelta(hours=1)
_CLIENTS = ("bot", "admin")
_TICK = 1.0  # seconds between two exchanges of every certificate


class Rotation:
    """Everybody's certificates, issued anew each second; CAs that follow one another.

    Args:
        home: The daemon's home, with the profiles of its clients.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._authority = Authority.open(home.authority)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.exchanges = 0

    def leaves(self) -> None:
        """Exchange the certificates of the daemon and its clients, one file after the other."""
        now = datetime.now(UTC)
        with self._lock:
            pairs = {
                self._home.path / "clients" / name: self._authority.issue_client(
                    _cn(name), now, _HOUR
                )
                for name in _CLIENTS
            }
            pairs[self._home.path / "tls" / "server"] = self._authority.issue_server(now, _HOUR)
            for stem, issued in pairs.items():
                replace(stem.with_suffix(".key"), issued.private_key)
                replace(stem.with_suffix(".crt"), issued.certificate)
            self.exchanges += 1

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """Exchange all of them each second until the block ends."""

        def run() -> None:
            while not self._ended.wait(_TICK):
                self.leaves()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(PATIENCE)

    def guest(self, name: str = "bot") -> Credentials:
        """Return credentials of today's CA that nobody renews."""
        issued = self._authority.issue_client(_cn(name), datetime.now(UTC), _HOUR)
        return Credentials(self._authority.certificate_pem, issued.certificate, issued.private_key)

    def announce(self, successor: Authority, heard: Callable[[], None]) -> None:
        """Have everybody believe the next CA too, and when they do, issue by it alone."""
        self._believe(self._authority, successor)
        heard()
        with self._lock:
            self._authority = successor
        self.leaves()

    def retire(self) -> None:
        """Have everybody believe today's CA alone."""
        self._believe(self._authority)

    def _believe(self, *authorities: Authority) -> None:
        bundle = b"".join(authority.certificate_pem for authority in authorities)
        replace(self._home.path / "clients" / "ca.crt", bundle)
        replace(self._home.path / "tls" / "client-ca.crt", bundle)


class Caller:
    """Calls without a pause; remembers what failed and how long the longest took."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._ended = threading.Event()
        self.failures: list[str] = []
        self.calls = 0
        self.longest = 0.0

    def __call__(self) -> None:
        while not self._ended.is_set():
            start = time.monotonic()
            try:
                self._call()
            except SignwardError as error:
                self.failures.append(f"{type(error).__name__} {error}")
            self.calls += 1
            self.longest = max(self.longest, time.monotonic() - start)

    def end(self) -> None:
        self._ended.set()


@contextmanager
def calling(daemon: Daemon, key: str) -> Iterator[tuple[list[Client], list[Caller]]]:
    """Have four clients sign until the block ends: three with single calls, one over a stream."""
    request = sign_request(key)
    with ExitStack() as stack:
        clients = [stack.enter_context(daemon.client(timeout=10)) for _ in range(4)]
        stream = stack.enter_context(clients[3].stream())
        callers = [Caller(lambda client=client: client.sign(request)) for client in clients[:3]]
        callers.append(Caller(lambda: stream.sign(request)))
        threads = [threading.Thread(target=caller) for caller in callers]
        for thread in threads:
            thread.start()
        try:
            yield clients, callers
        finally:
            for caller in callers:
                caller.end()
            for thread in threads:
                thread.join(PATIENCE)


def everybody_connects_anew(clients: list[Client]) -> bool:
    """Return whether each client has done so with the files as they are now.

    The first of two may have been under way, with files that were read before.
    """
    known = [client.reconnections for client in clients]
    return eventually(
        lambda: all(
            client.reconnections >= before + 2
            for client, before in zip(clients, known, strict=True)
        )
    )


def succeed(
    rotation: Rotation, daemon: Daemon, admin: Client, clients: list[Client], key: str
) -> float:
    """Let a CA follow the one before; return the seconds after which its last call was let in."""

    def heard() -> None:
        assert eventually(lambda: not reloaded(admin).problem)  # a pair may be half written
        assert everybody_connects_anew(clients)

    guest = rotation.guest()
    with Client(daemon.tcp, guest, timeout=10) as single, Client(daemon.tcp, guest) as streaming:
        stream = streaming.stream()
        request = sign_request(key)
        assert single.sign(request).version == stream.sign(request).version == 1
        rotation.announce(Authority.create(datetime.now(UTC)), heard)
        daemon.process.send_signal(signal.SIGHUP)
        assert everybody_connects_anew(clients)
        assert single.sign(request).version == stream.sign(request).version == 1
        assert eventually(lambda: not reloaded(admin).problem)  # over a connection of the new CA
        start = time.monotonic()
        rotation.retire()
        last = max(last_let_in(lambda: single.sign(request)),
                   last_let_in(lambda: stream.sign(request)))  # fmt: skip
        took = max(0.0, last - start)
        stream.cancel()
    with Client(daemon.tcp, guest, timeout=1) as late:
        assert is_refused(lambda: late.sign(request))
    _log.info("the last call of the removed CA was let in after %.2f s", took)
    return took


def reloaded(admin: Client) -> ReloadResult:
    [result] = reload(admin, [ReloadPart.RELOAD_PART_CERTIFICATES])
    return result


def last_let_in(call: Callable[[], object]) -> float:
    """Call until that is refused; return when the last call began that was not."""
    began = [-math.inf]

    def refused() -> bool:
        now = time.monotonic()
        if is_refused(call):
            return True
        began.append(now)
        return False

    assert eventually(refused)
    return began[-1]


def is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except SignwardError:
        return True
    return False


def _cn(name: str) -> Identity:
    return Identity(IdentityKind.CN, name)
