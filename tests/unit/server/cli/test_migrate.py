"""``signward migrate``."""

import json

from signward_server.home.layout import Home


def test_a_new_store_is_up_to_date(home, invoke):
    done = invoke("migrate", "--home", home)
    assert (done.exit_code, done.stdout) == (0, f"{home}/store/signward.db is up to date\n")
    done = invoke("migrate", "--home", home, "--json")
    assert json.loads(done.stdout) == {"store": f"{home}/store/signward.db", "migrated": False}


def test_s41_it_waits_for_nobody(home, invoke):
    with Home(home).lock():
        done = invoke("migrate", "--home", home)
    assert done.exit_code == 3
    assert f"the home {home} is in use by process" in done.stderr


def test_a_store_that_is_none_has_its_exit_code(home, invoke):
    (home / "store/signward.db").write_bytes(b"garbage" * 1000)
    done = invoke("migrate", "--home", home)
    assert done.exit_code == 5
    assert done.stderr.count("\n") == 1


def test_a_missing_store_says_what_to_do(home, invoke):
    (home / "store/signward.db").unlink()
    done = invoke("migrate", "--home", home)
    assert done.exit_code == 5
    assert "there is no store at" in done.stderr
    assert not (home / "store/signward.db").exists()
