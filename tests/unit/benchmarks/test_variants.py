"""The variants say one by one what is switched on."""

from pathlib import Path

import pytest

from tests.benchmarks import variants
from tests.benchmarks.cases import CASES
from tests.benchmarks.variants import FULL, VARIANTS, places_of, variant_of

_BY_NAME = {variant.name: variant for variant in VARIANTS}


def test_each_adds_to_one_that_stands_before_it():
    seen = set()
    for variant in VARIANTS:
        assert variant.before in seen or (variant is VARIANTS[0] and not variant.before)
        seen.add(variant.name)
    assert len(seen) == len(VARIANTS)


@pytest.mark.parametrize("variant", VARIANTS[1:], ids=lambda variant: variant.name)
def test_each_differs_from_the_one_before_in_one_part(variant):
    before = _BY_NAME[variant.before]
    policies, settings = (
        set(getattr(variant.setup, part)) ^ set(getattr(before.setup, part))
        for part in ("policies", "settings")
    )
    ways = (variant.api_key, variant.certificate), (before.api_key, before.certificate)
    if variant.api_key:
        assert not policies
        assert all("rate_limits" not in setting for setting in settings)
        assert ways[0] != ways[1]
    else:
        traced = variant.setup.traced is not before.setup.traced
        assert [bool(policies), bool(settings), traced].count(True) == 1
        assert ways[0] == ways[1]


def test_each_case_of_a_variant_exists_and_is_measured_there():
    names = {case.name for case in CASES}
    for variant in VARIANTS:
        assert set(variant.cases) <= names
    for case in CASES:
        places = places_of(case)
        assert places[:2] == [("echo", "tcp"), ("echo", "uds")]
        assert (FULL, "tcp") in places
        assert (FULL, "uds") in places
        assert {server for server, _ in places[2:]} == {
            variant.name for variant in VARIANTS if case.name in variant.cases
        }


def test_the_whole_daemon_has_the_plain_names():
    assert variant_of(FULL).named("sign_order", "tcp") == "sign_order"
    assert variant_of(FULL).named("sign_order", "uds") == "sign_order_uds"
    assert variant_of("spine").named("sign_order", "tcp") == "sign_order_spine"


def test_names_in_the_results_are_all_different():
    named = [
        variant.named(case, transport)
        for variant in VARIANTS
        for case in variant.cases
        for transport in variant.transports
    ]
    assert len(set(named)) == len(named)


def test_the_policies_are_as_many_as_is_said():
    folder = Path(variants.__file__).with_name("policies")
    texts = {path.stem: path.read_text("utf-8") for path in folder.glob("*.cedar")}
    assert {name: text.count("@id(") for name, text in texts.items()} == {
        "all": 1,
        "desk": 20,
        "caps": 2,
        "hyperliquid": 2,
        "hyperliquid_cap": 1,
    }
    used = {name for variant in VARIANTS for name in variant.setup.policies}
    assert used | {"hyperliquid", "hyperliquid_cap"} == set(texts)
