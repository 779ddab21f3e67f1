"""Makes a working home in one step: CA, certificates, KEK, configuration, policies, log, store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from signward_server.audit.checkpoint_key import new_origin
from signward_server.config import Endpoint
from signward_server.config.render import as_toml
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.ports import Clock
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.auditing import write_audit
from signward_server.home.authority import Authority
from signward_server.home.files import make_folder, sync_folder, write_new
from signward_server.home.layout import Home, authority_folder
from signward_server.home.profiles import CA_FILE, write_profiles
from signward_server.home.starter_policies import STARTER_GROUPS, write_starter

__all__ = ["CLIENTS", "LEAF_LIFETIME", "HomePlan", "create_home"]

CLIENTS = ("admin", "bot")
LEAF_LIFETIME = timedelta(days=397)
_LONGEST_SOCKET = 107  # unix(7)


@dataclass(frozen=True, slots=True)
class HomePlan:
    """What a new home is to be like.

    Attributes:
        path: Where it will be, absolute.
        tcp: gRPC address, ``None`` for the Unix socket alone.
        http: Address of the probes, ``None`` for none.
        write_kek: Makes the KEK file at a path.
        write_store: Makes the store at a path.
        settings: Further settings that differ from the defaults, by dotted key.
    """

    path: Path
    tcp: Endpoint | None
    http: Endpoint | None
    write_kek: Callable[[Path], None]
    write_store: Callable[[Path], None]
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def authority(self) -> Path:
        """Where the development CA will be."""
        return authority_folder(self.path)

    @property
    def socket(self) -> Path | None:
        """The Unix socket, ``None`` where its path would be too long for one."""
        path = Home(self.path).socket
        return path if len(os.fsencode(path)) <= _LONGEST_SOCKET else None


def create_home(plan: HomePlan, clock: Clock) -> Home:
    """Make the home and, beside it, the folder of its CA; both appear complete or not at all.

    They are made under a temporary name in the same folder and renamed, which replaces
    nothing but an empty folder. Only a crash between the two renames leaves one of them:
    the CA, which serves nothing yet.

    Raises:
        ConfigurationRefused: One of them exists already, or cannot be made.
    """
    _refuse_present(plan)
    try:
        plan.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".signward-", dir=plan.path.parent) as folder:
            draft, authority = Home(Path(folder) / "home"), Path(folder) / "ca"
            _fill(draft, authority, plan, clock)
            _publish(draft.path, authority, plan)
    except OSError as exc:
        raise ConfigurationRefused(
            f"{plan.path} cannot be made ({os.strerror(exc.errno or 0)})",
            "nothing was left behind; correct this and try again",
        ) from exc
    return Home(plan.path)


def _refuse_present(plan: HomePlan) -> None:
    for path in (plan.path, plan.authority):
        if path.is_symlink() or (path.exists() and not _is_empty_folder(path)):
            raise ConfigurationRefused(
                f"{path} exists; nothing in it was touched", "choose another folder"
            )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and next(path.iterdir(), None) is None


def _fill(draft: Home, authority_path: Path, plan: HomePlan, clock: Clock) -> None:
    origin = new_origin()
    for folder in (draft.path, draft.tls, draft.clients, draft.store.parent, authority_path):
        make_folder(folder, 0o700)
    make_folder(draft.socket.parent, 0o750)
    authority = Authority.create(clock.now())
    authority.write(authority_path)
    address = plan.tcp.address if plan.tcp else ""
    authority.issue_server(clock.now(), LEAF_LIFETIME, address).write(draft.tls / "server")
    write_new(draft.tls / "client-ca.crt", authority.certificate_pem, 0o644)
    write_new(draft.clients / CA_FILE, authority.certificate_pem, 0o644)
    for name in CLIENTS:
        identity = Identity(IdentityKind.CN, name)
        authority.issue_client(identity, clock.now(), LEAF_LIFETIME).write(draft.clients / name)
    write_profiles(draft.clients / "profiles.toml", _target(plan), CLIENTS)
    write_starter(draft.policies)
    write_new(draft.configuration, as_toml(_values(plan, origin)).encode(), 0o600)
    write_audit(draft.audit, draft.audit_key, origin)
    plan.write_kek(draft.kek)
    plan.write_store(draft.store)


def _values(plan: HomePlan, origin: str) -> dict[str, object]:
    return {
        "listen.tcp": plan.tcp and plan.tcp.written,
        "listen.unix": "run/signward.sock" if plan.socket else "",
        "listen.http": plan.http and plan.http.written,
        "tls.certificate": "tls/server.crt",
        "tls.private_key": "tls/server.key",
        "tls.client_ca": [{"file": "tls/client-ca.crt"}],
        "tls.identity": "cn",
        "policy.folder": "policies",
        "groups": STARTER_GROUPS,
        "store.path": "store/signward.db",
        "custody.envelope.kek": "kek",
        "audit.folder": "audit",
        "audit.origin": origin,
        "audit.checkpoint_key": "audit.key",
        **plan.settings,
    }


def _target(plan: HomePlan) -> str:
    if plan.tcp is not None and plan.tcp.port:
        return f"localhost:{plan.tcp.port}" if plan.tcp.host == "localhost" else str(plan.tcp)
    if plan.socket is None:
        raise ConfigurationRefused(
            "the home's path is too long for a Unix socket", "give --tcp a port, or a shorter path"
        )
    return f"unix:{plan.socket}"


def _publish(draft: Path, authority: Path, plan: HomePlan) -> None:
    """Rename both into place, the CA first; take it back when the home cannot follow."""
    try:
        authority.rename(plan.authority)
        draft.rename(plan.path)
    except OSError:
        if not authority.exists():
            plan.authority.rename(authority)
        raise
    sync_folder(plan.path.parent)
