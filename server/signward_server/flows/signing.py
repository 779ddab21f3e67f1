"""Signing: items one by one, or slice by slice where one call carries many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signward_server.core.errors import SignwardError
from signward_server.core.ports import Call
from signward_server.core.signing import SignRequest, SignResult
from signward_server.flows.access import SeenKeys
from signward_server.flows.counting import count_failure
from signward_server.flows.item import Item
from signward_server.flows.signing_ports import SigningPorts

__all__ = ["Signing", "SigningPorts"]

_SLICE = 16


class Signing:
    """Signs items; they share nothing but the ports."""

    def __init__(self, ports: SigningPorts) -> None:
        self._ports = ports

    def sign(self, call: Call, request: SignRequest) -> SignResult:
        """Sign one item.

        Raises:
            SignwardError: Nothing was signed, or what was signed was discarded. Nothing
                else is raised, so that one item never ends its stream.
        """
        item = Item(self._ports, call, request)
        item.attempt(Item.admit)
        item.attempt(Item.sign)
        outcome = item.outcome()
        if isinstance(outcome, SignwardError):
            try:
                raise outcome
            finally:
                del outcome  # its traceback holds this frame
        return outcome

    def sign_each(
        self, call: Call, requests: Sequence[SignRequest | SignwardError]
    ) -> Iterator[SignResult | SignwardError]:
        """Sign many items in order; a bad one spoils nothing.

        A slice of them takes each step together: the caches of the processor are too small
        for the code and tables of all steps, so that an item by itself costs a fifth more.

        Args:
            call: The call that carries them.
            requests: What to sign; what could not even be read is its error already.

        Yields:
            A result or an error for each item, in order. Once the deadline has passed or
            the caller has gone, the rest ends with that error.
        """
        seen = SeenKeys(self._ports.catalogue, self._ports.policy, call)
        for start in range(0, len(requests), _SLICE):
            part = requests[start : start + _SLICE]
            items = [self._admitted(call, item, seen) for item in part]
            for item in items:
                if isinstance(item, Item):
                    item.attempt(Item.sign)
            for item in items:
                yield item.outcome() if isinstance(item, Item) else item

    def unread(self, call: Call, error: SignwardError) -> SignwardError:
        """Count an item that could not even be read, and return what its caller is told."""
        return count_failure(self._ports.limits, call.identity, error)

    def _admitted(
        self, call: Call, request: SignRequest | SignwardError, seen: SeenKeys
    ) -> Item | SignwardError:
        if isinstance(request, SignwardError):
            return self.unread(call, request)
        item = Item(self._ports, call, request, seen)
        item.attempt(Item.admit)
        return item

    def is_swift(self, key_id: str, version: int) -> bool:
        """Return whether signing with this version blocks on nothing, as far as can be seen."""
        key = self._ports.catalogue.get(key_id)
        custody = None if key is None else self._ports.custodies.get(key.custody)
        if key is None or custody is None:
            return False
        return custody.is_unlocked(key.id, version or key.primary_version)
