"""``KeyService`` of the fake daemon."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from signward.importing import import_info
from signward.v1 import key_service_pb2 as key_pb
from signward.v1 import resources_pb2 as resources

from tests.fakes.daemon_state import abort
from tests.fakes.statuses import status
from tests.fakes.version_service import FakeVersionService

__all__ = ["FakeKeyService"]


class FakeKeyService(FakeVersionService):
    """Creates, imports, reads and changes keys; remembers creations by request id.

    Attributes:
        imported: Private keys that were brought along, opened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.created: dict[str, resources.Key] = {}
        self.wrapping: dict[str, X25519PrivateKey] = {}
        self.imported: list[bytes] = []

    def CreateKey(self, request, context):  # noqa: N802 -- the service's names
        self._enter("CreateKey", request, context)
        if request.request_id in self.created:
            return key_pb.CreateKeyResponse(key=self.created[request.request_id])
        if request.key_id in self.keys:
            text = "A key with this id or this public key exists."
            abort(context, status("ALREADY_EXISTS", "KEY_EXISTS", text))
        key = self.add_key(request.key_id, purpose=request.purpose, labels=dict(request.labels))
        self.created[request.request_id] = key
        return key_pb.CreateKeyResponse(key=key)

    def CreateImportParameters(self, request, context):  # noqa: N802
        self._enter("CreateImportParameters", request, context)
        private = X25519PrivateKey.generate()
        import_id = f"im_{len(self.wrapping):024d}"
        self.wrapping[import_id] = private
        return key_pb.CreateImportParametersResponse(
            import_id=import_id,
            wrapping_public_key=private.public_key().public_bytes_raw(),
            identity="spiffe://test/bot",
        )

    def ImportKey(self, request, context):  # noqa: N802
        self._enter("ImportKey", request, context)
        if not request.validate_only:
            self.imported.append(self._opened(request))
        key = self.add_key(request.key_id, purpose=request.purpose, labels=dict(request.labels))
        return key_pb.ImportKeyResponse(key=key)

    def _opened(self, request: key_pb.ImportKeyRequest) -> bytes:
        info = import_info(
            key_pb.CreateImportParametersResponse(
                import_id=request.import_id, identity="spiffe://test/bot"
            ),
            key_id=request.key_id,
            algorithm=request.algorithm,
            purpose=request.purpose,
            network=request.network,
        )
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return suite.decrypt(request.wrapped_key, self.wrapping[request.import_id], info)

    def GetKey(self, request, context):  # noqa: N802
        self._enter("GetKey", request, context)
        return key_pb.GetKeyResponse(key=self._find(request.key_id, context).key)

    def ListKeys(self, request, context):  # noqa: N802
        self._enter("ListKeys", request, context)
        matching = [
            self.keys[name].key
            for name in sorted(self.keys)
            if dict(request.labels).items() <= dict(self.keys[name].key.labels).items()
        ]
        start, size = int(request.page_token or 0), request.page_size or 100
        end = start + size
        token = str(end) if end < len(matching) else ""
        return key_pb.ListKeysResponse(keys=matching[start:end], next_page_token=token)

    def UpdateKey(self, request, context):  # noqa: N802
        self._enter("UpdateKey", request, context)
        key = self._find(request.key_id, context).key
        if request.etag and request.etag != key.etag:
            abort(context, status("ABORTED", "ETAG_MISMATCH", "The key has changed."))
        for path in request.update_mask.paths:
            if path != "grace_end_time":
                key.ClearField(path)
        source = key_pb.UpdateKeyRequest()
        request.update_mask.MergeMessage(request, source)
        key.MergeFrom(
            resources.Key(
                labels=source.labels,
                owner=source.owner,
                unlock_ttl=source.unlock_ttl if source.HasField("unlock_ttl") else None,
                grace_period=source.grace_period if source.HasField("grace_period") else None,
                rotation_period=source.rotation_period or None,
            )
        )
        key.etag = str(int(key.etag) + 1)
        return key_pb.UpdateKeyResponse(key=key)

    def GetPublicKey(self, request, context):  # noqa: N802
        self._enter("GetPublicKey", request, context)
        version = self._find(request.key_id, context).key.versions[0]
        return key_pb.GetPublicKeyResponse(
            key_id=request.key_id,
            version=version.version,
            state=version.state,
            public_key=version.public_key,
        )

    def DisableKey(self, request, context):  # noqa: N802
        self._enter("DisableKey", request, context)
        key = self._find(request.key_id, context).key
        key.state = resources.KEY_STATE_DISABLED
        return key_pb.DisableKeyResponse(key=key)

    def EnableKey(self, request, context):  # noqa: N802
        self._enter("EnableKey", request, context)
        key = self._find(request.key_id, context).key
        key.state = resources.KEY_STATE_ENABLED
        return key_pb.EnableKeyResponse(key=key)
