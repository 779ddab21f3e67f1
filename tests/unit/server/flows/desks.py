"""Keys of two desks, and how they are frozen."""

from __future__ import annotations

from signward_server.core.keys import Freeze
from signward_server.flows.key_requests import KeyFilter

from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World

__all__ = ["DESK_A", "freeze_call", "modes", "put", "two_desks"]

DESK_A = KeyFilter(labels={"desk": "a"})


def two_desks() -> World:
    """Make two keys of desk a, one of desk b; one of desk a that cannot be seen."""
    world = World()
    world.key("a-1", labels={"desk": "a"})
    world.key("a-2", labels={"desk": "a", "app": "maker"})
    world.key("a-hidden", labels={"desk": "a"})
    world.key("b-1", labels={"desk": "b"})
    world.policy.rule = lambda j: j.key is None or j.key.id != "a-hidden"
    return world


def freeze_call(**arguments: object) -> FakeCall:
    return FakeCall(method="/signward.v1.AdminService/FreezeKey", **arguments)  # type: ignore[arg-type]


def put(
    world: World, target: str | KeyFilter, mode: Freeze, call: FakeCall | None = None
) -> list[str]:
    """Put keys into a mode; return their ids."""
    call = call or freeze_call()
    if mode is Freeze.NONE:
        return list(world.freezing.unfreeze(call, target, "why"))
    return list(world.freezing.freeze(call, target, mode, "why"))


def modes(world: World) -> dict[str, Freeze]:
    return {key.id: key.freeze for key in world.catalogue.page("", 100)}
