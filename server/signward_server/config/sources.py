"""Where settings come from: a TOML file, the environment, flags; the later one wins."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from signward_server.config.problems import ConfigurationError, Problem
from signward_server.config.replaced import api_keys_endpoint
from signward_server.core.plain_files import FileRefused, read_plain

__all__ = ["FOREIGN_VARIABLES", "Sources"]

_PREFIX = "SIGNWARD_"
_LARGEST_FILE = 2**20

# Variables with our prefix that are no settings: where the home is, and the client's profile.
FOREIGN_VARIABLES = frozenset(
    {
        "SIGNWARD_HOME",
        "SIGNWARD_CONFIG",
        "SIGNWARD_DEBUG",
        "SIGNWARD_TARGET",
        "SIGNWARD_CA",
        "SIGNWARD_CERT",
        "SIGNWARD_KEY",
        "SIGNWARD_API_KEY",
        "SIGNWARD_API_KEY_FILE",
        "SIGNWARD_PROFILE",
        "SIGNWARD_PROFILES",
        "SIGNWARD_SERVER_NAME",
    }
)

Key = tuple[str, ...]


class Sources:
    """Collects settings from rising sources and remembers where each came from.

    Attributes:
        values: The merged tables.
        problems: What could not be read.
    """

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.problems: list[Problem] = []
        self._origins: dict[Key, str] = {}
        self._default = "defaults"

    def origin(self, key: Key) -> str:
        """Return where the value of a key came from; its nearest table if it has none."""
        for length in range(len(key), 0, -1):
            if found := self._origins.get(key[:length]):
                return found
        return self._default

    def add_file(self, path: Path, *, guarded: bool = False) -> None:
        """Read a TOML file; what is wrong with it becomes a problem.

        Args:
            path: Where it is.
            guarded: Whether it is a problem that others than this user and root can change it.
        """
        self._default = str(path)
        try:
            data = read_plain(path, _LARGEST_FILE, guarded=guarded)
        except FileRefused as exc:
            self._problem(str(path), exc.text, exc.fix)
            return
        except OSError as exc:
            reason = os.strerror(exc.errno) if exc.errno else "unknown error"
            fix = "run `signward init DIR`, or name the file with --config"
            self._problem(str(path), f"cannot be read ({reason})", fix)
            return
        if len(data) > _LARGEST_FILE:
            self._problem(str(path), "is larger than 1 MiB", "this is no configuration")
            return
        try:
            tables = tomllib.loads(data.decode("utf-8"))
        except UnicodeDecodeError:
            self._problem(str(path), "is not UTF-8 text", "save it as UTF-8")
        except tomllib.TOMLDecodeError as exc:
            self._problem(str(path), f"is not TOML ({exc})", "correct this place")
        except (ValueError, RecursionError):  # numbers of thousands of digits, deep nesting
            self._problem(str(path), "is not TOML that anyone wrote", "start from a new one")
        else:
            self.add_tables(tables, str(path))

    def add_tables(self, tables: Mapping[str, object], source: str) -> None:
        """Take over tables that were read elsewhere."""
        self._merge(self.values, tables, (), source)

    def add_replaced(self, environment: Mapping[str, str]) -> None:
        """Read the settings of the service that this one replaces; see ``config.replaced``."""
        listen = self.values.get("listen")
        configured = listen.get("api_keys") if isinstance(listen, dict) else None
        try:
            endpoint = api_keys_endpoint(environment, configured)
        except ConfigurationError as exc:
            self.problems.extend(exc.problems)
            return
        if endpoint is not None:
            self.add_tables({"listen": {"api_keys": endpoint}}, "environment variable PORT")

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Read ``SIGNWARD_SECTION__KEY`` variables; ``__`` stands for the dot."""
        for name in sorted(environment):
            if not name.startswith(_PREFIX) or name in FOREIGN_VARIABLES:
                continue
            source = f"environment variable {name}"
            inner = name.removeprefix(_PREFIX)
            key = tuple(part.lower() for part in inner.split("__"))
            if inner != inner.upper() or not all(key):
                fix = "write it like SIGNWARD_LISTEN__TCP, or unset it"
                self._problem(source, "names no setting", fix)
            else:
                self.add_value(key, environment[name], source)

    def add_flags(self, flags: Iterable[str]) -> None:
        """Read ``section.key=value`` flags."""
        for flag in flags:
            dotted, equals, text = flag.partition("=")
            key = tuple(dotted.strip().split("."))
            if not equals or not all(key):
                fix = "write it like --set listen.tcp=127.0.0.1:7443"
                self._problem("flag --set", "is not KEY=VALUE", fix)
            else:
                self.add_value(key, text, f"flag --set {'.'.join(key)}")

    def add_value(self, key: Key, text: str, source: str) -> None:
        """Set one key from text: a TOML value if it is one, otherwise the text itself."""
        nested: object = _parsed(text)
        for part in reversed(key):
            nested = {part: nested}
        if isinstance(nested, dict):
            self.add_tables(nested, source)

    def _merge(
        self, into: dict[str, object], tables: Mapping[str, object], above: Key, source: str
    ) -> None:
        for name, value in tables.items():
            key = (*above, name)
            present = into.get(name)
            if isinstance(value, dict) and isinstance(present, dict):
                self._merge(present, value, key, source)
            elif isinstance(value, dict):
                if name in into:
                    continue  # a value where a table belongs: it stays, and is reported
                self._origins[key] = source
                table: dict[str, object] = {}
                into[name] = table
                self._merge(table, value, key, source)
            else:
                into[name] = value
                self._origins[key] = source

    def _problem(self, source: str, text: str, fix: str) -> None:
        self.problems.append(Problem(source, "", text, fix))


def _parsed(text: str) -> object:
    if "\n" in text or "\r" in text:
        return text
    try:
        tables = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return tables["value"] if len(tables) == 1 else text
