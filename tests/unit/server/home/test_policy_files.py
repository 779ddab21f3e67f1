"""A folder of policies: all of it or nothing, whatever lies in it."""

import itertools
import os
from pathlib import Path

import pytest
from signward_server.config import ConfigurationError
from signward_server.home import policy_files
from signward_server.home.policy_files import read_policies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "policies"
    path.mkdir(mode=0o700)
    put(path / "b.cedar", "// b")
    return path


def put(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def texts(folder: Path, **options: bool) -> list[tuple[str, str]]:
    return [(source.name, source.text) for source in read_policies(folder, **options)]


def problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_policies(folder)
    return [str(problem).replace(str(folder), "DIR") for problem in caught.value.problems]


def test_every_policy_file_is_read_in_order_of_its_name(folder):
    put(folder / "a.cedar", "// ä")
    put(folder / "a.test.yaml", "cases: []")
    put(folder / "README.md", "no policy")
    put(folder / ".hidden.cedar", "\xff")
    (folder / "inner").mkdir()
    put(folder / "inner" / "c.cedar", "// not directly in it")
    assert texts(folder) == [("a.cedar", "// ä"), ("b.cedar", "// b")]


def test_a_missing_folder_names_the_command_that_makes_one(tmp_path):
    fix = "run `signward policy init`, or set policy.folder to a folder of policies"
    assert problems(tmp_path / "no") == [f"DIR is not there; {fix}"]
    (tmp_path / "file").touch()
    assert problems(tmp_path / "file") == [f"DIR cannot be read (Not a directory); {fix}"]
    (tmp_path / "empty").mkdir()
    assert problems(tmp_path / "empty") == [f"DIR holds no file that ends in .cedar; {fix}"]


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    put(tmp_path / "elsewhere.cedar", "permit(principal, action, resource);")
    (folder / "a.cedar").symlink_to(tmp_path / "elsewhere.cedar")
    (folder / "c.cedar").symlink_to("/dev/zero")
    fix = "leads out of its folder; put the file itself there"
    assert problems(folder) == [f"DIR/a.cedar {fix}", f"DIR/c.cedar {fix}"]


def test_links_within_the_folder_are_followed_as_kubernetes_makes_them(folder):
    (folder / "..2026").mkdir()
    put(folder / "..2026" / "a.cedar", "// a")
    (folder / "..data").symlink_to("..2026")
    (folder / "a.cedar").symlink_to("..data/a.cedar")
    assert texts(folder) == [("a.cedar", "// a"), ("b.cedar", "// b")]


def test_links_that_lead_nowhere_or_round_are_refused(folder):
    (folder / "a.cedar").symlink_to("nowhere")
    (folder / "c.cedar").symlink_to("c.cedar")
    fix = "make it a file of this user"
    assert problems(folder) == [
        f"DIR/a.cedar cannot be read (No such file or directory); {fix}",
        f"DIR/c.cedar cannot be read (Too many levels of symbolic links); {fix}",
    ]


def test_pipes_sockets_and_folders_are_no_policies_and_block_nothing(folder):
    os.mkfifo(folder / "a.cedar", 0o600)
    (folder / "c.cedar").mkdir()
    assert problems(folder) == [
        "DIR/a.cedar is not a regular file; remove it",
        "DIR/c.cedar cannot be read (Is a directory); make it a file of this user",
    ]


def test_binary_huge_and_strangely_named_files_are_refused(folder):
    put(folder / "a.cedar", b"\xff\xfe")
    assert problems(folder) == ["DIR/a.cedar is not UTF-8; save it as UTF-8"]
    put(folder / "c.cedar", b"/" * (2**20 + 1))
    assert problems(folder) == ["DIR holds more than 1 MiB of policies; remove some"]
    (folder / "c.cedar").unlink()
    put(folder / "a b\n.cedar", "")
    (line,) = problems(folder)
    assert "has no name for a policy file" in line
    assert line.isprintable()


def test_number_and_sum_of_files_are_bounded(folder):
    for number in range(4):
        put(folder / f"c{number}.cedar", b"/" * 2**18)
    assert problems(folder) == ["DIR holds more than 1 MiB of policies; remove some"]
    for number in range(256):
        put(folder / f"d{number}.cedar", "")
    assert problems(folder) == ["DIR holds more than 256 policy files; merge some of them"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_can_change_is_refused(folder, mode):
    put(folder / "b.cedar", "", mode)
    text = f"has mode {mode:04o}, so that others can change it"
    assert problems(folder) == [f"DIR/b.cedar {text}; run: chmod go-w DIR/b.cedar"]
    assert texts(folder, guarded=False) == [("b.cedar", "")]


@pytest.mark.parametrize("mode", [0o770, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(folder, mode):
    folder.chmod(mode)
    text = f"has mode {mode:04o}, so that others can change it"
    assert problems(folder) == [f"DIR {text}; run: chmod go-w DIR"]
    (folder / "inner").mkdir()
    (folder / "b.cedar").rename(folder / "inner" / "b.cedar")
    (folder / "b.cedar").symlink_to("inner/b.cedar")
    assert problems(folder) == [f"DIR {text}; run: chmod go-w DIR"]
    assert texts(folder, guarded=False) == [("b.cedar", "// b")]


def test_a_folder_that_a_link_leads_to_counts_as_well(folder):
    (folder / "inner").mkdir()
    (folder / "b.cedar").rename(folder / "inner" / "b.cedar")
    (folder / "b.cedar").symlink_to("inner/b.cedar")
    (folder / "inner").chmod(0o777)
    text = "has mode 0777, so that others can change it"
    assert problems(folder) == [f"DIR/inner {text}; run: chmod go-w DIR/inner"]


def test_a_file_of_another_user_is_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    if os.getuid() == 0:
        os.chown(folder / "b.cedar", 12345, -1)
    assert any("belongs to another user" in line for line in problems(folder))


def test_on_a_file_system_that_nobody_writes_to_modes_do_not_matter(folder, monkeypatch):
    folder.chmod(0o777)
    real = os.statvfs

    def read_only(path):
        found = list(real(path))
        found[8] |= os.ST_RDONLY
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", read_only)
    assert texts(folder) == [("b.cedar", "// b")]


def test_an_unreadable_file_is_named(folder, monkeypatch):
    real = os.open

    def refuse(path, flags, *rest):
        if str(path).endswith("b.cedar"):
            raise PermissionError(13, "no")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    assert problems(folder) == [
        "DIR/b.cedar cannot be read (Permission denied); make it a file of this user"
    ]


def test_a_folder_that_changes_while_it_is_read_is_read_again(folder, monkeypatch):
    real, calls = policy_files._read, []

    def changing(path: Path, *, guarded: bool):
        calls.append(path)
        if len(calls) in changes:
            put(folder / "b.cedar", f"// {len(calls)}")
        return real(path, guarded=guarded)

    monkeypatch.setattr(policy_files, "_read", changing)
    changes = {2}
    assert texts(folder) == [("b.cedar", "// 2")]
    changes = set(range(100))
    assert problems(folder) == ["DIR keeps changing; try again when it is written"]


def test_s11_a_folder_that_one_link_exchanges_is_read_as_the_old_or_the_new_one(
    folder, monkeypatch
):
    """It is exchanged after each file, so that reading it twice says the same both times."""
    for number, name in enumerate(("..one", "..two")):
        (folder / name).mkdir(mode=0o700)
        put(folder / name / "a.cedar", f"// a{number}")
        put(folder / name / "b.cedar", f"// b{number}")
    (folder / "b.cedar").unlink()
    for name in ("a.cedar", "b.cedar"):
        (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data").symlink_to("..one")
    turns = itertools.cycle(("..two", "..one"))
    opening = os.open

    def exchanging(*arguments):
        (folder / "..fresh").symlink_to(next(turns))
        (folder / "..fresh").rename(folder / "..data")
        return opening(*arguments)

    monkeypatch.setattr(policy_files.os, "open", exchanging)
    assert texts(folder) in (
        [("a.cedar", "// a0"), ("b.cedar", "// b0")],
        [("a.cedar", "// a1"), ("b.cedar", "// b1")],
    )


def test_links_to_parents_and_whole_paths_lead_where_the_system_says(folder):
    inner = folder / "..inner"
    inner.mkdir(mode=0o700)
    put(inner / "a.txt", "// a")
    (folder / "a.cedar").symlink_to(f"{folder}/..inner/../..inner/a.txt")
    assert texts(folder) == [("a.cedar", "// a"), ("b.cedar", "// b")]
