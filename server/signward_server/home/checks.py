"""What a configuration says, compared with the machine: files, modes, validity, limits."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

from signward_server.config import Endpoint, Problem, Settings
from signward_server.config.quantities import format_size
from signward_server.core.plain_files import FileRefused, exposures, opened
from signward_server.core.ports import Clock
from signward_server.home.layout import AUTHORITY_KEY, authority_folder
from signward_server.home.tls_settings import certificate_source
from signward_server.rpc.tls import Certificates
from signward_server.rpc.tls_files import TlsFileError

__all__ = ["check_kek", "check_machine"]

_SECRETS = {
    "tls.private_key": "the private key",
    "rate_limits.storage_password": "the password",
    "store.password": "the password",
    "audit.checkpoint_key": "the key of the audit log",
    "telemetry.private_key": "the private key",
    "telemetry.headers": "what the collector is told",
}
_BELIEVED = ("tls.client_ca", "tls.revocation")  # nobody else may write these
_SECRET_MODES = 0o640  # bits that the mode of a file with a secret may have
_KEK_MODE = 0o600
_CAP_IPC_LOCK = 14  # capability.h


def check_machine(settings: Settings, home: Path, clock: Clock) -> list[Problem]:
    """Return what would keep the daemon from running as configured.

    Args:
        settings: The configuration.
        home: Folder whose lock protects the store.
        clock: Judges certificates.
    """
    files = list(_files(settings))
    return [
        *files,
        *([] if files else _tls(settings, clock)),
        *_reach(settings, home),
        *_store(settings, home),
        *_audit(settings),
        *_memory(settings),
    ]


def check_kek(settings: Settings) -> list[Problem]:
    """Return whether the KEK file is missing or open to others; custody checks the rest."""
    if settings.custody.envelope.kek_source == "credential":
        return []  # systemd gives it to the daemon alone
    path = settings.custody.envelope.kek
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as exc:
        text = f"cannot be read ({os.strerror(exc.errno or 0)})"
        return [Problem(str(path), "", text, "set custody.envelope.kek to the KEK file")]
    if mode != _KEK_MODE:
        text = f"has mode {mode:04o}, not 0600"
        return [Problem(str(path), "", text, f"run: chmod 600 {path}")]
    return []


def _files(settings: Settings) -> Iterator[Problem]:
    tls = settings.tls
    named: dict[str, Path] = {}
    if not tls.spiffe_socket:
        named |= {"tls.certificate": tls.certificate, "tls.private_key": tls.private_key}
        named |= {f"tls.client_ca[{i}].file": ca.file for i, ca in enumerate(tls.client_ca)}
    named |= {f"tls.revocation[{i}]": path for i, path in enumerate(tls.revocation)}
    if (checkpoint := settings.home.checkpoint) is not None:
        named["home.checkpoint"] = checkpoint
    if (ca := settings.rate_limits.storage_ca) is not None:
        named["rate_limits.storage_ca"] = ca
    if settings.audit.origin:
        named["audit.checkpoint_key"] = settings.audit.checkpoint_key
    if (password := settings.rate_limits.storage_password) is not None:
        named["rate_limits.storage_password"] = password
    if (password := settings.store.password) is not None:
        named["store.password"] = password
    for key in ("ca", "certificate", "private_key", "headers"):
        if (path := getattr(settings.telemetry, key)) is not None:
            named[f"telemetry.{key}"] = path
    for key, path in named.items():
        yield from _file(key, path)


def _file(key: str, path: Path) -> Iterator[Problem]:
    try:
        with opened(path) as descriptor:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            exposed = list(exposures(descriptor, path)) if key.startswith(_BELIEVED) else []
    except FileRefused as exc:
        yield Problem(str(path), "", exc.text, exc.fix)
        return
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        fix = f"give {key} a file that is there"
        yield Problem(str(path), "", f"cannot be read ({reason})", fix)
        return
    for text, fix in exposed:
        yield Problem(str(path), "", text, fix)
    if key in _SECRETS and mode & ~_SECRET_MODES:
        text = f"has mode {mode:04o}, so that others can reach {_SECRETS[key]}"
        yield Problem(str(path), "", text, f"run: chmod 600 {path}")


def _tls(settings: Settings, clock: Clock) -> Iterator[Problem]:
    try:
        Certificates(certificate_source(settings.tls), clock).close()
    except TlsFileError as exc:
        yield Problem("tls", "", f"cannot be used: {exc}".rstrip("."), "correct that file")


def _reach(settings: Settings, home: Path) -> Iterator[Problem]:
    """Find addresses that other machines reach while the daemon could make clients (S22)."""
    keys = [authority_folder(path) / AUTHORITY_KEY for path in (home, home.resolve())]
    key = next((path for path in keys if os.access(path, os.R_OK, effective_ids=True)), None)
    if key is None:
        return
    for name in ("tcp", "api_keys", "http"):
        endpoint: Endpoint | None = getattr(settings.listen, name)
        if endpoint is not None and not endpoint.is_loopback:
            yield Problem(
                "configuration",
                f"listen.{name}",
                f"is reached by other machines, and the daemon can read {key}, which makes clients",
                "move that folder to another machine, or listen on loopback",
            )


def _store(settings: Settings, home: Path) -> Iterator[Problem]:
    path = settings.store.path
    if not settings.store.url and not path.resolve().is_relative_to(home.resolve()):
        text = f"({path}) lies outside the home {home}, whose lock protects it"
        yield Problem("configuration", "store.path", text, "move it in, or name the home (--home)")


def _audit(settings: Settings) -> Iterator[Problem]:
    if not settings.audit.origin:
        fix = "run `signward audit init`, which makes the audit log of this home"
        yield Problem("configuration", "audit.origin", "is missing", fix)


def _memory(settings: Settings) -> Iterator[Problem]:
    wanted = settings.custody.envelope.locked_memory
    allowed, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if allowed == resource.RLIM_INFINITY or wanted <= allowed or _may_lock_all():
        return
    text = f"is {format_size(wanted)}, but this process may lock {format_size(allowed)}"
    fix = "lower it, or raise the limit (ulimit -l, LimitMEMLOCK=)"
    yield Problem("configuration", "custody.envelope.locked_memory", text, fix)


def _may_lock_all() -> bool:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_IPC_LOCK & 1)
    return False
