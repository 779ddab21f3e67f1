"""The section of audit."""

import pytest
from signward_server.config import ConfigurationError, load


def _load(tmp_path, *flags):
    file = tmp_path / "signward.toml"
    file.write_text("")
    return load(file, environment={}, flags=flags).audit


def test_its_defaults(tmp_path):
    section = _load(tmp_path)
    assert (section.folder, section.checkpoint_key) == (tmp_path / "audit", tmp_path / "audit.key")
    assert (section.durability, section.upload, section.retention_size) == ("group", (), 0)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("audit.origin=a b", "audit.origin"),
        ("audit.origin=a+b", "audit.origin"),
        ("audit.durability=never", "is not one of the choices"),
        ("audit.segment_size=1KiB", "is out of range"),
        ("audit.checkpoint_key=audit/key", "lies in audit.folder"),
        ("audit.retention_size=1MiB", "is below audit.segment_size"),
        ('audit.upload=["", "x"]', "has no command"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, flag, said):
    with pytest.raises(ConfigurationError, match=said):
        _load(tmp_path, flag)


def test_a_command_is_a_list_of_words(tmp_path):
    assert _load(tmp_path, 'audit.upload=["aws", "s3", "cp"]').upload == ("aws", "s3", "cp")
