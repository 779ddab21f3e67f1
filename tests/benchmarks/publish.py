"""Puts the figures of a run into the documentation, so that nobody types them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["publish"]

_BEGIN = "<!-- begin: written by python -m tests.benchmarks --publish -->\n"
_END = "<!-- end -->\n"


def publish(docs: Path, text: str, plot: str) -> None:
    """Replace the part of ``benchmarks.md`` between its markers, and the plot.

    Raises:
        ValueError: The page has no markers.
    """
    page = docs / "benchmarks.md"
    before, begin, rest = page.read_text("utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{page} has no place for the figures")
    page.write_text(before + begin + "\n" + text + "\n" + end + after, "utf-8")
    (docs / "benchmarks.svg").write_text(plot, "utf-8")
