"""Profiles: where a daemon is and with which files to reach it.

A profiles file is TOML::

    [profiles.bot]
    target = "localhost:7443"
    ca = "ca.pem"              # relative to this file
    cert = "bot.pem"
    key = "bot.key"
    server_name = "signer"     # optional

It lies at ``$XDG_CONFIG_HOME/signward/profiles.toml`` (``~/.config`` when that is not set).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from signward.credentials import Credentials
from signward.errors import CredentialsError

__all__ = ["Profile", "default_path", "profile_from_environment", "read_profile"]

_REQUIRED = ("target", "ca", "cert", "key")
_KNOWN = frozenset((*_REQUIRED, "server_name"))
_FILES = {"ca": "SIGNWARD_CA", "cert": "SIGNWARD_CERT", "key": "SIGNWARD_KEY"}


@dataclass(frozen=True, slots=True)
class Profile:
    """A daemon and the files to reach it with; nothing is read yet.

    Attributes:
        target: ``host:port`` or ``unix:/path``.
        ca: PEM file of the daemon's CA.
        cert: PEM file of the client's certificate.
        key: PEM file of the client's private key.
        server_name: Name in the daemon's certificate; empty: as in ``Credentials``.
    """

    target: str
    ca: Path
    cert: Path
    key: Path
    server_name: str = ""

    def credentials(self) -> Credentials:
        """Read and check the files.

        Raises:
            CredentialsError: As ``Credentials.from_files``.
        """
        return Credentials.from_files(self.ca, self.cert, self.key, server_name=self.server_name)


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the profiles file is looked for when no path is given."""
    if named := environment.get("SIGNWARD_PROFILES"):
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "signward" / "profiles.toml"


def read_profile(name: str, path: str | PathLike[str] | None = None) -> Profile:
    """Read one profile.

    Args:
        name: Name of its table, ``[profiles.NAME]``.
        path: The profiles file; ``None``: ``default_path()``.

    Raises:
        CredentialsError: There is no such file or profile, or it is not as documented.
    """
    file = default_path() if path is None else Path(path)
    profiles = _load(file).get("profiles")
    if not isinstance(profiles, dict) or not isinstance(profiles.get(name), dict):
        known = ", ".join(sorted(profiles)) if isinstance(profiles, dict) else ""
        text = f"{file} has no profile {name!r} (it has: {known or 'none'}); add [profiles.{name}]"
        raise _problem(text)
    return _profile(file, name, profiles[name])


def profile_from_environment(environment: Mapping[str, str] = os.environ) -> Profile:
    """Read ``SIGNWARD_TARGET``, ``_CA``, ``_CERT``, ``_KEY``, ``_SERVER_NAME``.

    ``SIGNWARD_PROFILE`` names a profile to start from, and ``SIGNWARD_PROFILES`` its file; the
    other variables take precedence over what it says.

    Raises:
        CredentialsError: Something is missing; the text names the variable.
    """
    base = None
    if name := environment.get("SIGNWARD_PROFILE"):
        base = read_profile(name, default_path(environment))
    values: dict[str, str] = {}
    for key in _REQUIRED:
        variable = _FILES.get(key, "SIGNWARD_TARGET")
        value = environment.get(variable) or (str(getattr(base, key)) if base else "")
        if not value:
            raise _problem(f"{variable} is not set; set it, or SIGNWARD_PROFILE to a profile")
        values[key] = value
    return Profile(
        target=values["target"],
        ca=Path(values["ca"]),
        cert=Path(values["cert"]),
        key=Path(values["key"]),
        server_name=environment.get("SIGNWARD_SERVER_NAME") or (base.server_name if base else ""),
    )


def _load(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise _problem(f"profiles file {file} does not exist; write [profiles.NAME]") from error
    except OSError as error:
        raise _problem(f"profiles file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _problem(f"profiles file {file} is not TOML: {error}") from error


def _profile(file: Path, name: str, table: Mapping[str, object]) -> Profile:
    where = f"{file}: [profiles.{name}]"
    if unknown := sorted(set(table) - _KNOWN):
        raise _problem(f"{where} has unknown keys: {', '.join(unknown)}; remove them")
    values: dict[str, str] = {}
    for key in sorted(_KNOWN):
        value = table.get(key, "")
        if not isinstance(value, str) or (key in _REQUIRED and not value):
            raise _problem(f"{where} needs {key} as a string")
        values[key] = value
    folder = file.parent
    return Profile(
        target=values["target"],
        ca=folder / Path(values["ca"]).expanduser(),
        cert=folder / Path(values["cert"]).expanduser(),
        key=folder / Path(values["key"]).expanduser(),
        server_name=values["server_name"],
    )


def _problem(text: str) -> CredentialsError:
    return CredentialsError(text, reason="PROFILE_INVALID")
