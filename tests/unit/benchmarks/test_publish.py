"""Publishing changes what stands between the markers, and nothing else."""

import pytest

from tests.benchmarks.publish import publish

_COMMAND = "python -m tests.benchmarks --publish"
_PAGE = f"""\
Above
<!-- begin: written by {_COMMAND} -->
old
<!-- end -->
Below
"""


def test_the_part_between_the_markers_is_replaced(tmp_path):
    (tmp_path / "benchmarks.md").write_text(_PAGE)
    publish(tmp_path, _COMMAND, "first\n", "plot.svg", "<svg/>")
    publish(tmp_path, _COMMAND, "new\n", "plot.svg", "<svg/>")
    page = (tmp_path / "benchmarks.md").read_text()
    assert page == _PAGE.replace("old", "\nnew\n")
    assert (tmp_path / "plot.svg").read_text() == "<svg/>"


def test_the_part_of_another_command_stays(tmp_path):
    other = _PAGE.replace(_COMMAND, "another")
    (tmp_path / "benchmarks.md").write_text(other + _PAGE)
    publish(tmp_path, _COMMAND, "new\n", "plot.svg", "<svg/>")
    page = (tmp_path / "benchmarks.md").read_text()
    assert page == other + _PAGE.replace("old", "\nnew\n")


def test_a_page_without_markers_is_left_alone(tmp_path):
    (tmp_path / "benchmarks.md").write_text("Above\n")
    with pytest.raises(ValueError, match="no place"):
        publish(tmp_path, _COMMAND, "new\n", "plot.svg", "<svg/>")
    assert (tmp_path / "benchmarks.md").read_text() == "Above\n"
