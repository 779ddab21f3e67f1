"""What a table of cases may say; everything else is refused."""

from __future__ import annotations

import enum
import ipaddress
import re
from datetime import UTC, datetime
from typing import Annotated, LiteralString, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)
from pydantic_core import PydanticCustomError

from signward_server.cli.policy.answering import Verdict
from signward_server.config.policy import GroupName, Members
from signward_server.core.actions import MAX_NUMBER
from signward_server.core.identity import Authentication
from signward_server.core.identity_names import identity_of
from signward_server.core.keys import (
    Algorithm,
    CustodyKind,
    Freeze,
    KeyState,
    Purpose,
    VersionState,
)
from signward_server.core.networks import HYPERLIQUID_NETWORKS
from signward_server.home.price_list import BadPriceList, Prices, prices_in
from signward_server.rpc.convert.addresses import read_address

__all__ = ["DEFAULT_TIME", "Case", "Defaults", "KeyRow", "Table", "read_moment"]

DEFAULT_TIME = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
"""When a case happens that does not say so: a Wednesday at noon."""

_is_key_id = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?").fullmatch
_is_number = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch


def refused(text: LiteralString, fix: str, key: str = "") -> PydanticCustomError:
    """Return the error for a value that is not what it should be."""
    return PydanticCustomError("refused", text, {"fix": fix, "key": key})


def _identity(text: str) -> str:
    if identity_of(text) is None:
        raise refused("is no identity", "write it like cn:bot or spiffe://prod/bot")
    return text


def _key_id(text: str) -> str:
    if not _is_key_id(text):
        fix = "use 1 to 128 of a-z 0-9 . _ -, a letter or digit first and last"
        raise refused("is no id for a key", fix)
    return text


def _address(text: str) -> str:
    try:
        if text:
            ipaddress.ip_address(text)
    except ValueError:
        raise refused("is no IP address", "write it like 192.0.2.7 or 2001:db8::7") from None
    return text


def _vault(text: str) -> str:
    address = read_address(text) if text else ""
    if address is None:
        raise refused("is no address", "write 0x and 40 hex digits")
    return address


def read_moment(text: str) -> datetime | None:
    """Return the time that a text in the form of RFC 3339 says, in UTC; ``None`` if it is none."""
    try:
        read = datetime.fromisoformat(text) if len(text) >= len("2026-01-07T12:00Z") else None
        return read.astimezone(UTC) if read and read.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _moment(value: object) -> object:
    read = read_moment(value) if isinstance(value, str) else value
    if not isinstance(read, datetime):
        raise refused("is no time", "write it like 2026-01-07T12:00:00Z")
    return read


def _total(value: object) -> object:
    if not isinstance(value, str) or not _is_number(value) or int(value) > MAX_NUMBER:
        raise refused("is no total", f"use 0 to {MAX_NUMBER}, in the smallest unit")
    return int(value)


def _choice(kind: type[enum.IntEnum]) -> BeforeValidator:
    """Return what reads the names of an enum as policies and the command line write them."""
    names = {member.name.lower(): member for member in kind}
    short = {name.removeprefix("ecdsa_"): member for name, member in names.items()}

    def read(value: object) -> object:
        if isinstance(value, kind):
            return value
        found = (names | short).get(value.replace("-", "_")) if isinstance(value, str) else None
        if found is None:
            raise refused("is not one of the choices", f"use one of {', '.join(names)}")
        return found

    return BeforeValidator(read)


_Identity = Annotated[str, AfterValidator(_identity)]
_KeyId = Annotated[str, AfterValidator(_key_id)]
_Address = Annotated[str, AfterValidator(_address)]
_Vault = Annotated[str, AfterValidator(_vault)]
_Time = Annotated[datetime, BeforeValidator(_moment)]
_Total = Annotated[int, BeforeValidator(_total)]
_Word = Annotated[str, Field(min_length=1, max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class KeyRow(_Part):
    """A key of the table: what policies see of one, in the words of the API."""

    owner: _Identity
    purpose: Annotated[Purpose, _choice(Purpose)] = Purpose.RAW
    algorithm: Annotated[Algorithm, _choice(Algorithm)] = Algorithm.ED25519
    custody: Annotated[CustodyKind, _choice(CustodyKind)] = CustodyKind.ENVELOPE
    state: Annotated[KeyState, _choice(KeyState)] = KeyState.ENABLED
    freeze: Annotated[Freeze, _choice(Freeze)] = Freeze.NONE
    version_state: Annotated[VersionState, _choice(VersionState)] = VersionState.PRIMARY
    network: Annotated[str, Field(max_length=64)] = ""
    user_id: Annotated[str, Field(max_length=256)] = ""
    labels: Annotated[dict[str, str], Field(max_length=40)] = {}
    allow_digest: StrictBool = False
    vault_address: _Vault = ""


def _references(value: object) -> object:
    if not isinstance(value, dict) or set(value).difference(HYPERLIQUID_NETWORKS):
        fix = 'write them below mainnet and testnet, like {"0": 65000.5}'
        raise refused("are no prices", fix)
    try:
        return prices_in(value)
    except BadPriceList as exc:
        raise refused("are no prices", exc.text.removeprefix("has ")) from None


class Defaults(_Part):
    """What cases have in common, unless they say otherwise."""

    authentication: Authentication = Authentication.CERTIFICATE
    address: _Address = ""
    time: _Time = DEFAULT_TIME


class Case(_Part):
    """One question, and what the answer must be."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    identity: _Identity
    key: _KeyId | None = None
    action: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = None
    payload: dict[str, object] | None = None
    authentication: Authentication | None = None
    address: _Address | None = None
    time: _Time | None = None
    totals: Annotated[dict[str, _Total], Field(max_length=100)] = {}
    approved: StrictBool = False
    expect: Verdict
    reason: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")] | None = None
    by: Annotated[list[_Word], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.action is None) == (self.payload is None):
            raise refused("needs either an action or a payload", "name one of the two")
        if self.payload is not None and self.key is None:
            raise refused("is missing", "name a key of the table", "key")
        return self


class Table(_Part):
    """One file."""

    groups: Annotated[dict[GroupName, Members], Field(max_length=1000)] | None = None
    keys: Annotated[dict[_KeyId, KeyRow], Field(max_length=1000)] = {}
    defaults: Defaults = Defaults()
    references: Annotated[Prices, BeforeValidator(_references)] = {}
    cases: Annotated[list[Case], Field(min_length=1, max_length=5000)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names: set[str] = set()
        for number, case in enumerate(self.cases):
            where = f"cases.{number}"
            if case.name in names:
                raise refused("has the name of another case", "rename it", f"{where}.name")
            names.add(case.name)
            if case.key is not None and case.key not in self.keys:
                raise refused("is no key of the table", "add it to keys", f"{where}.key")
        return self
