"""The latency distributions as an SVG: a panel for each case, the daemon beside its echo."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.benchmarks.cases import CASES, Case
from tests.benchmarks.schedule import Samples
from tests.benchmarks.svg import add, canvas, drawn, line, text
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
    svg = canvas(width, height)
    text(svg, _LEFT, 24, "Latency of one client thread", size=16)
    for number, case in enumerate(CASES):
        _Panel.of(samples, case, number).draw(svg)
    _legend(svg, len(CASES))
    return drawn(svg)


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
        text(svg, self.left + _LEFT, self.top + _TOP - 10, self.case.name, size=13)
        for percentile in _PERCENTILES:
            y = self._y(_depth(percentile))
            line(svg, self._x(self.low), y, right, y)
            text(svg, self.left + _LEFT - 6, y + 4, f"{percentile:g} %", anchor="end")
        for tick in _ticks(self.low, self.high):
            x = self._x(tick)
            line(svg, x, self._y(_DEEPEST), x, bottom)
            text(svg, x, bottom + 15, _duration(tick), anchor="middle")
        for (server, transport), curve in self.curves.items():
            add(
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
        add(svg, "line", x1=x, y1=y, x2=x + 34, y2=y, stroke=_COLOURS[server], **stroke)
        text(svg, x + 42, y + 4, f"{_SERVERS[server]}, {_LABELS[transport]}", size=12)
        y += 22
    for words in ("across: microseconds, logarithmic", "up: share of calls that took no longer"):
        y += 18
        text(svg, x, y, words)


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
