"""Requests about imports, checked for form."""

from __future__ import annotations

import re

from signward.v1 import key_service_pb2 as pb

from signward_server.core.imports import WRAPPED_KEY_SIZE, OpenImport
from signward_server.core.keys import Algorithm, Purpose
from signward_server.flows.import_requests import CreateImportParameters, ImportKey
from signward_server.rpc.convert.fields import Fields
from signward_server.rpc.convert.key_requests import key_to_make
from signward_server.rpc.convert.times import timestamp

__all__ = ["create_import_parameters", "import_key", "import_parameters_response"]

_IMPORT_ID = re.compile(r"im_[a-z2-7]{24}")


def import_key(message: pb.ImportKeyRequest) -> ImportKey:
    """Convert an ImportKeyRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    if not _IMPORT_ID.fullmatch(message.import_id):
        fields.note("import_id", "Must be one that CreateImportParameters has returned.")
    size = len(message.wrapped_key)
    if size != WRAPPED_KEY_SIZE and (size or not message.validate_only):
        fields.note("wrapped_key", "Must be 80 bytes: encapsulated key, then ciphertext.")
    creation = key_to_make(fields, message)
    return ImportKey(
        creation=creation, import_id=message.import_id, wrapped_key=message.wrapped_key
    )


def create_import_parameters(message: pb.CreateImportParametersRequest) -> CreateImportParameters:
    """Convert a CreateImportParametersRequest.

    Raises:
        FieldInvalid: Names each field at fault.
    """
    fields = Fields()
    key_id = fields.key_id("key_id", message.key_id)
    algorithm = fields.choice("algorithm", Algorithm, message.algorithm)
    purpose = fields.choice("purpose", Purpose, message.purpose)
    request_id = fields.request_id("request_id", message.request_id)
    fields.check()
    if algorithm is None or purpose is None:
        raise AssertionError("a missing choice is noted")
    return CreateImportParameters(
        key_id=key_id,
        algorithm=algorithm,
        purpose=purpose,
        network=message.network,
        request_id=request_id,
    )


def import_parameters_response(made: OpenImport) -> pb.CreateImportParametersResponse:
    """Return an import as the API shows it; its private half stays here."""
    return pb.CreateImportParametersResponse(
        import_id=made.id,
        wrapping_public_key=made.wrapping.public_key,
        expire_time=timestamp(made.expire_time),
        identity=made.identity,
    )
