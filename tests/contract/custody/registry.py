"""The custodies that the suite runs against: one line for each."""

from __future__ import annotations

from collections.abc import Mapping

from tests.contract.custody.envelope import envelope_bench
from tests.contract.custody.suite import Factory

FACTORIES: Mapping[str, Factory] = {
    "envelope": envelope_bench,
}
