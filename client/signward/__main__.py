"""``python -m signward``: the command line."""

from signward.cli import main

main()
