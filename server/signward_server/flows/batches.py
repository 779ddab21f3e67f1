"""Many items at once: each has its own result, and a bad one spoils nothing."""

from __future__ import annotations

from collections.abc import Iterable

from signward_server.core.errors import SignwardError
from signward_server.core.ports import Call
from signward_server.core.signing import SignRequest, SignResult
from signward_server.flows.signing import Signing

__all__ = ["sign_each"]


def sign_each(
    signing: Signing, call: Call, items: Iterable[SignRequest | SignwardError]
) -> list[SignResult | SignwardError]:
    """Sign items in order.

    Args:
        signing: The signing path.
        call: The call that carries them.
        items: What to sign; an item that could not even be read is its error already.

    Returns:
        A result or an error for each item, in order. Once the deadline has passed or the
        caller has gone, the rest ends with that error.
    """
    results: list[SignResult | SignwardError] = []
    for item in items:
        if isinstance(item, SignwardError):
            results.append(item)
            continue
        try:
            results.append(signing.sign(call, item))
        except SignwardError as error:
            # Its traceback holds this frame and the call, and this frame would hold it.
            results.append(error.with_traceback(None))
    return results
