"""Each import contract of pyproject.toml is kept, and broken by one wrong import."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter import Contract
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

_ROOT = Path(__file__).resolve().parents[2]
_READ = read_configuration(str(_ROOT / "pyproject.toml"))
_OPTIONS: dict[str, Any] = _READ["session_options"]
_CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract for contract in _READ["contracts_options"]
}
_TYPES: dict[str, type[Contract]] = {
    "forbidden": ForbiddenContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}

_WRONG = [
    ("layers", "signward_server.core", "signward_server.flows"),
    ("layers", "signward_server.flows", "signward_server.rpc"),
    ("layers", "signward_server.store", "signward_server.custody"),
    ("layers", "signward_server.rpc", "signward_server.cli"),
    ("core", "signward_server.core", "signward"),
    ("core", "signward_server.core", "grpc"),
    ("chains-know-no-parts", "signward_server.chains.raw", "signward_server.custody"),
    ("chains-know-no-parts", "signward_server.chains.order", "sqlalchemy"),
    ("pure", "signward_server.chains.raw", "socket"),
    ("pure", "signward_server.policy", "pathlib"),
    ("custody", "signward_server.custody.envelope", "signward_server.chains.raw"),
    ("custodies", "signward_server.custody.envelope", "signward_server.custody.frost"),
    ("chains", "signward_server.chains.raw", "signward_server.chains.order"),
    ("flows", "signward_server.flows", "signward_server.store"),
    ("flows", "signward_server.flows", "grpc"),
    ("flows", "signward_server.flows", "cryptography"),
    ("rpc", "signward_server.rpc.interceptors", "signward_server.custody"),
    ("supervisor", "signward_server.supervisor", "grpc"),
    ("supervisor", "signward_server.supervisor.member", "signward_server.custody"),
    ("layers", "signward_server.supervisor", "signward_server.wiring"),
    ("wire", "signward_server.store", "grpc"),
    ("wire", "signward_server.custody", "signward.v1"),
    ("wire", "signward_server.flows", "google"),
    ("wire", "signward_server.telemetry.pump", "grpc"),
    ("otlp", "signward_server.rpc", "opentelemetry"),
    ("otlp", "signward_server.telemetry.tracing", "opentelemetry"),
    ("otlp", "signward_server.telemetry.exporter", "opentelemetry"),
    ("exporter", "signward_server.telemetry.pump", "signward_server.telemetry.export.spans"),
    ("key-libraries", "signward_server.cli", "nacl"),
    ("sql", "signward_server.rpc", "sqlalchemy"),
    ("cedar", "signward_server.flows", "cedarpy"),
    ("cedar", "signward_server.cli", "cedarpy"),
    ("counting", "signward_server.rpc", "redis"),
    ("counting", "signward_server.wiring", "limits"),
    ("client", "signward", "signward_server"),
    ("client", "signward.cli", "signward_server.cli"),
    ("client", "signward.audit.notes", "nacl"),
    ("client", "signward.calls", "opentelemetry"),
    ("client-base", "signward.calls", "signward.audit.notes"),
    ("client-base", "signward.credentials", "cryptography"),
    ("exchange-sdk", "signward.hyperliquid.signer", "hyperliquid"),
    ("exchange-sdk", "signward_server.chains.hyperliquid", "msgpack"),
    ("client-signatures", "signward.audit.notes", "cryptography"),
    ("client-signatures", "signward.cli.app", "cryptography"),
    ("verifier", "signward.audit.notes", "grpc"),
    ("verifier", "signward.audit.verifying", "signward.errors"),
    ("verifier", "signward.audit.verifying", "rich"),
    ("client-library", "signward.v1", "signward.cli"),
    ("terminal", "signward.v1", "typer"),
    ("terminal", "signward_server.flows", "rich"),
]


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        *_OPTIONS["root_packages"], include_external_packages=True, cache_dir=None
    )


def _kept(contract_id: str, graph: grimp.ImportGraph) -> bool:
    options = _CONTRACTS[contract_id]
    contract = _TYPES[options["type"]](contract_id, _OPTIONS, options)
    return contract.check(graph, verbose=False).kept


def _planted(importer: str, imported: str) -> grimp.ImportGraph:
    graph = deepcopy(_graph())
    for module in (importer, imported):
        if module not in graph.modules:
            root = module.partition(".")[0]
            graph.add_module(module, is_squashed=root not in _OPTIONS["root_packages"])
    graph.add_import(importer=importer, imported=imported)
    return graph


@pytest.mark.parametrize("contract_id", _CONTRACTS)
def test_contract_is_kept(contract_id: str) -> None:
    assert _kept(contract_id, deepcopy(_graph()))


@pytest.mark.parametrize(("contract_id", "importer", "imported"), _WRONG)
def test_wrong_import_breaks_its_contract(contract_id: str, importer: str, imported: str) -> None:
    assert not _kept(contract_id, _planted(importer, imported))


def test_a_module_without_a_layer_breaks_the_layers() -> None:
    graph = deepcopy(_graph())
    graph.add_module("signward_server.somewhere")
    assert not _kept("layers", graph)


def test_every_contract_is_tried() -> None:
    assert {contract_id for contract_id, _, _ in _WRONG} == set(_CONTRACTS)
