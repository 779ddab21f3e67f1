"""Keys that are sealed in the store and opened on locked pages to sign.

A private half is encrypted under a data key of its own, the data key under the
key-encryption key (KEK); both layers are bound to what is fixed about the key. The format
is described in ``docs/formats/envelope.md``.
"""

from signward_server.custody.envelope.archive import (
    CHUNK_SIZE,
    HEADER_SIZE,
    TAG_SIZE,
    ArchiveKey,
    archive_kek,
)
from signward_server.custody.envelope.asking import (
    DescriptorPassphrase,
    PassphraseSource,
    TerminalPassphrase,
)
from signward_server.custody.envelope.credential import CredentialKek
from signward_server.custody.envelope.custody import EnvelopeCustody
from signward_server.custody.envelope.digest_key import open_digest_key, seal_digest_key
from signward_server.custody.envelope.format import sealing_kek
from signward_server.custody.envelope.handing import HandedKek, hand_over
from signward_server.custody.envelope.kek import Kek, KekFileError, KekProvider
from signward_server.custody.envelope.key_file import LocalKeyFile
from signward_server.custody.envelope.passphrase import PassphraseKek
from signward_server.custody.envelope.passphrase_file import Cost, read_parameters
from signward_server.custody.envelope.rewrapping import Rewrapping
from signward_server.custody.envelope.rows import KekRowAuthenticator

__all__ = [
    "CHUNK_SIZE",
    "HEADER_SIZE",
    "TAG_SIZE",
    "ArchiveKey",
    "Cost",
    "CredentialKek",
    "DescriptorPassphrase",
    "EnvelopeCustody",
    "HandedKek",
    "Kek",
    "KekFileError",
    "KekProvider",
    "KekRowAuthenticator",
    "LocalKeyFile",
    "PassphraseKek",
    "PassphraseSource",
    "Rewrapping",
    "TerminalPassphrase",
    "archive_kek",
    "hand_over",
    "open_digest_key",
    "read_parameters",
    "seal_digest_key",
    "sealing_kek",
]
