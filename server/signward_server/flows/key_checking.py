"""Comparing a key's back end with the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from signward_server.core.errors import CustodyUnavailable
from signward_server.core.key_check import Finding
from signward_server.core.keys import CustodyKind, Key
from signward_server.core.ports import Call, Catalogue, Custody, Policy, Time
from signward_server.core.versions import effective_version
from signward_server.flows.access import visible_key

__all__ = ["CHECK_KEY", "Checked", "KeyChecking"]

CHECK_KEY = "CheckKey"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        problems: Number of the version and what is wrong with it, oldest version first.
        time: When the back end was read.
    """

    problems: tuple[tuple[int, Finding], ...]
    time: datetime


class KeyChecking:
    """Checks keys; changes nothing."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        custodies: Mapping[CustodyKind, Custody],
        policy: Policy,
        onward: Time,
    ) -> None:
        self._catalogue = catalogue
        self._custodies = custodies
        self._policy = policy
        self._onward = onward

    def check(self, call: Call, key_id: str) -> Checked:
        """Look at every version of a key in its back end; one that is spoiled hides no other.

        Raises:
            KeyNotFound, EnvelopeCorrupt: See ``visible_key``.
            PolicyDenied, PolicyError: The caller may know of it and no more.
            CustodyUnavailable, StoreUnavailable: The back end cannot be read now.
        """
        key = visible_key(self._catalogue, self._policy, call, key_id)
        self._policy.authorize(call, CHECK_KEY, key)
        custody = self._custodies.get(key.custody)
        if custody is None:
            raise CustodyUnavailable
        time = self._onward.now()
        return Checked(tuple(_findings(call, custody, key, time)), time)


def _findings(
    call: Call, custody: Custody, key: Key, time: datetime
) -> Iterator[tuple[int, Finding]]:
    for version in reversed(key.versions):
        call.ensure_live()
        for finding in custody.check(key, effective_version(version, time)):
            yield version.version, finding
