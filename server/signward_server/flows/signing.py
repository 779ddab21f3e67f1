"""Signing: items one by one, or slice by slice where one call carries many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signward_server.core.audit_events import AuditEvent
from signward_server.core.errors import SignwardError
from signward_server.core.keys import Key, Purpose
from signward_server.core.ports import AuditEntry, AuditReceipt, Call
from signward_server.core.signing import SignRequest, SignResult
from signward_server.core.unexpected import unexpected
from signward_server.flows.counting import count_failure
from signward_server.flows.item import Item
from signward_server.flows.signing_ports import SigningPorts
from signward_server.flows.together import sign_together

__all__ = ["Signing", "SigningPorts"]

_SLICE = 32
_NUMBERED = frozenset({Purpose.HYPERLIQUID})


class Signing:
    """Signs items; they share nothing but the ports."""

    def __init__(self, ports: SigningPorts) -> None:
        self._ports = ports
        # Keys of which some payload waits for the store before it is judged.
        self._counted = frozenset(
            purpose
            for chain in ports.chains.values()
            if any(kind.name in ports.caps.actions for kind in chain.actions)
            for purpose in chain.purposes
        )
        self._restricted_raw = ports.restricted.intersection(
            kind.name
            for chain in ports.chains.values()
            if Purpose.RAW in chain.purposes
            for kind in chain.actions
        )

    def sign(self, call: Call, request: SignRequest) -> SignResult:
        """Sign one item.

        Raises:
            SignwardError: Nothing was signed, or what was signed was discarded. Nothing
                else is raised, so that one item never ends its stream.
        """
        item = Item(self._ports, call, request)
        item.attempt(Item.admit)
        item.attempt(Item.sign)
        item.attempt(Item.finish)
        entry = item.entry()
        if entry is not None:
            receipts = self._recorded([entry])
            if not isinstance(receipts, SignwardError):
                return item.conclude(entry, receipts[0])
            item.fail(receipts)
            del receipts
        error = item.refuse()
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def sign_each(
        self, call: Call, requests: Sequence[SignRequest | SignwardError]
    ) -> Iterator[SignResult | SignwardError]:
        """Sign many items in order; a bad one spoils nothing.

        A slice of them takes each step together: the caches of the processor are too small
        for the code and tables of all steps, so that an item by itself costs a fifth more.
        One write records a slice.

        Args:
            call: The call that carries them.
            requests: What to sign; what could not even be read is its error already.

        Yields:
            A result or an error for each item, in order. Once the deadline has passed or
            the caller has gone, the rest ends with that error.
        """
        for start in range(0, len(requests), _SLICE):
            part = requests[start : start + _SLICE]
            items = [self._admitted(call, item) for item in part]
            sign_together([item for item in items if isinstance(item, Item)])
            yield from self._concluded(items)

    def unread(self, call: Call, error: SignwardError) -> SignwardError:
        """Count an item that could not even be read, and return what its caller is told."""
        error = count_failure(self._ports.limits, call.identity, error)
        entry = AuditEntry(AuditEvent.SIGNATURE, call, "", "", 0, error.reason)
        self._ports.audit.failed(entry)
        call.concluded(entry, None)
        return error

    def _concluded(
        self, items: Sequence[Item | SignwardError]
    ) -> Iterator[SignResult | SignwardError]:
        """Yield the outcome of each, after all of them are recorded."""
        signed: list[tuple[Item, AuditEntry]] = []
        for item in items:
            if isinstance(item, Item):
                item.attempt(Item.finish)
                entry = item.entry()
                if entry is not None:
                    signed.append((item, entry))
        receipts = self._recorded([entry for _, entry in signed])
        answers: dict[int, SignResult] = {}
        if isinstance(receipts, SignwardError):
            for item, _ in signed:
                item.fail(receipts)
        else:
            for (item, entry), receipt in zip(signed, receipts, strict=True):
                answers[id(item)] = item.conclude(entry, receipt)
        for each in items:
            yield (
                each if isinstance(each, SignwardError) else answers.get(id(each)) or each.refuse()
            )

    def _recorded(self, entries: Sequence[AuditEntry]) -> Sequence[AuditReceipt] | SignwardError:
        """Record what was signed; return why no answer may leave if that fails."""
        if not entries:
            return ()
        try:
            return self._ports.audit.record_all(entries)
        except SignwardError as error:
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001  # as ``Item.attempt``
            return unexpected(error)

    def _admitted(self, call: Call, request: SignRequest | SignwardError) -> Item | SignwardError:
        if isinstance(request, SignwardError):
            return self.unread(call, request)
        item = Item(self._ports, call, request)
        item.attempt(Item.admit)
        return item

    def is_swift(self, key_id: str, version: int) -> bool:
        """Return whether signing with this version blocks on nothing, as far as can be seen."""
        if self._ports.limits.blocking or not self._ports.audit.is_quick:
            return False
        key = self._ports.catalogue.get(key_id)
        custody = None if key is None else self._ports.custodies.get(key.custody)
        if key is None or custody is None or key.purpose in self._counted:
            return False
        if key.allow_digest and self._may_be_approved():
            return False
        if key.purpose in _NUMBERED and not self._numbers_quickly(key, version):
            return False
        return custody.is_unlocked(key.id, version or key.primary_version)

    def _numbers_quickly(self, key: Key, version: int) -> bool:
        found = key.version(version)
        return found is not None and self._ports.nonces.is_quick(found.public_key.fingerprint)

    def _may_be_approved(self) -> bool:
        """Return whether approvals are looked for in the store for what raw keys sign (S15)."""
        return any(map(self._ports.policy.generation.asks_approval, self._restricted_raw))
