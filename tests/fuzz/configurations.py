"""The configuration: files, variables and flags."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from signward_server.config import ConfigurationError, Settings
from signward_server.config.load import validated
from signward_server.config.render import as_toml
from signward_server.config.sources import Sources
from signward_server.core.identity_names import identity_of

from tests.fuzz.target import Target, explained

__all__ = ["TARGETS"]

_BASE: Final = Path("/srv/signward")
_SCRATCH: Final = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp")  # noqa: S108


def file(data: bytes) -> None:
    """Read a file as the daemon does."""
    path = _SCRATCH / f"signward-fuzz-{os.getpid()}.toml"
    path.write_bytes(data)
    try:
        sources = Sources()
        sources.add_file(path)
    finally:
        path.unlink()
    _validate(sources)


def variables(data: bytes) -> None:
    """Read variables and flags, one a line; a flag begins with a point."""
    lines = data.decode("utf-8", "surrogateescape").split("\0")[:16]
    flags = [line[1:] for line in lines if line.startswith(".")]
    pairs = (line.partition("=") for line in lines if not line.startswith("."))
    _validate(_given({f"SIGNWARD_{name}": text for name, _, text in pairs}, flags))


def _given(environment: Mapping[str, str], flags: Iterable[str]) -> Sources:
    sources = Sources()
    sources.add_environment(environment)
    sources.add_flags(flags)
    return sources


def _validate(sources: Sources) -> None:
    try:
        settings = validated(sources, _BASE, lambda host: ["127.0.0.1"])
    except ConfigurationError as refused:
        explained(refused.problems)
        return
    _bounded(settings)


def _bounded(settings: Settings) -> None:
    """Raise unless settings are within what the documentation promises."""
    limits, rates = settings.limits, settings.rate_limits
    assert 1 <= limits.unary_threads <= 256
    assert 1 <= limits.streams <= 1024
    assert timedelta(seconds=1) <= limits.connection_age <= timedelta(hours=1)
    assert limits.metadata_bytes <= 64 * 2**10
    assert timedelta(seconds=1) <= settings.reload.interval <= timedelta(hours=1)
    assert settings.policy.folder.is_absolute()
    assert "@" not in rates.storage.partition("://")[2].partition("/")[0]
    for rule in rates.rules:
        assert rule.limit >= 1
        assert rule.window >= timedelta(seconds=1)
    groups = settings.groups.members
    assert len(groups) <= 1000
    written = settings.groups.model_dump()
    for name, members in groups.items():
        assert name == name.lower()
        assert [str(member) for member in members] == list(written[name])
        assert all(identity_of(str(member)) for member in members)


_DOCUMENT: Final = b"""
[listen]
tcp = "127.0.0.1:7443"
unix = "run/signward.sock"
[tls]
client_ca = [{ file = "a.crt", names = ["bot"] }, { file = "b.crt", names = ["x"] }]
identity = "spiffe"
[policy]
folder = "policies"
[groups]
admins = ["cn:admin", "spiffe://prod/ops/alice"]
"desk.a" = []
[rate_limits]
storage = "rediss://10.0.0.7:6379/0"
[[rate_limits.rules]]
class = "sign"
per = "key"
limit = 10
window = "1m"
[limits]
connection_age = "30m"
"""
TARGETS: Final = {
    "configuration": Target(file, (_DOCUMENT, as_toml({}).encode(), b"[[", b"a.b.c = 1")),
    "variables": Target(
        variables,
        (
            b'GROUPS__ADMINS=["cn:admin"]\0RATE_LIMITS__RULES=[]\0POLICY__FOLDER=p',
            b".limits.streams=8\0.groups.a=[]\0LIMITS__QUEUE=1",
            b'RATE_LIMITS={rules=[{class="sign",per="key",limit=1,window="1s"}]}\0LISTEN__TCP=',
        ),
    ),
}
