"""Archives of a home: encrypted under its KEK, which is not in them (S22).

The format is described in ``docs/formats/backup.md``.
"""
