"""Anything at all, given to whatever reads what others wrote: refused as it should be, or well.

``make test`` runs each target for seconds (hypothesis); ``python -m tests.fuzz TARGET SECONDS``
for as long as you like, guided by coverage where atheris is installed.
"""
