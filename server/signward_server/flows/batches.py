"""Many items at once: each has its own result, and a bad one spoils nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from signward_server.core.errors import SignwardError
from signward_server.core.ports import Call
from signward_server.core.signing import SignRequest, SignResult
from signward_server.flows.signing import Signing

__all__ = ["sign_each"]


def sign_each(
    signing: Signing, call: Call, items: Iterable[SignRequest | SignwardError]
) -> Iterator[SignResult | SignwardError]:
    """Sign items in order, each when it is asked for.

    Args:
        signing: The signing path.
        call: The call that carries them.
        items: What to sign; an item that could not even be read is its error already.

    Yields:
        A result or an error for each item, in order. Once the deadline has passed or the
        caller has gone, the rest ends with that error.
    """
    for item in items:
        if isinstance(item, SignwardError):
            yield item
            continue
        try:
            signed: SignResult | SignwardError = signing.sign(call, item)
        except SignwardError as error:
            # Its traceback holds this frame and the call, and this frame would hold it.
            signed = error.with_traceback(None)
        yield signed
