"""A folder of policies becomes a set; one that is known already is not compiled again."""

from __future__ import annotations

from pathlib import Path

import pytest
from signward_server.config import ConfigurationError
from signward_server.home.policies import load_policies

_PERMIT = 'permit (principal == Identity::"cn:bot", action, resource);'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    (tmp_path / "a.cedar").write_text(_PERMIT)
    return tmp_path


def test_a_set_that_is_known_is_returned_itself(folder: Path) -> None:
    known = load_policies(folder)
    assert load_policies(folder) is not known
    assert load_policies(folder, known=known) is known


def test_any_change_makes_another_set(folder: Path) -> None:
    known = load_policies(folder)
    (folder / "a.cedar").write_text(_PERMIT + "\n")
    changed = load_policies(folder, known=known)
    assert changed is not known
    (folder / "a.cedar").rename(folder / "b.cedar")
    assert load_policies(folder, known=changed).version not in {known.version, changed.version}


def test_a_bad_folder_is_refused_whatever_is_known(folder: Path) -> None:
    known = load_policies(folder)
    (folder / "a.cedar").chmod(0o666)
    with pytest.raises(ConfigurationError, match="others can change"):
        load_policies(folder, known=known)
    (folder / "a.cedar").chmod(0o600)
    (folder / "b.cedar").write_text("permit (principal, action, resource)")
    with pytest.raises(ConfigurationError, match=r"b\.cedar"):
        load_policies(folder, known=known)
