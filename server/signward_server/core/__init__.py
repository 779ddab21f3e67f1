"""Value types, errors and ports that every part of the daemon shares.

Standard library only. Whatever crosses a boundary between two parts is defined here.
"""
