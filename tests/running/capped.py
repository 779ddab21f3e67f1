"""Daemons with caps: what they are configured with, and what becomes of orders."""

from __future__ import annotations

from typing import Final

from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources
from signward.v1 import sign_service_pb2 as pb

from tests.running.homes import Home
from tests.running.keys import create

__all__ = ["LIMIT", "RAW_LIMIT", "bought", "cap", "order_key", "order_request", "raw_request"]

LIMIT: Final = 100
"""What one identity may sign orders for within the window."""
RAW_LIMIT: Final = 5
"""How many messages may be signed with one key within the window."""

_CAPS: Final = """
[caps.notional]
measure = "notional"
actions = ["SignOrder"]
window = "1h"
per = "identity"

[caps.messages]
measure = "count"
actions = ["SignRaw"]
window = "1h"
per = "key"
"""
_POLICIES: Final = f"""
@id("cap-notional") @spend_limit("notional")
forbid (principal, action == Action::"SignOrder", resource)
when {{ context.window.notional > {LIMIT}00000000 }};

@id("cap-messages") @spend_limit("messages")
forbid (principal, action == Action::"SignRaw", resource)
when {{ context.window.messages > {RAW_LIMIT} }};
"""


def cap(home: Home, *, messages: bool = True) -> None:
    """Configure caps on orders, and on messages, and policies that go by them."""
    orders, _ = _CAPS.split("\n\n")
    with home.configuration.open("a") as file:
        file.write(_CAPS if messages else orders)
    home.permit(_POLICIES if messages else _POLICIES.split("\n\n")[0], "caps.cedar")


def order_key(client: Client, name: str) -> None:
    """Make a key for orders."""
    create(client, name, purpose=resources.PURPOSE_ORDER)


def order_request(key: str, notional: int, timestamp: int, request_id: str = "") -> pb.SignRequest:
    """Return a request to sign an order.

    Args:
        key: Id of the key.
        notional: Price times size, in whole units of the quote currency.
        timestamp: Milliseconds since the epoch.
        request_id: Names the request.
    """
    order = pb.OrderIntent(
        action="order", coin="BTC", is_buy=True, sz=str(notional), limit_px="1", timestamp=timestamp
    )
    return pb.SignRequest(key=key, order=order, request_id=request_id)


def raw_request(key: str, request_id: str = "") -> pb.SignRequest:
    """Return a request to sign a message."""
    return pb.SignRequest(key=key, raw=pb.RawMessage(message=b"m"), request_id=request_id)


def bought(client: Client, request: pb.SignRequest) -> str:
    """Sign; return the reason why not, empty if it was signed."""
    try:
        client.sign(request)
    except SignwardError as error:
        return error.reason
    return ""
