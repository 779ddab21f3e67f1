"""Files of a client's credentials that change under it, and a look at what its client does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from signward import Client, Credentials

from tests.fakes.certificates import Authority, CertificateFiles

__all__ = ["Folder", "attentive", "soon"]

_PATIENCE = 10.0


def soon(condition: Callable[[], object]) -> bool:
    """Return true as soon as something holds, false if it does not within seconds."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Folder:
    """The files that one client is given."""

    def __init__(self, path: Path, authority: Authority) -> None:
        self._authority = authority
        self._number = 0
        self.ca = path / "ca.crt"
        self.certificate = path / "bot.crt"
        self.private_key = path / "bot.key"
        self.put(self.ca, authority.ca.read_bytes())

    def put(self, path: Path, content: bytes) -> None:
        """Exchange a file for another one, as those do who do it properly."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        fresh.replace(path)

    def issue(self, name: str, **times: timedelta) -> CertificateFiles:
        uri = x509.UniformResourceIdentifier(f"spiffe://test/{name}")
        return self._authority.issue(name, uri, **times)

    def take(self, files: CertificateFiles) -> None:
        self.put(self.certificate, files.certificate.read_bytes())
        self.put(self.private_key, files.private_key.read_bytes())

    def renew(self, name: str, **times: timedelta) -> None:
        """Put a new pair there; the name says which one a daemon sees."""
        self.take(self.issue(name, **times))

    def credentials(self, **more: Any) -> Credentials:
        return Credentials.from_files(self.ca, self.certificate, self.private_key, **more)


class attentive(Client):  # noqa: N801 -- reads as what it is
    """A client that looks at its files all the time, from threads of its own if wanted."""

    def __init__(self, *arguments: Any, interval: float = 0.01, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._renewal._interval = interval
        self._stopped = threading.Event()
        self._busy: list[threading.Thread] = []
        self.failures: list[BaseException] = []
        self.calls = 0

    def busy(self, call: Callable[[], object], threads: int = 1) -> None:
        """Call all the time, until ``rest``."""
        self._busy += [threading.Thread(target=self._work, args=(call,)) for _ in range(threads)]
        for thread in self._busy[-threads:]:
            thread.start()

    def rest(self) -> None:
        self._stopped.set()
        for thread in self._busy:
            thread.join(_PATIENCE)
            assert not thread.is_alive()

    def close(self) -> None:
        self.rest()
        super().close()

    def _work(self, call: Callable[[], object]) -> None:
        while not self._stopped.is_set():
            try:
                call()
                self.calls += 1
            except Exception as error:  # noqa: BLE001 -- the test says what they were
                self.failures.append(error)
