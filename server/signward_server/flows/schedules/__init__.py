"""What the daemon does by itself when its time comes."""

from signward_server.flows.schedules.keeping_time import begin_time, tell_of_step
from signward_server.flows.schedules.schedules import SchedulePorts, Schedules
from signward_server.flows.schedules.steps import Destruction, Doing, Ending, Retirement, Rotation

__all__ = [
    "Destruction",
    "Doing",
    "Ending",
    "Retirement",
    "Rotation",
    "SchedulePorts",
    "Schedules",
    "begin_time",
    "tell_of_step",
]
