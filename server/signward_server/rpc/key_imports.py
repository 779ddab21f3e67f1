"""The part of KeyService that takes over private keys: messages to flows and back."""

from __future__ import annotations

from signward.v1 import key_service_pb2 as pb

from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.flows.access import VIEW_KEY
from signward_server.flows.import_parameters import ImportParameters
from signward_server.flows.key_import import KeyImport
from signward_server.rpc.call import GrpcCall
from signward_server.rpc.convert.import_requests import (
    create_import_parameters,
    import_key,
    import_parameters_response,
)
from signward_server.rpc.convert.key_messages import key_message
from signward_server.rpc.parsing import parse
from signward_server.rpc.routes import Route, Unary

__all__ = ["KeyImports"]

_SERVICE = "/signward.v1.KeyService/"


class KeyImports:
    """CreateImportParameters and ImportKey."""

    def __init__(self, *, parameters: ImportParameters, imports: KeyImport) -> None:
        self._parameters = parameters
        self._imports = imports

    def routes(self) -> list[Route]:
        """Return its RPCs."""
        return [
            _route("CreateImportParameters", MethodClass.KEY_CHANGE, self._create_parameters),
            _route("ImportKey", MethodClass.KEY_CREATION, self._import, VIEW_KEY),
        ]

    def _create_parameters(self, data: bytes, call: GrpcCall) -> bytes:
        request = create_import_parameters(parse(pb.CreateImportParametersRequest, data))
        made = self._parameters.create(call, request)
        return import_parameters_response(made).SerializeToString()

    def _import(self, data: bytes, call: GrpcCall) -> bytes:
        request = import_key(parse(pb.ImportKeyRequest, data))
        key = self._imports.import_key(call, request)
        response = pb.ImportKeyResponse(key=key_message(key, with_versions=True))
        return response.SerializeToString()


def _route(name: str, what: MethodClass, behaviour: Unary, *further: str) -> Route:
    actions = (*further, name)
    return Route(_SERVICE + name, actions, what, AuditEvent.ADMINISTRATION, unary=behaviour)
