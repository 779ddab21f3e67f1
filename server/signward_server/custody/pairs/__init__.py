"""Key pairs on locked slots: make, derive, sign. One file an algorithm.

A custody that has a private half in a slot signs with these; where the private half comes
from is the custody's own business.
"""

from signward_server.custody.pairs.ed25519 import Ed25519Pairs
from signward_server.custody.pairs.port import KeyPairs
from signward_server.custody.pairs.secp256k1 import Secp256k1Pairs

__all__ = ["Ed25519Pairs", "KeyPairs", "Secp256k1Pairs"]
