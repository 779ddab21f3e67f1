"""Answers in the exchange's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["DEFAULT", "Rejected", "statuses"]

DEFAULT: dict[str, Any] = {"status": "ok", "response": {"type": "default"}}


class Rejected(Exception):  # noqa: N818 -- what the exchange says of an action
    """An action that is not carried out; the text is the answer."""


def statuses(kind: str, each: Sequence[Any]) -> dict[str, Any]:
    """Return the answer of an action with several parts, each of which has its own."""
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(each)}}}
