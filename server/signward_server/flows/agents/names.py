"""Names of agents as the exchange reads them: with the time at which it ends them, if any.

``NAME valid_until MILLISECONDS``, as the approvals of the exchange's own wallets have it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from signward_server.core.signing import Decoded

__all__ = ["Grant", "grant_of", "name_until", "whole_milliseconds"]

Grant = tuple[str, datetime | None, str]
"""Name, end and, where it is not the signer's own, account of what is approved."""

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime.fromtimestamp(0, UTC)
_LAST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_ends = re.compile(r"(.*) valid_until (\d{1,19})", re.DOTALL).fullmatch


def name_until(name: str, end: datetime | None) -> str:
    """Return a name with its end, as it is signed."""
    return name if end is None else f"{name} valid_until {(end - _EPOCH) // _MILLISECOND}"


def whole_milliseconds(moment: datetime) -> datetime:
    """Return a time without what the exchange cannot tell apart."""
    return _EPOCH + (moment - _EPOCH) // _MILLISECOND * _MILLISECOND


def grant_of(decoded: Decoded) -> Grant:
    """Return what a payload that grants rights says of them, whatever it is wrapped in."""
    fields: Mapping[str, object] = {}
    for intent in decoded.intents:
        fields = {**intent.fields, **fields}
    text, account = str(fields.get("agent_name", "")), str(fields.get("multi_sig_user", ""))
    found = _ends(text)
    if found is None:
        return text, None, account
    end = _EPOCH + min(int(found[2]), _LAST_MS) * _MILLISECOND
    return found[1], end, account
