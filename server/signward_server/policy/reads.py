"""What of the context a policy reads, told from its JSON form.

The JSON form is Cedar's (docs.cedarpolicy.com, "JSON policy format"). Whatever is not
recognised counts as reading everything.
"""

from __future__ import annotations

__all__ = ["EVERYTHING", "context_reads"]

EVERYTHING = frozenset({"*"})
"""The context is used in another way than by naming its attributes."""

_CONTEXT = {"Var": "context"}


def context_reads(node: object) -> frozenset[str]:
    """Return which attributes of the context an expression reads, or ``EVERYTHING``."""
    found: set[str] = set()
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            attribute = _attribute(node)
            if attribute is not None:
                found.add(attribute)
            elif node == _CONTEXT:
                return EVERYTHING
            else:
                pending.extend(node.values())
    return frozenset(found)


def _attribute(node: dict[str, object]) -> str | None:
    """Return ``x`` for ``context.x`` and ``context has x``."""
    if len(node) != 1:
        return None
    ((operator, operands),) = node.items()
    if operator not in {".", "has"} or not isinstance(operands, dict):
        return None
    if operands.keys() != {"left", "attr"} or operands["left"] != _CONTEXT:
        return None
    attribute = operands["attr"]
    return attribute if isinstance(attribute, str) else None
