"""SHA-256 of the native libraries in the wheels that the lock pins (S25).

Taken from the wheels on PyPI. A wheel that is not tested here is listed all the same: its
digest says that it is the published file, the known answers say that it computes.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LIBSECP256K1", "LIBSODIUM"]

# PyNaCl 1.6.2, nacl/_sodium.abi3.so (cp38-abi3: one file for every CPython).
LIBSODIUM: Final = frozenset(
    {
        # x86_64: manylinux_2_17, then manylinux_2_34
        "1ee652a7b8a74a84061c54880a0f66b032b1b630e77dff4cd243b01ffac922fd",
        "554206748472a39920ad95a26b6c217ce65439fd58d755a0f05457b3cbfbb57f",
        # aarch64: manylinux_2_26, then manylinux_2_34
        "3b07c1984e21d09a6c3e1a39e1150fa5114c561de02ba375c0ffb789a047a15e",
        "1e1731801e98c26de5ec08c20a6116c34d812b6bddf19c72e642a04ef9eab2d9",
        # musllinux_1_2: x86_64, then aarch64
        "c954110bd2b358931fcb5c555ba920605e229b40f9a895fc696e2768a285e39d",
        "24bb77fc96afa6a59faffdee42c6d07e4077048eb3c4116916992510c52dbfca",
    }
)

# coincurve 21.0.0, coincurve/_libsecp256k1.cpython-3*.so; cp312 and cp313 hold one file.
LIBSECP256K1: Final = frozenset(
    {
        # x86_64, manylinux_2_17: cp311, then cp312 and cp313
        "a0b12b750f0e947824e650e5a7e338383d4ef7c0d9b3b1b13a0b72fbe62d9b9c",
        "f216ea315a3dfec5d4ea9875209a93115cd3976cd6c076a66b69a626743dfc28",
        # aarch64, manylinux_2_17: the same two
        "241c5eab0a1e7b65da816613fac73f5ba035989eb5a35a409a737f0745131a29",
        "01e7afa28c6d4626b6f9e89fe29b3cfc40c6cef13503f186d0a617bd6e4cc39d",
        # x86_64, musllinux_1_2: the same two
        "517ea139122099d181324b3796054aec5c15cbcfbf150a49464dbc558b68acbf",
        "e12de37e274043b3ab92d072dd263a71d24f92b776dced099d4ab32632396fb1",
        # aarch64, musllinux_1_2: the same two
        "898ee285e43ac5672306a88583ea02eaff121c7553037caa6af092b27b0c2789",
        "f59bb435cf94a449934bf9b6d79f958c9bc9e97650c0b85e6a59e3f0fce7faa7",
    }
)
