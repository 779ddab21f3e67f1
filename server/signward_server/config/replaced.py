"""Settings of the REST service that this daemon replaces, by their old names.

``PORT`` stands for the port of ``listen.api_keys``. ``API_KEY`` is a secret and therefore no
setting: it is taken out of the environment once, and valid while the process lives.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from signward_server.config.problems import ConfigurationError, Problem
from signward_server.core.api_key_secrets import GRAMMAR, is_secret

__all__ = ["api_keys_endpoint", "take_api_key"]

_PORT = "PORT"
_API_KEY = "API_KEY"
_HOST = "127.0.0.1"
_LARGEST_PORT = 65535


def api_keys_endpoint(environment: Mapping[str, str], configured: object) -> str | None:
    """Return what ``listen.api_keys`` is by ``PORT``; ``None`` where that is not set.

    Args:
        environment: The variables.
        configured: What ``listen.api_keys`` is so far; its host stays.

    Raises:
        ConfigurationError: It is no port.
    """
    port = environment.get(_PORT, "")
    if not port:
        return None
    digits = port.isascii() and port.isdigit() and len(port) <= len(str(_LARGEST_PORT))
    if not digits or not 1 <= int(port) <= _LARGEST_PORT:
        raise _refused(_PORT, "is no port", "use 1 to 65535, or set listen.api_keys instead")
    host = configured.rpartition(":")[0] if isinstance(configured, str) else ""
    return f"{host or _HOST}:{int(port)}"


def take_api_key(environment: MutableMapping[str, str]) -> str:
    """Return the secret of ``API_KEY`` and take it out; empty where it is not set.

    Raises:
        ConfigurationError: It is too weak to be a secret, or malformed.
    """
    secret = environment.pop(_API_KEY, "")
    if secret and not is_secret(secret.encode("utf-8", "surrogateescape")):
        raise _refused(_API_KEY, "is no secret that is hard to guess", f"use {GRAMMAR[:-1]}")
    return secret


def _refused(name: str, text: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(f"environment variable {name}", "", text, fix)])
