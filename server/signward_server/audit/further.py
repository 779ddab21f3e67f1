"""The further Intents of a payload in its record: what each has that the first one has not.

Where not all of them fit, as many as do are written, in order; how many are left out, and the
SHA-256 of what would have been written for all of them, stand after them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from signward_server.audit.wording import quoted, value_of
from signward_server.core.signing import Intent, IntentValue

__all__ = ["further"]

_ACTION = "@action"
"""Says the action of an Intent of another one; no field has such a name."""


def further(first: Intent, more: Sequence[Intent], room: int) -> str:
    """Return what is recorded of further Intents.

    Args:
        first: The first Intent, which is recorded in full.
        more: The further ones.
        room: How many characters there are; some hundred for what is left out come on top.
    """
    items = list(_items(first, more))
    whole = ",".join(items)
    if len(whole) + len(',"more":[]') <= room:
        return f',"more":[{whole}]'
    digest = hashlib.sha256(f"[{whole}]".encode("ascii")).hexdigest()
    left = f',"more_left":{len(items)},"more_digest":"{digest}"'
    room -= len(left) + len(',"more":[]')
    shown = _fitting(items, room)
    written = f',"more":[{",".join(items[:shown])}]' if shown else ""
    return f'{written},"more_left":{len(items) - shown},"more_digest":"{digest}"'


def _fitting(items: Sequence[str], room: int) -> int:
    """Return how many items fit, with commas between them."""
    for number, item in enumerate(items):
        room -= len(item) + 1
        if room < -1:
            return number
    return len(items)


def _items(first: Intent, more: Sequence[Intent]) -> Iterator[str]:
    known = first.fields
    names = [(name, f"{quoted(name)}:") for name in sorted(known)]
    for intent in more:
        fields = intent.fields
        if intent.action == first.action and fields.keys() == known.keys():
            yield _differing(names, known, fields)
        else:
            yield _object({**fields, _ACTION: intent.action})


def _differing(
    names: Sequence[tuple[str, str]],
    known: Mapping[str, IntentValue],
    fields: Mapping[str, IntentValue],
) -> str:
    members = []
    for name, written in names:
        value, other = fields[name], known[name]
        if value != other or value.__class__ is not other.__class__:  # True equals 1
            number = value.__class__ is int  # which a boolean is not
            members.append(f"{written}{value if number else value_of(value, quoted)}")
    return f"{{{','.join(members)}}}"


def _object(fields: Mapping[str, IntentValue]) -> str:
    members = [f"{quoted(name)}:{value_of(fields[name], quoted)}" for name in sorted(fields)]
    return f"{{{','.join(members)}}}"
