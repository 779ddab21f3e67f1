"""What plots are drawn with."""

from __future__ import annotations

from xml.etree import ElementTree as ET

__all__ = ["PALE", "add", "canvas", "drawn", "line", "text"]

_INK = "#333333"
PALE = "#dddddd"
"""Colour of a grid."""


def canvas(width: int, height: int) -> ET.Element:
    """Return an empty drawing, white."""
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "font-family": "Helvetica, Arial, sans-serif",
            "font-size": "11",
            "fill": _INK,
        },
    )
    add(svg, "rect", width=width, height=height, fill="#ffffff")
    return svg


def drawn(svg: ET.Element) -> str:
    """Return the drawing as SVG text."""
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def text(
    svg: ET.Element, x: float, y: float, words: str, *, size: int = 11, anchor: str = "start"
) -> None:
    """Add words at a place."""
    add(svg, "text", words, x=x, y=y, **{"font-size": str(size), "text-anchor": anchor})


def line(svg: ET.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    """Add a pale line."""
    add(svg, "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=PALE)


def add(svg: ET.Element, tag: str, words: str = "", **attributes: float | str) -> None:
    """Add an element; attributes that are empty are left out."""
    shown = {
        name: f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
        if value != ""
    }
    ET.SubElement(svg, tag, shown).text = words or None
