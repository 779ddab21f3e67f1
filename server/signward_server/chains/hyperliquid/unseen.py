"""Characters that nobody sees, or that show what comes after them otherwise."""

from __future__ import annotations

import unicodedata

__all__ = ["has_unseen"]

# Categories of Unicode: control, format, surrogates, private use, unassigned, separators of lines
# and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def has_unseen(text: str) -> bool:
    """Return whether a text has such a character."""
    return not (text.isascii() and text.isprintable()) and any(
        unicodedata.category(character) in _UNSEEN for character in text
    )
