"""Where keys are kept."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from signward_server.config.addresses import FilePath, OptionalFilePath
from signward_server.config.quantities import Duration
from signward_server.config.section import Section, contradiction

__all__ = ["Store"]

_LONGEST_URL = 1024
_SCHEMES = frozenset({"postgresql", "postgres"})
_FIX = 'write it like "postgresql://signward@db.internal:5432/signward"'
_is_plain = re.compile(r"[!-~]*").fullmatch


def _url(text: str) -> str:
    """Return the address of a PostgreSQL database in which nothing is secret, or nothing."""
    if not text:
        return text
    try:
        parts = urlsplit(text) if len(text) <= _LONGEST_URL and _is_plain(text) else None
        secret = parts.password if parts else None
        named = {name for name, _ in parse_qsl(parts.query)} if parts else set()
    except ValueError:
        parts, secret, named = None, None, set()
    if parts is None or parts.scheme not in _SCHEMES or parts.fragment:
        raise PydanticCustomError("store", "is no address of PostgreSQL", {"fix": _FIX})
    if secret is not None or named & {"password", "sslpassword"}:
        fix = "put the password into a file and name that in store.password"
        raise PydanticCustomError("store", "holds a password", {"fix": fix})
    return text


class Store(Section):
    """Where keys and request_ids are kept; private halves only sealed."""

    path: FilePath = Field(
        Path("store/signward.db"),
        description="SQLite database; it lies in the home, whose lock protects it.",
    )
    url: Annotated[str, AfterValidator(_url)] = Field(
        "",
        description="PostgreSQL database that several daemons can share, in place of the file; "
        'such as `"postgresql://signward@db.internal:5432/signward"`, without a password.',
    )
    password: OptionalFilePath = Field(
        None,
        description="File with the password for the database, mode 0600 or 0640; empty where "
        "none is asked for.",
    )
    lease: Duration = Field(
        timedelta(seconds=2),
        ge=timedelta(milliseconds=500),
        le=timedelta(minutes=1),
        description="How long the daemon signs on when the store cannot be confirmed: read, "
        "written, and at the version that the daemon knows.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.password is not None and not self.url:
            raise contradiction("password", "is for a database, and there is none", "set url")
        return self
