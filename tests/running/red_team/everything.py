"""All attempts."""

from __future__ import annotations

from typing import Final

from tests.running.red_team.attempts import Attempt
from tests.running.red_team.numbers import NUMBERS
from tests.running.red_team.orders import ORDERS
from tests.running.red_team.smuggling import SMUGGLING
from tests.running.red_team.transfers import TRANSFERS

__all__ = ["ATTEMPTS"]

ATTEMPTS: Final[tuple[Attempt, ...]] = (*TRANSFERS, *ORDERS, *NUMBERS, *SMUGGLING)
