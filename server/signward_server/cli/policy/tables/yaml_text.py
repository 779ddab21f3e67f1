"""The part of YAML that a table needs, so that it means what it looks like.

Scalars are text; only plain ``true``, ``false``, ``null`` and ``~`` are not, and nothing at all
is null. So ``0.50`` keeps its zero, and ``no`` is a word. Anchors, aliases, tags, directives,
second documents and keys that occur twice are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

__all__ = ["LARGEST_TEXT", "Path", "TextRefused", "YamlText", "parse"]

LARGEST_TEXT = 256 * 2**10  # characters; a few seconds at most
_DEEPEST = 12
_MOST_EVENTS = 50_000
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[int | str, ...]


class TextRefused(Exception):  # noqa: N818  # says what happened
    """A text that is not in this part of YAML.

    Args:
        line: Where, counted from 1.
        problem: What is wrong there.
        fix: What to do.
    """

    def __init__(self, line: int, problem: str, fix: str) -> None:
        super().__init__(f"line {line}: {problem}; {fix}")
        self.line = line
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class YamlText:
    """What a text says.

    Attributes:
        value: Dictionaries with text as keys, lists, text, true, false and ``None``.
        lines: The line that each key and each item of a list stands in, from 1, by its path.
    """

    value: object
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest place above that has one."""
        for length in range(len(path), 0, -1):
            if found := self.lines.get(path[:length]):
                return found
        return 1


def parse(text: str) -> YamlText:
    """Read a text.

    Raises:
        TextRefused: It is too large, no YAML, or YAML of another part.
    """
    if len(text) > LARGEST_TEXT:
        raise TextRefused(1, f"is larger than {LARGEST_TEXT // 2**10} KiB", "split the table")
    builder = _Builder(_events(text))
    return YamlText(builder.document(), builder.lines)


def _events(text: str) -> Iterator[Event]:
    try:
        for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            if number > _MOST_EVENTS:
                raise TextRefused(_line(event), "has too many entries", "split the table")
            yield event
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 1
        problem = f"is not YAML ({exc.problem or 'malformed'})"
        raise TextRefused(line, problem, "correct this place") from exc
    except (yaml.YAMLError, ValueError, OverflowError) as exc:
        # ValueError: escapes beyond Unicode, and version numbers of thousands of digits.
        fix = "save it as text without control characters"
        raise TextRefused(1, "is not YAML that anyone wrote", fix) from exc


@dataclass(slots=True)
class _Builder:
    """Builds values out of events, one call for each level, of which there are few."""

    events: Iterator[Event]
    lines: dict[Path, int] = field(default_factory=dict)

    def document(self) -> object:
        next(self.events)  # the start of the stream
        start = next(self.events)
        if isinstance(start, StreamEndEvent):
            return None
        if isinstance(start, DocumentStartEvent) and (start.version or start.tags):
            raise TextRefused(_line(start), "has a directive", "remove it")
        value = self._node(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, StreamEndEvent):
            raise TextRefused(_line(after), "starts a second document", "use a file for each")
        return value

    def _node(self, event: Event, path: Path) -> object:
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise TextRefused(_line(event), "has an anchor or alias", "write it out")
        if getattr(event, "tag", None):
            raise TextRefused(_line(event), "has a tag", "remove it; all is text here")
        if isinstance(event, ScalarEvent):
            plain = not event.style and event.value in _PLAIN
            return _PLAIN[event.value] if plain else str(event.value)
        if len(path) >= _DEEPEST:
            raise TextRefused(_line(event), "is nested too deep", "write it flatter")
        return self._list(path) if isinstance(event, SequenceStartEvent) else self._table(path)

    def _list(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            inner = (*path, len(items))
            self.lines[inner] = _line(event)
            items.append(self._node(event, inner))
        return items

    def _table(self, path: Path) -> dict[str, object]:
        table: dict[str, object] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
                raise TextRefused(_line(event), "has a key that is no text", "use plain words")
            if event.value in table:
                raise TextRefused(_line(event), "has a key for the second time", "keep one")
            inner = (*path, str(event.value))
            self.lines[inner] = _line(event)
            table[str(event.value)] = self._node(next(self.events), inner)
        return table


def _line(event: Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1 if mark else 1
