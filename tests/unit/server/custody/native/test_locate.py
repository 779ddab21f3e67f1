from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from signward_server.custody.native.digests import LIBSECP256K1, LIBSODIUM
from signward_server.custody.native.locate import NativeLibraryError, listed, locate

# The digest of nothing, FIPS 180-4.
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_finds_the_installed_libraries() -> None:
    assert locate("nacl", "_sodium").is_file()
    assert locate("coincurve", "_libsecp256k1").is_file()


def test_imports_neither_package_nor_module() -> None:
    script = (
        "import sys; from signward_server.custody.native import load_native; load_native();"
        "sys.exit(any(name.split('.')[0] in {'nacl', 'coincurve'} for name in sys.modules))"
    )
    source = Path(sys.modules["signward_server"].__path__[0]).parent
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": str(source)})


@pytest.mark.parametrize(("package", "module"), [("no_such", "_x"), ("email", "_sodium")])
def test_says_what_is_missing(package: str, module: str) -> None:
    with pytest.raises(NativeLibraryError, match=f"^{package}.{module} is not installed; install"):
        locate(package, module)


def test_a_plain_module_holds_no_library() -> None:
    with pytest.raises(NativeLibraryError, match="is not installed"):
        locate("this_file_is_no_package", "_x")
    with pytest.raises(NativeLibraryError, match="is not installed"):
        locate("abc", "_x")


def test_s25_content_is_compared_with_the_table(tmp_path: Path) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(b"")
    assert listed(library, {EMPTY})
    library.write_bytes(b"\n")
    assert not listed(library, {EMPTY})


def test_an_unreadable_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        NativeLibraryError, match="cannot be read: No such file or directory; install"
    ):
        listed(tmp_path / "gone", {EMPTY})


def test_s25_the_tables_hold_digests() -> None:
    for table in (LIBSODIUM, LIBSECP256K1):
        assert all(len(bytes.fromhex(each)) == 32 and each == each.lower() for each in table)
