"""The daemons that are measured: each has one part more than the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tests.benchmarks.cases import CASES, Case

__all__ = [
    "ECHO",
    "FULL",
    "SUFFIX",
    "TRANSPORTS",
    "VARIANTS",
    "Place",
    "Setup",
    "Variant",
    "places_of",
    "variant_of",
]

Place: TypeAlias = tuple[str, str]  # ``ECHO`` or the name of a variant, and a transport
ECHO = "echo"
FULL = "everything"
SUFFIX = {"tcp": "", "uds": "_uds"}
"""What stands at the end of a name in the results, by transport."""
TRANSPORTS = tuple(SUFFIX)
_MANY = 1_000_000_000  # a limit that is counted and never reached
_ORDERS = 'order.timestamp_window="1h"'  # the orders are as old as the run


@dataclass(frozen=True, slots=True)
class Setup:
    """A daemon; variants with the same one share its process.

    Attributes:
        policies: Files of ``policies/`` that it has, without their suffix.
        settings: What else differs from the defaults, as ``signward serve --set`` takes it.
        traced: Whether it sends a span of every call to a collector in another process.
        unix: Whether it listens on a Unix socket as well.
    """

    policies: tuple[str, ...]
    settings: tuple[str, ...]
    traced: bool = False
    unix: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A daemon and a way into it.

    Attributes:
        name: Its name in the results, after that of the case.
        part: What it has more than the one before it, in words.
        before: Name of the variant that it adds to; empty for the first.
        setup: Its daemon.
        api_key: Whether the client sends an API key.
        certificate: Whether the client shows a certificate; without, it takes the listener
            for API keys.
        cases: Names of the cases that the part may change.
        transports: What it is measured over.
    """

    name: str
    part: str
    before: str
    setup: Setup
    cases: tuple[str, ...]
    api_key: bool = False
    certificate: bool = True
    transports: tuple[str, ...] = ("tcp",)

    def named(self, case: str, transport: str) -> str:
        """Return the name of a case in the results; ``FULL`` is the one without its own."""
        own = "" if self.name == FULL else f"_{self.name}"
        return f"{case}{own}{SUFFIX[transport]}"


_ALL = tuple(case.name for case in CASES)
_SIGNING = ("sign_ed25519", "sign_order", "sign_batch_64", "sign_stream")
_CALLS = ("get_public_key", "sign_ed25519", "sign_stream")
_GROUPS = tuple(f"groups.{name}=[]" for name in ("arbitrage", "auditors", "operations"))
_NO_RULES = (_ORDERS, *_GROUPS, "rate_limits.rules=[]")
_RULES = (
    _ORDERS,
    *_GROUPS,
    "rate_limits.rules=["
    + ", ".join(
        f'{{class="{what}", per="{per}", limit={_MANY}, window="1s"}}'
        for what, per in (("sign", "identity"), ("sign", "key"), ("read", "identity"))
    )
    + "]",
)
_API_KEYS = (*_RULES, 'listen.api_keys="127.0.0.1:0"')

VARIANTS = (
    Variant(
        name="spine",
        part="certificate, one policy that permits all, audit log",
        before="",
        setup=Setup(("all",), _NO_RULES),
        cases=("get_public_key", *_SIGNING),
    ),
    Variant(
        name="policies",
        part="20 policies, none in scope reads the context",
        before="spine",
        setup=Setup(("desk",), _NO_RULES),
        cases=("get_public_key", *_SIGNING),
    ),
    Variant(
        name="limits",
        part="rate limits by identity and by key",
        before="policies",
        setup=Setup(("desk",), _RULES),
        cases=("get_public_key", *_SIGNING),
    ),
    Variant(
        name=FULL,
        part="spans of all calls, sent to a collector",
        before="limits",
        setup=Setup(("desk",), _RULES, traced=True),
        cases=_ALL,
        transports=TRANSPORTS,
    ),
    Variant(
        name="payload",
        part="caps on the payload, decided on each item",
        before=FULL,
        setup=Setup(("desk", "caps"), _RULES, traced=True),
        cases=_SIGNING,
    ),
    Variant(
        name="api_key",
        part="an API key beside the certificate",
        before=FULL,
        setup=Setup(("desk",), _API_KEYS, traced=True),
        cases=_CALLS,
        api_key=True,
    ),
    Variant(
        name="api_key_alone",
        part="the API key alone, on its own listener",
        before="api_key",
        setup=Setup(("desk",), _API_KEYS, traced=True),
        cases=_CALLS,
        api_key=True,
        certificate=False,
    ),
)
"""In the order in which parts are added; ``before`` says to what."""


def places_of(case: Case) -> list[Place]:
    """Return where a case is measured, the echo first."""
    places = [(ECHO, transport) for transport in TRANSPORTS]
    for variant in VARIANTS:
        if case.name in variant.cases:
            places += [(variant.name, transport) for transport in variant.transports]
    return places


def variant_of(name: str) -> Variant:
    """Return the variant of a name."""
    return next(variant for variant in VARIANTS if variant.name == name)
