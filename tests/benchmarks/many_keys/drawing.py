"""Start, memory and latency over the number of keys, as an SVG: a panel for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.etree import ElementTree as ET

from tests.benchmarks.many_keys.measuring import Figures
from tests.benchmarks.svg import PALE, add, canvas, drawn, line, text

__all__ = ["plot"]

_PANEL = (330, 250)  # with its margins
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 66, 40
_COLOUR = "#1257b0"
_LINES = 4
_PANELS: Sequence[tuple[str, Callable[[Figures], float]]] = (
    ("start, seconds", lambda figures: figures.start_s),
    ("resident memory, MiB", lambda figures: figures.resident_mib),
    ("Sign p50, to that with 10 keys", lambda figures: figures.p50_ratio),
)


def plot(found: Sequence[Figures]) -> str:
    """Return the plot as SVG text; keys run to the right on a logarithmic scale."""
    svg = canvas(len(_PANELS) * _PANEL[0], _PANEL[1] + _BOTTOM)
    text(svg, _LEFT, 24, "A daemon with many keys", size=16)
    for number, (name, value) in enumerate(_PANELS):
        _panel(svg, number * _PANEL[0], name, [(each.keys, value(each)) for each in found])
    return drawn(svg)


def _panel(svg: ET.Element, left: float, name: str, points: Sequence[tuple[int, float]]) -> None:
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    top = _rounded(max(value for _, value in points))

    def x(keys: int) -> float:
        share = (math.log10(keys) - low) / max(high - low, 1)
        return left + _LEFT + share * (_PANEL[0] - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _PANEL[1] - value / top * (_PANEL[1] - _TOP)

    text(svg, left + _LEFT, _TOP - 14, name, size=13)
    for step in range(_LINES + 1):
        value = top * step / _LINES
        line(svg, left + _LEFT, y(value), left + _PANEL[0] - _RIGHT, y(value))
        text(svg, left + _LEFT - 6, y(value) + 4, f"{value:g}", anchor="end")
    for keys, _ in points:
        add(svg, "line", x1=x(keys), y1=y(0), x2=x(keys), y2=y(top), stroke=PALE)
        text(svg, x(keys), y(0) + 15, _short(keys), anchor="middle")
    places = " ".join(f"{x(keys):.1f},{y(value):.1f}" for keys, value in points)
    add(svg, "polyline", points=places, fill="none", stroke=_COLOUR, **{"stroke-width": "1.6"})
    for keys, value in points:
        add(svg, "circle", cx=x(keys), cy=y(value), r=3, fill=_COLOUR)


def _short(keys: int) -> str:
    """Return a number as ``10k`` or ``1M``, so that five of them stand side by side."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if keys >= size:
            return f"{keys / size:g}{unit}"
    return str(keys)


def _rounded(most: float) -> float:
    """Return a round number that is not below."""
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= most)
