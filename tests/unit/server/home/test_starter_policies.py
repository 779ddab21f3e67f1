"""The starter policies are written once and over nothing."""

import stat

import pytest
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.starter_policies import write_starter


@pytest.mark.parametrize("there", [True, False])
def test_a_missing_or_empty_folder_is_filled(tmp_path, there):
    folder = tmp_path / "policies"
    if there:
        folder.mkdir()
    written = write_starter(folder)
    assert sorted(folder.iterdir()) == sorted(written)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert all(path.stat().st_size for path in written)


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ConfigurationRefused, match="is not empty; nothing in it was touched"):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


@pytest.mark.parametrize("kind", ["file", "link", "link to a folder"])
def test_what_is_no_folder_is_left_alone(tmp_path, kind):
    path, elsewhere = tmp_path / "policies", tmp_path / "elsewhere"
    if kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to(elsewhere)
    if kind == "link to a folder":
        elsewhere.mkdir()
    with pytest.raises(ConfigurationRefused, match=r"policies (exists|cannot be written)"):
        write_starter(path)
    assert not elsewhere.exists() or not any(elsewhere.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(ConfigurationRefused, match=r"cannot be written \(No such file"):
        write_starter(tmp_path / "missing" / "policies")
