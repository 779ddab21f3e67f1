"""Puts the figures of a run into the documentation, so that nobody types them."""

from __future__ import annotations

from pathlib import Path

__all__ = ["publish"]

_END = "<!-- end -->\n"


def publish(docs: Path, command: str, text: str, drawing: str = "", plot: str = "") -> None:
    """Replace a part of ``benchmarks.md``, and its plot if there is one.

    Args:
        docs: Folder of the page.
        command: What writes the part; its marker names it.
        text: The part.
        drawing: Name of the plot's file; empty: there is none.
        plot: The plot.

    Raises:
        ValueError: The page has no such markers.
    """
    page = docs / "benchmarks.md"
    begin = f"<!-- begin: written by {command} -->\n"
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, end, after = rest.partition(_END)
    if not (found and end):
        raise ValueError(f"{page} has no place for the figures")
    page.write_text(before + begin + "\n" + text + "\n" + end + after, "utf-8")
    if drawing:
        (docs / drawing).write_text(plot, "utf-8")
