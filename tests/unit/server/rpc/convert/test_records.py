from __future__ import annotations

from typing import Any

from signward.v1 import hyperliquid_pb2 as pb
from signward_server.rpc.convert.records import Records

ORDER = pb.HyperliquidOrder(
    asset=3,
    is_buy=True,
    limit_px="1",
    sz="2",
    limit=pb.HyperliquidLimit(tif=pb.HYPERLIQUID_TIF_IOC),
)


def read(message: object) -> dict[str, object]:
    return Records().reader(type(message).DESCRIPTOR)(message)  # type: ignore[attr-defined]


def test_what_is_not_said() -> None:
    assert read(pb.HyperliquidOrder()) == {
        "asset": 0,
        "is_buy": False,
        "limit_px": "",
        "sz": "",
        "reduce_only": False,
        "cloid": "",
        "type": None,
    }
    assert read(pb.HyperliquidOrders()) == {
        "orders": [],
        "grouping": "",
        "builder": None,
        "priority_rate": 0,
    }
    assert read(pb.HyperliquidNoop()) == {}
    assert read(pb.HyperliquidCreateSubAccount()) == {"name": ""}


def test_choices_and_what_stands_within() -> None:
    orders = pb.HyperliquidOrders(
        orders=[ORDER, ORDER],
        grouping=pb.HYPERLIQUID_GROUPING_POSITION_TPSL,
        builder=pb.HyperliquidBuilder(address="0x1"),
        priority_rate=5,
    )
    found = read(orders)
    order = {
        "asset": 3,
        "is_buy": True,
        "limit_px": "1",
        "sz": "2",
        "reduce_only": False,
        "cloid": "",
        "type": "limit",
        "limit": {"tif": "ioc"},
    }
    assert found == {
        "orders": [order, order],
        "grouping": "position_tpsl",
        "builder": {"address": "0x1", "fee": 0},
        "priority_rate": 5,
    }
    assert read(pb.HyperliquidModify(oid=0)) == {"target": "oid", "oid": 0, "order": None}
    assert read(pb.HyperliquidModify(cloid=""))["target"] == "cloid"


def test_a_number_that_may_be_left_out() -> None:
    assert read(pb.HyperliquidScheduleCancel()) == {"time": None}
    assert read(pb.HyperliquidScheduleCancel(time=0)) == {"time": 0}


def test_an_unknown_word_of_an_enum_is_none() -> None:
    for number in (4, -1, 2**31 - 1):
        message = pb.HyperliquidLimit.FromString(
            pb.HyperliquidLimit(tif=number).SerializeToString()  # type: ignore[arg-type]
        )
        assert read(message) == {"tif": None}


def test_the_words_of_an_enum() -> None:
    enum = pb.HyperliquidTif.DESCRIPTOR
    words = [read(pb.HyperliquidLimit(tif=number))["tif"] for number in enum.values_by_number]
    assert words == ["", "alo", "ioc", "gtc"]


def test_text_that_repeats_and_messages_within_their_own_kind() -> None:
    convert = pb.HyperliquidConvertToMultiSigUser(authorized_users=["a", "b"], threshold=2)
    assert read(convert) == {"authorized_users": ["a", "b"], "threshold": 2}
    inner = pb.HyperliquidPayload(noop=pb.HyperliquidNoop(), nonce=5)
    for depth in range(5):
        outer = pb.HyperliquidPayload(multi_sig=pb.HyperliquidMultiSig(action=inner))
        found: Any = read(outer)
        for _ in range(depth + 1):
            found = found["multi_sig"]["action"]
        assert found == {
            "action": "noop",
            "noop": {},
            "vault_address": "",
            "expires_after": 0,
            "nonce": 5,
        }
        inner = outer
