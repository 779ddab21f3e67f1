"""Attempts to get value out with a stolen identity, and what each must be answered with."""
