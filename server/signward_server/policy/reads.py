"""What of the context a policy reads, told from its JSON form.

The JSON form is Cedar's (docs.cedarpolicy.com, "JSON policy format"). Whatever is not
recognised counts as reading everything.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["EVERYTHING", "context_reads", "joined"]

EVERYTHING = frozenset({"*"})
"""The context is used in another way than by naming what is in it."""

_CONTEXT = {"Var": "context"}


def context_reads(node: object) -> frozenset[str]:
    """Return what an expression reads of the context.

    Returns:
        Paths: ``time`` for an attribute as a whole, ``order.coin`` for a field of one; and
        ``EVERYTHING`` where it is used in another way as well.
    """
    found: set[str] = set()
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            path = _path(node)
            if path:
                found.add(".".join(path))
            elif node == _CONTEXT:
                found |= EVERYTHING
            else:
                pending.extend(node.values())
    return frozenset(found)


def joined(reads: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return what is read by all of these together: paths, or ``EVERYTHING``."""
    together: frozenset[str] = frozenset().union(*reads)
    return EVERYTHING if EVERYTHING.issubset(together) else together


def _path(node: dict[str, object]) -> tuple[str, ...]:
    """Return the path of ``context.x``, ``context.x.y``, ``context has x`` and such; or none."""
    step = _step(node)
    if step is None:
        return ()
    left, attribute = step
    if left == _CONTEXT:
        return (attribute,)
    before = _step(left, (".",))
    if before is not None and before[0] == _CONTEXT:
        return before[1], attribute
    return ()


def _step(node: object, operators: tuple[str, ...] = (".", "has")) -> tuple[object, str] | None:
    """Return what an attribute is taken of or looked for in, and its name."""
    if not isinstance(node, dict) or len(node) != 1:
        return None
    ((operator, operands),) = node.items()
    if operator not in operators or not isinstance(operands, dict):
        return None
    if operands.keys() != {"left", "attr"}:
        return None
    attribute = operands["attr"]
    if not isinstance(attribute, str) or "." in attribute:
        return None
    return operands["left"], attribute
