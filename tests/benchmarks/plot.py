"""The latency distributions as an SVG: a panel for each case, the daemon beside its echo."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.schedule import Samples
from tests.benchmarks.variants import ECHO, FULL, TRANSPORTS

__all__ = ["latency_plot"]

_COLUMNS = 3
_PANEL = (330, 250)  # with its margins
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 34, 40
_TITLE_HEIGHT = 46
_SERVERS = {ECHO: "echo", FULL: "daemon"}
_COLOURS = {FULL: "#1257b0", ECHO: "#d9822b"}
_DASHES = {"tcp": "", "uds": "5 3"}
_LABELS = {"tcp": "TCP", "uds": "Unix socket"}
_INK, _PALE = "#333333", "#dddddd"
_PERCENTILES = (0, 50, 90, 99, 99.9)
_BEYOND_P99 = 1.4  # how far a panel goes on; what took longer is cut off
_DEEPEST = 3.0  # the 99.9th percentile: -log10(1 - 0.999)
_STEPS = (1, 2, 5)
_FINE_STEPS = (1, 1.5, 2, 3, 4, 5, 7)  # where the scale spans little
_WIDE = 5


def latency_plot(samples: Samples) -> str:
    """Return the plot as SVG text.

    Latency runs to the right on a logarithmic scale; upwards each step leaves a tenth of the
    calls above it, so that the tail is as wide as the bulk.
    """
    rows = math.ceil((len(CASES) + 1) / _COLUMNS)
    width, height = _COLUMNS * _PANEL[0], rows * _PANEL[1] + _TITLE_HEIGHT
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
    _add(svg, "rect", width=width, height=height, fill="#ffffff")
    _text(svg, _LEFT, 24, "Latency of one client thread", size=16)
    for number, case in enumerate(CASES):
        _Panel.of(samples, case, number).draw(svg)
    _legend(svg, len(CASES))
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True)
class _Panel:
    """One case: where it stands, and its sorted latencies in microseconds by server, transport."""

    case: Case
    left: float
    top: float
    curves: dict[tuple[str, str], list[float]]
    low: float
    high: float

    @classmethod
    def of(cls, samples: Samples, case: Case, number: int) -> _Panel:
        curves = {
            place: sorted(
                seconds * 1e6
                for seconds in itertools.chain.from_iterable(samples.latencies[place, case.name])
            )
            for place in itertools.product(_SERVERS, TRANSPORTS)
        }
        low = min(curve[0] for curve in curves.values())
        high = _BEYOND_P99 * max(curve[_rank(len(curve), 99)] for curve in curves.values())
        left, top = _corner(number)
        return cls(case, left, top, curves, low, high)

    def draw(self, svg: ET.Element) -> None:
        """Add the panel."""
        right, bottom = self._x(self.high), self._y(0)
        _text(svg, self.left + _LEFT, self.top + _TOP - 10, self.case.name, size=13)
        for percentile in _PERCENTILES:
            y = self._y(_depth(percentile))
            _line(svg, self._x(self.low), y, right, y)
            _text(svg, self.left + _LEFT - 6, y + 4, f"{percentile:g} %", anchor="end")
        for tick in _ticks(self.low, self.high):
            x = self._x(tick)
            _line(svg, x, self._y(_DEEPEST), x, bottom)
            _text(svg, x, bottom + 15, _duration(tick), anchor="middle")
        for (server, transport), curve in self.curves.items():
            _add(
                svg,
                "polyline",
                points=" ".join(f"{x:.1f},{y:.1f}" for x, y in self._points(curve)),
                fill="none",
                stroke=_COLOURS[server],
                **{"stroke-width": "1.6", "stroke-dasharray": _DASHES[transport]},
            )

    def _points(self, curve: Sequence[float]) -> Iterator[tuple[float, float]]:
        """Yield some hundred points of a curve, evenly spaced along the scale."""
        deepest = min(_DEEPEST, math.log10(len(curve)))
        for step in range(121):
            depth = deepest * step / 120
            latency = curve[_rank(len(curve), 100 * (1 - 10**-depth))]
            yield self._x(min(latency, self.high)), self._y(depth)

    def _x(self, latency: float) -> float:
        share = math.log(latency / self.low) / math.log(self.high / self.low)
        return self.left + _LEFT + share * (_PANEL[0] - _LEFT - _RIGHT)

    def _y(self, depth: float) -> float:
        return self.top + _PANEL[1] - _BOTTOM - depth / _DEEPEST * (_PANEL[1] - _TOP - _BOTTOM)


def _legend(svg: ET.Element, number: int) -> None:
    left, top = _corner(number)
    x, y = left + _LEFT, top + _TOP + 10
    for server, transport in itertools.product(_SERVERS, TRANSPORTS):
        stroke = {"stroke-width": "2", "stroke-dasharray": _DASHES[transport]}
        _add(svg, "line", x1=x, y1=y, x2=x + 34, y2=y, stroke=_COLOURS[server], **stroke)
        _text(svg, x + 42, y + 4, f"{_SERVERS[server]}, {_LABELS[transport]}", size=12)
        y += 22
    for line in ("across: microseconds, logarithmic", "up: share of calls that took no longer"):
        y += 18
        _text(svg, x, y, line)


def _corner(number: int) -> tuple[float, float]:
    row, column = divmod(number, _COLUMNS)
    return column * _PANEL[0], row * _PANEL[1] + _TITLE_HEIGHT


def _depth(percentile: float) -> float:
    return -math.log10(1 - percentile / 100)


def _rank(count: int, percentile: float) -> int:
    return min(int(count * percentile / 100), count - 1)


def _ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = _STEPS if high / low > _WIDE else _FINE_STEPS
    ticks = [step * 10.0**power for power in powers for step in steps]
    return [tick for tick in ticks if low <= tick <= high]


def _duration(microseconds: float) -> str:
    return f"{microseconds:g}" if microseconds < 1e5 else f"{microseconds / 1e6:g} s"


def _text(
    svg: ET.Element, x: float, y: float, text: str, *, size: int = 11, anchor: str = "start"
) -> None:
    _add(svg, "text", text, x=x, y=y, **{"font-size": str(size), "text-anchor": anchor})


def _line(svg: ET.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    _add(svg, "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=_PALE)


def _add(svg: ET.Element, tag: str, text: str = "", **attributes: float | str) -> None:
    shown = {
        name: f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
        if value != ""
    }
    ET.SubElement(svg, tag, shown).text = text or None
