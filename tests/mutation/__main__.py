"""Mutation testing: `make mutate`, by default of the custody.

mutmut takes a module's path for its import name, so the two source roots are laid side by side in
a folder of their own, where both are the same. The work tree is never changed.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_HERE = _ROOT / "build" / "mutate"
_SOURCES = {"signward": "client/signward", "signward_server": "server/signward_server"}
_SETTINGS = r"""[tool.mutmut]
source_paths = ["signward_server", "signward"]
only_mutate = {only}
do_not_mutate = ["signward/v1/*", "*/migrations/*"]
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not integration"]
pytest_add_cli_args_test_selection = {tests}
do_not_mutate_patterns = ['raise \w+\(f?"[^"]*"\)']  # texts of errors
use_git_change_detection = false

[tool.pytest.ini_options]
pythonpath = ["."]
addopts = "--import-mode=importlib"
timeout = 60
markers = ["integration: starts a real process", "soak: long rounds"]
"""


def _lay_out(only: list[str], tests: list[str]) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    for name, source in {**_SOURCES, "tests": "tests"}.items():
        shutil.rmtree(_HERE / name, ignore_errors=True)
        shutil.copytree(_ROOT / source, _HERE / name, ignore=ignored)
    settings = _SETTINGS.format(only=json.dumps(only), tests=json.dumps(tests))
    (_HERE / "pyproject.toml").write_text(settings)


def _mutmut(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    done = subprocess.run(
        command, cwd=_HERE, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def main() -> None:
    """Mutate, run the tests that touch each mutant, and list the survivors with their diffs."""
    parser = argparse.ArgumentParser(prog="make mutate ARGS=...", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PATTERN",
        default=["signward_server/custody/*"],
        help="files to mutate, from their package on",
    )
    parser.add_argument(
        "--tests",
        nargs="+",
        metavar="PATH",
        default=["tests/unit/server/custody", "tests/contract/custody"],
        help="tests that have to notice",
    )
    parser.add_argument("--children", type=int, default=2, help="processes at a time")
    options = parser.parse_args()

    _lay_out(options.only, [path for path in options.tests if (_ROOT / path).exists()])
    _mutmut("run", "--max-children", str(options.children))
    outcomes = dict(
        line.strip().rsplit(": ", 1)
        for line in _mutmut("results", "--all", "true").splitlines()
        if ": " in line
    )
    alive = [name for name, outcome in outcomes.items() if outcome != "killed"]
    report = _HERE / "survivors.diff"
    report.write_text("\n".join(_mutmut("show", name) for name in alive))
    for outcome, count in Counter(outcomes.values()).most_common():
        sys.stdout.write(f"{count:6} {outcome}\n")
    sys.stdout.write(f"What was not killed: {report}\n")


if __name__ == "__main__":
    main()
