"""KEK and store of a home, with what can be wrong with them."""

import pytest
from signward_server.core.clock import SystemClock
from signward_server.core.errors import CustodyUnavailable, StoreUnavailable
from signward_server.core.startup import CustodyRefused, ExitCode, StoreRefused
from signward_server.home.parts import migrate_store, translated, write_kek, write_store

CLOCK = SystemClock()


def test_a_kek_is_made_once(tmp_path):
    write_kek(tmp_path / "kek")
    before = (tmp_path / "kek").read_bytes()
    with pytest.raises(CustodyRefused, match="exists") as caught:
        write_kek(tmp_path / "kek")
    assert caught.value.exit_code is ExitCode.CUSTODY
    assert (tmp_path / "kek").read_bytes() == before


def test_a_new_store_is_up_to_date(tmp_path):
    write_store(tmp_path / "store" / "s.db", CLOCK)
    assert migrate_store(tmp_path / "store" / "s.db", CLOCK) is False


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreRefused, match="there is no store at") as caught:
        migrate_store(tmp_path / "s.db", CLOCK)
    assert caught.value.exit_code is ExitCode.STORE
    tmp_path.chmod(0o700)
    (tmp_path / "s.db").write_bytes(b"garbage" * 1000)
    (tmp_path / "s.db").chmod(0o600)
    with pytest.raises(StoreRefused):
        migrate_store(tmp_path / "s.db", CLOCK)


@pytest.mark.parametrize(
    ("error", "refusal", "text"),
    [
        (CustodyUnavailable(), CustodyRefused, "no memory can be locked"),
        (StoreUnavailable(), StoreRefused, "cannot be read or written"),
    ],
)
def test_each_part_has_its_exit_code(error, refusal, text):
    with pytest.raises(refusal, match=text), translated():
        raise error
