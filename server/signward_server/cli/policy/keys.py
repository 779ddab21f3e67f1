"""The key that a question is about: of a table, written down, or asked from a daemon.

The store is never opened: a daemon that is asked judges and records that somebody reads (S40).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from signward.cli.report import exit_code, line
from signward.client import Client
from signward.errors import SignwardError
from signward.profiles import Profile, default_path, profile_from_environment, read_profile

from signward_server.core.keys import Key
from signward_server.core.startup import ConfigurationRefused
from signward_server.rpc.convert.documents import DocumentRefused, key_of, key_of_json

__all__ = ["Connection", "read_key", "read_text"]

_LARGEST_DOCUMENT = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Which daemon to ask for a key, by the options that were given.

    Attributes:
        target: Where it is, over what the profile or the surroundings say.
        profile: Name of a profile; without one the surroundings say where it is.
        profiles: The profiles file.
        timeout: Seconds to wait.
        as_json: Whether errors are printed as JSON.
    """

    target: str | None
    profile: str | None
    profiles: Path | None
    timeout: float
    as_json: bool

    def described(self) -> Profile:
        """Return where the daemon is and how to reach it.

        Raises:
            CredentialsError: That is not said completely.
        """
        environment = dict(os.environ)
        if self.profiles is not None:
            environment["SIGNWARD_PROFILES"] = str(self.profiles)
        if self.profile is not None:
            found = read_profile(self.profile, default_path(environment))
            return replace(found, target=self.target) if self.target else found
        if self.target is not None:
            environment["SIGNWARD_TARGET"] = self.target
        return profile_from_environment(environment)


def read_key(text: str, connection: Connection) -> Key:
    """Return the key that an option names.

    Args:
        text: ``@FILE``, JSON, or the id of a daemon's key.
        connection: Which daemon.

    Raises:
        ConfigurationRefused: It is no key.
        Exit: The daemon does not answer with it; what happened is printed.
    """
    try:
        if text.startswith(("@", "{")):
            return key_of_json(read_text(text))
        return _asked(text, connection)
    except DocumentRefused as exc:
        fix = "write it as `signward key get KEY --json` does"
        raise ConfigurationRefused(f"--key: {exc}", fix) from exc


def read_text(text: str) -> str:
    """Return the text of an option, or of the file that it names after an ``@``.

    Raises:
        ConfigurationRefused: The file cannot be read.
    """
    if not text.startswith("@"):
        return text
    path = Path(text[1:])
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_DOCUMENT + 1)
        if len(data) <= _LARGEST_DOCUMENT:
            return data.decode("utf-8")
    except OSError as exc:
        reason = os.strerror(exc.errno or 0)
        raise ConfigurationRefused(f"{path} cannot be read ({reason})", "name a file") from exc
    except UnicodeDecodeError as exc:
        raise ConfigurationRefused(f"{path} is not UTF-8", "save it as UTF-8") from exc
    raise ConfigurationRefused(f"{path} is larger than 1 MiB", "name another file")


def _asked(key_id: str, connection: Connection) -> Key:
    """Return a key as a daemon shows it to the caller of this command."""
    try:
        with _client(connection) as client:
            return key_of(client.get_key(key_id))
    except SignwardError as exc:
        typer.echo(line(exc, as_json=connection.as_json), err=True)
        raise typer.Exit(exit_code(exc)) from exc


def _client(connection: Connection) -> Client:
    profile = connection.described()
    credentials = profile.credentials()
    try:
        return Client(profile.target, credentials, timeout=connection.timeout)
    except ValueError as exc:
        raise ConfigurationRefused("the target is no address", "write host:port") from exc
