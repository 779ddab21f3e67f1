"""Where spans and metrics go, and what nobody can have meant."""

import pytest
from signward_server.config import ConfigurationError, load


def section(*flags: str):
    return load(None, environment={}, flags=[f"telemetry.{flag}" for flag in flags]).telemetry


def refusals(*flags: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        section(*flags)
    return [f"{problem.key} {problem.text}" for problem in caught.value.problems]


def test_nothing_is_sent_unless_it_is_said_where():
    found = section()
    assert (found.endpoint, found.sampling, found.service_name) == ("", 1.0, "signward")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:4317",
        "http://localhost:4317",
        "http://[::1]:4317/",
        "https://collector.internal:4317",
        "https://192.0.2.1:443/",
    ],
)
def test_a_collector_is_named_by_its_address(endpoint):
    assert section(f"endpoint={endpoint}").endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "collector:4317",
        "https://collector",
        "ftp://c:4317",
        "https://:4317",
        "https://c:x",
        "https://c:0",
        "https://c:99999",
        "https://c d:4317",
        "https://[::1:4317",
        f"https://{'c' * 600}:4317",
    ],
)
def test_what_is_no_address_is_refused(endpoint):
    assert refusals(f"endpoint={endpoint}") == ["telemetry.endpoint is no address of a collector"]


@pytest.mark.parametrize(
    "endpoint", ["https://user:token@c:4317", "https://c:4317/v1/traces", "https://c:4317?token=x"]
)
def test_what_may_hold_a_secret_is_refused_and_not_repeated(endpoint):
    with pytest.raises(ConfigurationError) as caught:
        section(f"endpoint={endpoint}")
    assert "holds more than an address" in str(caught.value)
    assert "token" not in str(caught.value)


def test_names_of_keys_and_callers_do_not_leave_the_machine_in_clear_by_accident():
    there = "endpoint=http://collector.internal:4317"
    assert refusals(there) == ["telemetry.endpoint has no TLS and is another machine"]
    assert section(there, "plaintext=true").plaintext


@pytest.mark.parametrize("key", ["ca", "certificate", "private_key"])
def test_files_of_tls_need_tls(key):
    assert refusals("endpoint=http://127.0.0.1:4317", f"{key}=a.pem") == [
        f"telemetry.{key} is for TLS"
    ]


@pytest.mark.parametrize(
    ("given", "missing"), [("certificate", "private_key"), ("private_key", "certificate")]
)
def test_a_certificate_comes_with_its_key(given, missing):
    assert refusals("endpoint=https://c:4317", f"{given}=a.pem") == [
        f"telemetry.{missing} is missing beside the other one"
    ]


@pytest.mark.parametrize("share", ["-0.1", "1.1", "inf", "nan", '"1"', "true"])
def test_a_share_is_a_number_from_0_to_1(share):
    (said,) = refusals(f"sampling={share}")
    assert said.startswith("telemetry.sampling is ")


@pytest.mark.parametrize("share", ["0", "1", "0.25", "1.0"])
def test_shares(share):
    assert section(f"sampling={share}").sampling == float(share)


def test_what_is_said_of_the_daemon_are_names_and_values():
    found = section('resource=["deployment.environment.name=production", "k8s.pod.name=a=b"]')
    assert found.resource == ("deployment.environment.name=production", "k8s.pod.name=a=b")
    for wrong in ("novalue", "=x", "A=b", "a=", "a=b\\nc"):
        assert refusals(f'resource=["{wrong}"]')
