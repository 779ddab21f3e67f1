"""Publishing changes what stands between the markers, and nothing else."""

import pytest

from tests.benchmarks.publish import publish

_PAGE = """\
Above
<!-- begin: written by python -m tests.benchmarks --publish -->
old
<!-- end -->
Below
"""


def test_the_part_between_the_markers_is_replaced(tmp_path):
    (tmp_path / "benchmarks.md").write_text(_PAGE)
    publish(tmp_path, "first\n", "<svg/>")
    publish(tmp_path, "new\n", "<svg/>")
    page = (tmp_path / "benchmarks.md").read_text()
    assert page == _PAGE.replace("old", "\nnew\n")
    assert (tmp_path / "benchmarks.svg").read_text() == "<svg/>"


def test_a_page_without_markers_is_left_alone(tmp_path):
    (tmp_path / "benchmarks.md").write_text("Above\n")
    with pytest.raises(ValueError, match="no place"):
        publish(tmp_path, "new\n", "<svg/>")
    assert (tmp_path / "benchmarks.md").read_text() == "Above\n"
