"""Messages as records: one way for every message, worked out once from its descriptor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

__all__ = ["Records"]

# Messages whose fields are found by name: no type checker knows them.
_Read: TypeAlias = Callable[[Any], dict[str, object]]
_Step: TypeAlias = Callable[[Any, dict[str, object]], None]


class Records:
    """Turns messages into records.

    A record has the fields by their names: text, numbers, flags and bytes as they are; an enum
    as the last part of its name in lower case, ``""`` for what is not said and ``None`` for
    what is unknown; a record for a message, a list for what repeats. What is absent is
    ``None``. Of a choice, what is chosen stands there, and its name under that of the choice.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Read] = {}

    def reader(self, descriptor: Descriptor) -> _Read:
        """Return what reads messages of a type."""
        name = descriptor.full_name
        if name not in self._known:
            self._known[name] = self._again(name)
            self._known[name] = self._compiled(descriptor)
        return self._known[name]

    def _again(self, name: str) -> _Read:
        """Return what reads a message within one of its own kind, which is being compiled."""
        return lambda message: self._known[name](message)  # noqa: PLW0108  # not known yet

    def _compiled(self, descriptor: Descriptor) -> _Read:
        choices = [choice for choice in descriptor.oneofs if not _is_synthetic(choice)]
        alone = [field for field in descriptor.fields if field.containing_oneof not in choices]
        plain = [field.name for field in alone if _is_plain(field)]
        steps = [self._field(field) for field in alone if not _is_plain(field)]
        return _composed(plain, [*steps, *map(self._choice, choices)])

    def _field(self, field: FieldDescriptor) -> _Step:
        name, value = field.name, self._value(field)

        def repeated(message: Any, record: dict[str, object]) -> None:  # noqa: ANN401  # see above
            record[name] = [value(element) for element in getattr(message, name)]

        def optional(message: Any, record: dict[str, object]) -> None:  # noqa: ANN401
            record[name] = value(getattr(message, name)) if message.HasField(name) else None

        def always(message: Any, record: dict[str, object]) -> None:  # noqa: ANN401
            record[name] = value(getattr(message, name))

        if field.is_repeated:
            return repeated
        return optional if field.has_presence else always

    def _choice(self, choice: OneofDescriptor) -> _Step:
        name, values = choice.name, {field.name: self._value(field) for field in choice.fields}

        def chosen(message: Any, record: dict[str, object]) -> None:  # noqa: ANN401
            picked = record[name] = message.WhichOneof(name)
            if picked is not None:
                record[picked] = values[picked](getattr(message, picked))

        return chosen

    def _value(self, field: FieldDescriptor) -> Callable[[Any], object]:
        if field.message_type is not None:
            return self.reader(field.message_type)
        return _words(field.enum_type).get if field.enum_type is not None else _same


def _is_plain(field: FieldDescriptor) -> bool:
    """Return whether a field is read as it is, and always there."""
    is_simple = field.message_type is None and field.enum_type is None
    return is_simple and not field.is_repeated and not field.has_presence


def _is_synthetic(choice: OneofDescriptor) -> bool:
    """Return whether a choice only stands for one ``optional`` field, as protoc names them."""
    return [f"_{field.name}" for field in choice.fields] == [choice.name]


def _composed(plain: Sequence[str], steps: Sequence[_Step]) -> _Read:
    names = tuple(plain)
    if len(names) == 1:
        (name,), get = names, attrgetter(*names)

        def first(message: Any) -> dict[str, object]:  # noqa: ANN401
            return {name: get(message)}

    elif names:
        get_all = attrgetter(*names)

        def first(message: Any) -> dict[str, object]:  # noqa: ANN401
            return dict(zip(names, get_all(message), strict=True))

    else:

        def first(message: Any) -> dict[str, object]:  # noqa: ANN401, ARG001
            return {}

    def read(message: Any) -> dict[str, object]:  # noqa: ANN401
        record = first(message)
        for step in steps:
            step(message, record)
        return record

    return read


def _words(enum: EnumDescriptor) -> dict[int, str]:
    """Return the words of an enum: its names without what they begin with, ``""`` for 0."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words = {
        number: v.name.removeprefix(prefix).lower() for number, v in enum.values_by_number.items()
    }
    return {**words, 0: ""}


def _same(value: Any) -> object:  # noqa: ANN401
    return value
