"""`python -m tests.gates`: read every committed file, print what breaks a rule, exit 1 if any."""

import sys
from pathlib import Path

from tests.gates.repository_text import committed_files, find

root = Path(__file__).resolve().parents[2]
findings = [found for path in committed_files(root) for found in find(root, path)]
for found in findings:
    sys.stderr.write(f"{found}\n")
sys.exit(1 if findings else 0)
