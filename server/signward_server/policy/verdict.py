"""Asking Cedar, and what its answer is worth.

Cedar skips a policy that errs, a ``forbid`` as well, and says Allow; it answers NoDecision
where it could not even begin. Only an Allow without any error allows (S5).
"""

from __future__ import annotations

import json
from collections.abc import Collection

import cedarpy

from signward_server.core.value import value

__all__ = ["Verdict", "ask"]

_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


@value
class Verdict:
    """What Cedar answered, judged.

    Attributes:
        allowed: Whether it is allowed.
        policies: Ids of the policies that decided, in order; none if no policy spoke up.
        errors: What went wrong; never for callers or logs, as it may quote the payload.
        unvouched: Whether it is denied for the sole reason that an API key alone shows who
            the caller is, and no deciding policy looks at that (S3).
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    unvouched: bool = False


def ask(
    request: dict[str, object],
    context: dict[str, object],
    policies: cedarpy.PolicySet,
    entities: cedarpy.Entities,
    vouching: Collection[str] | None,
    schema: cedarpy.Schema | None = None,
) -> Verdict:
    """Return Cedar's decision.

    Args:
        request: Principal, action and resource in Cedar's JSON form.
        context: The context in Cedar's JSON form.
        policies: The policies; at least all that are in scope.
        entities: The entities, the action with its groups among them.
        vouching: Policies of which one must have decided for an Allow to count; ``None``
            for no such demand.
        schema: Checks request and context as well; these decide the same without.
    """
    try:
        result = cedarpy.is_authorized(
            {**request, "context": _encode(context)}, policies, entities, schema
        )
    except ValueError as error:  # text that is not Unicode
        return Verdict(allowed=False, errors=(str(error),))
    errors = tuple(result.diagnostics.errors)
    reasons = tuple(sorted(result.diagnostics.reasons))
    decision = result.decision
    if errors or decision is cedarpy.Decision.NoDecision:
        return Verdict(allowed=False, policies=reasons, errors=errors or ("no decision",))
    if decision is not cedarpy.Decision.Allow:
        return Verdict(allowed=False, policies=reasons)
    if vouching is not None and not any(reason in vouching for reason in reasons):
        return Verdict(allowed=False, policies=reasons, unvouched=True)
    return Verdict(allowed=True, policies=reasons)
