from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from signward_server.custody.native import Native, NativeLibraryError, load_native, loading
from signward_server.custody.native.locate import locate


def test_s25_the_pinned_wheels_are_listed(native: Native) -> None:
    assert native.unlisted == ()


@pytest.mark.parametrize("table", ["LIBSODIUM", "LIBSECP256K1"])
def test_s25_an_unlisted_library_is_refused(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = {
        "LIBSODIUM": ("nacl", "_sodium"),
        "LIBSECP256K1": ("coincurve", "_libsecp256k1"),
    }[table]
    monkeypatch.setattr(loading, table, frozenset())
    with pytest.raises(NativeLibraryError) as raised:
        load_native()
    text = str(raised.value)
    assert str(locate(package, module)) in text
    assert "custody.envelope.allow_unlisted_libraries" in text
    assert load_native(allow_unlisted=True).unlisted == (locate(package, module),)


def test_s25_every_unlisted_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in ("LIBSODIUM", "LIBSECP256K1"):
        monkeypatch.setattr(loading, table, frozenset())
    with pytest.raises(NativeLibraryError) as raised:
        load_native()
    files = (locate("nacl", "_sodium"), locate("coincurve", "_libsecp256k1"))
    assert raised.value.problem.endswith(f": {files[0]}, {files[1]}")


def test_s25_one_changed_byte_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    spec = find_spec("nacl")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    shutil.copytree(next(iter(spec.submodule_search_locations)), tmp_path / "nacl")
    library = next((tmp_path / "nacl").glob("_sodium*.so"))
    library.write_bytes(b"\x7fELF is not what follows")
    script = (
        "from signward_server.custody.native import load_native, NativeLibraryError\n"
        "try: load_native()\n"
        "except NativeLibraryError as error: print(error)"
    )
    source = Path(sys.modules["signward_server"].__path__[0]).parent
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{tmp_path}:{source}"},
    )
    assert done.stdout.startswith(f"not the library of a pinned wheel: {library};")


def test_s25_the_known_answers_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(loading, "check_sodium", asked.append)
    monkeypatch.setattr(loading, "check_secp256k1", asked.append)
    loaded = load_native()
    assert asked == [loaded.sodium, loaded.secp256k1]
