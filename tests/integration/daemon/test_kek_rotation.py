"""A home goes to another KEK, and its daemon goes on: keys sign, API keys authenticate."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from signward import Client, Credentials
from signward.v1 import sign_service_pb2 as pb

from tests.running.filling import fill, key_name
from tests.running.homes import PATIENCE, Home, environment
from tests.running.keys import create, sign_request
from tests.running.offline import offline
from tests.running.process import Daemon, serve_and_fail
from tests.running.rekeyed import add_api_keys, check

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def rotated(home: Home, *arguments: object, code: int = 0) -> dict[str, Any]:
    done = offline("kek", "rotate", "--json", *arguments, home=home)
    assert done.returncode == code, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def shown(home: Home) -> dict[str, Any]:
    done = offline("kek", "show", "--json", home=home)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def statement(home: Home, text: str, *values: object) -> None:
    with closing(sqlite3.connect(home.store)) as connection, connection:
        connection.execute(text, values)


def signs(daemon: Daemon, key: str) -> bytes:
    with daemon.client() as client:
        answer = client.sign(sign_request(key))
        assert isinstance(answer, pb.SignResponse)
        return answer.raw.signature


def test_s22_after_two_rotations_keys_sign_and_api_keys_authenticate(home: Home) -> None:
    flags = ("--set", "listen.api_keys=127.0.0.1:0")
    with Daemon(home, *flags) as daemon:
        with daemon.client() as client:
            create(client, "ed")
        before = signs(daemon, "ed")
        with daemon.client("admin") as admin:
            secret = admin.admin.create_api_key("cn:bot", expires=timedelta(days=1)).secret
        live = offline("kek", "rotate", home=home)
        assert live.returncode == 3
        assert "in use by process" in live.stderr
    first = shown(home)["id"]
    retired = home.kek.read_bytes()
    done = [rotated(home), rotated(home)]
    assert done[0]["old"] == first
    assert done[0]["new"] == done[1]["old"]
    assert shown(home)["named"] == {done[1]["new"]: 1}
    assert Path(done[0]["aside"]).read_bytes() == retired
    with Daemon(home, *flags) as daemon:
        assert signs(daemon, "ed") == before
        by_key = Credentials.from_files(home.path / "clients" / "ca.crt", api_key=secret)
        with Client(str(daemon.ready["api_keys"]), by_key) as client:
            assert isinstance(client.sign(sign_request("ed")), pb.SignResponse)
    home.kek.write_bytes(retired)
    refused = serve_and_fail(home)
    assert refused.code == 4
    assert f"under {done[1]['new']}, and this is {first}" in refused.said
    assert "one that was retired opens no store any more" in refused.said


def test_s40_a_rotation_is_in_the_audit_log(home: Home) -> None:
    done = rotated(home)
    records = [json.loads(line) for line in exported(home).splitlines()]
    told = [each for each in records if each.get("event") == "kek_rotation"]
    assert [each["details"]["step"] for each in told] == ["begun", "completed"]
    assert {each["details"]["new"] for each in told} == {done["new"]}


def test_s22_damaged_keys_are_left_alone_and_hold_the_old_kek(new_home: Callable[[], Home]) -> None:
    home = new_home()
    fill(home, range(3))
    add_api_keys(home.path, 2)
    edited, cut = key_name(0), key_name(1)
    (envelope,) = rows_of(home, "SELECT sealed FROM materials WHERE key_id = ?", cut)
    statement(home, "UPDATE keys SET owner = 'cn:thief' WHERE id = ?", edited)
    statement(home, "UPDATE materials SET sealed = x'00' WHERE key_id = ?", cut)
    statement(home, "UPDATE api_keys SET identity = 'cn:thief' WHERE id LIKE '%1'")
    done = rotated(home, code=4)
    assert done["damaged"] == [edited, cut, f"ak_{1:016}"]
    assert done["named"] == 1
    needed = Path(done["aside"])
    assert needed.name == f"kek.needed-{done['old']}"
    seen = shown(home)
    assert (seen["rotation"], seen["unknown"]) == ("left", 1)
    assert seen["named"] == {done["new"]: 1, done["old"]: 1}

    statement(home, "UPDATE keys SET owner = 'cn:bot' WHERE id = ?", edited)
    statement(home, "UPDATE materials SET sealed = ? WHERE key_id = ?", envelope[0], cut)
    statement(home, "UPDATE api_keys SET identity = 'apikey:bot-1' WHERE id LIKE '%1'")
    again = rotated(home)
    assert (again["damaged"], again["named"], again["new"]) == ([], 0, done["new"])
    assert again["aside"].endswith(f"kek.retired-{done['old']}")
    assert not needed.exists()
    assert check(home.path, 3, 2).hex() == done["new"]


def test_damaged_keys_can_be_left_behind(new_home: Callable[[], Home]) -> None:
    home = new_home()
    fill(home, range(2))
    statement(home, "UPDATE keys SET owner = 'cn:thief' WHERE id = ?", key_name(0))
    first = rotated(home, code=4)
    assert rotated(home, code=4)["new"] == first["new"]
    second = rotated(home, "--anew")
    assert second["old"] == first["new"]
    assert second["damaged"] == [key_name(0)]
    assert shown(home)["named"] == {second["new"]: 1, first["old"]: 1}
    assert Path(first["aside"]).exists()


def test_imports_that_are_open_end(home: Home) -> None:
    statement(
        home,
        "INSERT INTO imports (id, identity, content, public_key, sealed, expire_time)"
        " VALUES ('i', 'cn:bot', x'00', x'00', x'00', 1)",
    )
    rotated(home)
    assert rows_of(home, "SELECT * FROM imports") == []


def test_what_cannot_be_begun_leaves_everything_as_it_was(home: Home, tmp_path: Path) -> None:
    def refused(*arguments: object) -> str:
        done = offline("kek", "rotate", *arguments, home=home)
        assert done.returncode in (2, 4), done.stderr
        assert sorted(path.name for path in home.path.glob("kek.*")) in ([], ["kek.new"])
        return done.stderr

    elsewhere = f"custody.envelope.kek={tmp_path / 'kek'}"
    shutil.copy(home.kek, tmp_path / "kek")
    assert "by --set or the environment" in refused("--set", elsewhere, "--to", "passphrase")
    assert "nobody says which" in refused("--to", "credential")
    assert "there are no credentials" in refused("--credential", "other")
    home.kek.with_name("kek.new").write_bytes(b"somebody's")
    assert "kek.new exists; it was not touched" in refused()
    assert home.kek.with_name("kek.new").read_bytes() == b"somebody's"


def exported(home: Home) -> str:
    command = [sys.executable, "-m", "signward", "audit", "export", str(home.path)]
    done = subprocess.run(
        command, env=environment(), check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    return done.stdout


def rows_of(home: Home, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home.store)) as connection:
        return connection.execute(query, values).fetchall()
