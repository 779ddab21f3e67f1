"""What was spent within windows of time, in a store that processes may share (S12, S13)."""

from signward_server.store.spending.boot_time import steady_time
from signward_server.store.spending.caps import StoredCaps
from signward_server.store.spending.moving import move_spending
from signward_server.store.spending.spending import Spending

__all__ = ["Spending", "StoredCaps", "move_spending", "steady_time"]
