"""What libpq is told, without a server."""

from __future__ import annotations

import psycopg
import pytest
from signward_server.store import StoreAddress
from signward_server.store.postgres_connection import PatientConnection, Terms, _parameters

TERMS = Terms(1.0, {})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://signward@/signward?host=/run/postgresql",
        "postgresql:///signward",
        "postgresql://localhost/signward",
        "postgresql://127.0.0.1/signward",
        "postgresql://[::1]/signward",
    ],
)
def test_this_machine_needs_no_certificate(url: str) -> None:
    assert "sslmode" not in _parameters(StoreAddress(url))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.internal/signward",
        "postgresql://10.0.0.7/signward",
        "postgresql://localhost,db.internal/signward",
        "postgresql://localhost/signward?hostaddr=10.0.0.7",
        "postgresql:///signward?service=signing",
    ],
)
def test_another_machine_shows_who_it_is(url: str) -> None:
    told = _parameters(StoreAddress(url))
    assert (told["sslmode"], told["sslrootcert"]) == ("verify-full", "system")


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        ("postgresql:///signward", "PGHOST", "db.internal"),
        ("postgresql:///signward", "PGHOSTADDR", "10.0.0.7"),
        ("postgresql://localhost/signward", "PGHOSTADDR", "10.0.0.7"),
        ("postgresql:///signward", "PGSERVICE", "signing"),
    ],
)
def test_another_machine_that_the_environment_names_shows_who_it_is(
    monkeypatch: pytest.MonkeyPatch, url: str, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert _parameters(StoreAddress(url))["sslmode"] == "verify-full"


def test_what_the_address_says_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "db.internal")
    assert "sslmode" not in _parameters(StoreAddress("postgresql://localhost/signward"))


def test_what_the_address_says_holds() -> None:
    url = "postgresql://db/signward?sslmode=require&connect_timeout=9&application_name=mine"
    address = StoreAddress(url, "s3cret")
    told = _parameters(address)
    assert (told["sslmode"], told["connect_timeout"]) == ("require", "9")
    assert told["application_name"] == "mine"
    assert "sslrootcert" not in told
    assert told["password"] == address.password
    assert "password" not in _parameters(StoreAddress(url))


def test_nobody_there_is_an_error_without_the_password() -> None:
    address = StoreAddress("postgresql://signward@127.0.0.1:1/signward", "s3cret")
    with pytest.raises(psycopg.OperationalError) as refused:
        PatientConnection.open(address, TERMS)
    assert "s3cret" not in str(refused.value)
