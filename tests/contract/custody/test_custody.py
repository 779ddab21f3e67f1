"""Runs the suite against every custody of the registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.custody.registry import FACTORIES
from tests.contract.custody.suite import Bench, CustodySuite


class TestCustody(CustodySuite):
    @pytest.fixture(params=list(FACTORIES.values()), ids=list(FACTORIES))
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        with request.param() as bench:
            yield bench
