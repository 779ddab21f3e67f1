"""Where the store is, as it is written, and what nobody can have meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.config.schema import Store


def section(*flags: str) -> Store:
    return load(None, environment={}, flags=[f"store.{flag}" for flag in flags]).store


def refusals(*flags: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        section(*flags)
    return [f"{problem.key} {problem.text}" for problem in caught.value.problems]


def test_it_is_a_file_unless_said_otherwise() -> None:
    found = section()
    assert (found.url, found.password) == ("", None)
    assert found.path.name == "signward.db"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://signward@db.internal:5432/signward",
        "postgres://db/signward?sslmode=verify-full&sslrootcert=/etc/ca.crt",
        "postgresql://a@one,two/signward?target_session_attrs=read-write",
        "postgresql://signward@/signward?host=/run/postgresql",
        "postgresql:///signward?service=signing",
    ],
)
def test_a_database_is_named_by_its_address(url: str, tmp_path: Path) -> None:
    found = section(f"url={url}", f"password={tmp_path}/pw")
    assert found.url == url
    assert found.password == tmp_path / "pw"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/signward",
        "signward.db",
        "postgresql://db:port:/x#y",
        "postgresql://[::1/signward",
        "postgresql://db/sign ward",
        "postgresql://db/" + "x" * 1024,
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    assert refusals(f"url={url}") == ["store.url is no address of PostgreSQL"]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://signward:s3cret@db/signward",
        "postgresql://signward:@db/signward",
        "postgresql://db/signward?password=s3cret",
        "postgresql://db/signward?sslpassword=s3cret",
    ],
)
def test_a_password_is_not_written_down_and_not_repeated(url: str) -> None:
    [said] = refusals(f"url={url}")
    assert said == "store.url holds a password"


def test_a_password_is_for_a_database(tmp_path: Path) -> None:
    assert refusals(f"password={tmp_path}/pw") == [
        "store.password is for a database, and there is none"
    ]
