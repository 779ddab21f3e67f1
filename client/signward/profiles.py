"""Profiles: where a daemon is and with which files to reach it.

A profiles file is TOML::

    [profiles.bot]
    target = "localhost:7443"
    ca = "ca.pem"                # relative to this file
    cert = "bot.pem"             # cert and key, or api_key_file, or all three
    key = "bot.key"
    api_key_file = "bot.secret"
    server_name = "signer"       # optional

It lies at ``$XDG_CONFIG_HOME/signward/profiles.toml`` (``~/.config`` when that is not set).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from signward.credentials import Credentials
from signward.errors import CredentialsError

__all__ = ["Profile", "default_path", "profile_from_environment", "read_profile"]

_REQUIRED = ("target", "ca")
_FILES = {
    "ca": "SIGNWARD_CA",
    "cert": "SIGNWARD_CERT",
    "key": "SIGNWARD_KEY",
    "api_key_file": "SIGNWARD_API_KEY_FILE",
}
_VARIABLES = {"target": "SIGNWARD_TARGET", **_FILES, "server_name": "SIGNWARD_SERVER_NAME"}


@dataclass(frozen=True, slots=True)
class Profile:
    """A daemon and the files to reach it with; nothing is read yet.

    Attributes:
        target: ``host:port`` or ``unix:/path``.
        ca: PEM file of the daemon's CA.
        cert: PEM file of the client's certificate; ``None``: it shows none.
        key: PEM file of the client's private key; there whenever ``cert`` is.
        server_name: Name in the daemon's certificate; empty: as in ``Credentials``.
        api_key_file: File with the secret of an API key; ``None``: none.
        api_key: The secret itself, from the environment only; never shown. Empty: none.
    """

    target: str
    ca: Path
    cert: Path | None = None
    key: Path | None = None
    server_name: str = ""
    api_key_file: Path | None = None
    api_key: str = field(default="", repr=False)

    def credentials(self) -> Credentials:
        """Read and check the files.

        Raises:
            CredentialsError: As ``Credentials.from_files``.
        """
        return Credentials.from_files(
            self.ca,
            self.cert,
            self.key,
            api_key=self.api_key,
            api_key_file=self.api_key_file,
            server_name=self.server_name,
        )


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
    """Read ``SIGNWARD_TARGET``, ``_CA``, ``_CERT``, ``_KEY``, ``_API_KEY_FILE``, ``_SERVER_NAME``.

    ``SIGNWARD_API_KEY`` is the secret itself, for places that can give no file. Every process
    that is started inherits it: prefer the file. ``SIGNWARD_PROFILE`` names a profile to start
    from, and ``SIGNWARD_PROFILES`` its file; the other variables take precedence over what it
    says.

    Raises:
        CredentialsError: Something is missing or said twice; the text names the variable.
    """
    values: dict[str, str] = {}
    if name := environment.get("SIGNWARD_PROFILE"):
        base = read_profile(name, default_path(environment))
        found = {entry: getattr(base, entry) for entry in _VARIABLES}
        values = {entry: str(value) for entry, value in found.items() if value}
    api_key = environment.get("SIGNWARD_API_KEY", "")
    if api_key:
        if environment.get("SIGNWARD_API_KEY_FILE"):
            raise _problem("SIGNWARD_API_KEY and SIGNWARD_API_KEY_FILE are set; unset one of them")
        values.pop("api_key_file", None)
    given = {entry: environment.get(variable) for entry, variable in _VARIABLES.items()}
    values.update({entry: value for entry, value in given.items() if value})
    if missing := _missing(values, has_api_key=bool(api_key)):
        more = ", or SIGNWARD_API_KEY_FILE" if missing in {"cert", "key"} else ""
        text = f"{_VARIABLES[missing]} is not set; set it{more}, or SIGNWARD_PROFILE to a profile"
        raise _problem(text)
    return _build(values, Path(), api_key)


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
    if unknown := sorted(set(table) - set(_VARIABLES)):
        raise _problem(f"{where} has unknown keys: {', '.join(unknown)}; remove them")
    values: dict[str, str] = {}
    for key, value in table.items():
        if not isinstance(value, str):
            raise _problem(f"{where} needs {key} as a string")
        if value:
            values[key] = str(Path(value).expanduser()) if key in _FILES else value
    if missing := _missing(values):
        more = ", or api_key_file" if missing in {"cert", "key"} else ""
        raise _problem(f"{where} needs {missing} as a string{more}")
    return _build(values, file.parent)


def _missing(values: Mapping[str, str], *, has_api_key: bool = False) -> str:
    """Return the first thing that is not said, empty if it is enough to connect with."""
    pair = ("cert", "key")
    some = any(name in values for name in pair)
    optional = (has_api_key or "api_key_file" in values) and not some
    wanted = _REQUIRED if optional else (*_REQUIRED, *pair)
    return next((name for name in wanted if name not in values), "")


def _build(values: Mapping[str, str], folder: Path, api_key: str = "") -> Profile:
    """Make a profile whose files are relative to a folder."""
    files = {name: folder / values[name] for name in _FILES if name in values}
    return Profile(
        target=values["target"],
        ca=files["ca"],
        cert=files.get("cert"),
        key=files.get("key"),
        server_name=values.get("server_name", ""),
        api_key_file=files.get("api_key_file"),
        api_key=api_key,
    )


def _problem(text: str) -> CredentialsError:
    return CredentialsError(text, reason="PROFILE_INVALID")
