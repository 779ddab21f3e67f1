"""The two native libraries that compute on secrets, called by address with the GIL held.

libsodium comes with PyNaCl, libsecp256k1 with coincurve. Their Python APIs want secrets as
``bytes``, which nobody can wipe; the C functions take the address of a locked page.
``ctypes.PyDLL`` keeps the GIL, so a signature costs no hand-over to another thread.
"""

from signward_server.custody.native.loading import Native, load_native
from signward_server.custody.native.locate import NativeLibraryError

__all__ = ["Native", "NativeLibraryError", "load_native"]
