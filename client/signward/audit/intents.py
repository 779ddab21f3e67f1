"""What a record says of everything that its payload carries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signward.audit.records import Record

__all__ = ["RecordedIntent", "digest_of", "intents_of"]

_ACTION: Final = "@action"


@dataclass(frozen=True, slots=True)
class RecordedIntent:
    """One thing that was to be signed.

    Attributes:
        action: Its policy action.
        fields: Its fields.
    """

    action: str
    fields: Mapping[str, Any]


def intents_of(record: Record) -> Iterator[RecordedIntent]:
    """Yield what a payload carries, in order; ``record.more_left`` of them are not there."""
    if record.intent or record.more:
        yield RecordedIntent(record.action, record.intent)
    for item in record.more:
        if _ACTION in item:
            fields = {name: value for name, value in item.items() if name != _ACTION}
            yield RecordedIntent(str(item[_ACTION]), fields)
        else:
            yield RecordedIntent(record.action, {**record.intent, **item})


def digest_of(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the ``more_digest`` of further Intents, each in the form of ``record.more``."""
    text = json.dumps(items, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
