"""A call whose caller goes, or whose time ends, when a test says so."""

from __future__ import annotations

from signward_server.core.errors import SignwardError
from signward_server.core.identity import Authentication, Identity, IdentityKind
from signward_server.core.ports import AuditEntry, AuditReceipt

__all__ = ["BOT", "OTHER", "FakeCall"]

BOT = Identity(IdentityKind.CN, "bot")
OTHER = Identity(IdentityKind.CN, "other")


class FakeCall:
    """Implements ``core.ports.Call``.

    Args:
        identity: The caller.
        method: Full name of the RPC.
        lives: How often ``ensure_live`` passes before ``end`` is raised; ``None`` for ever.
        end: What it raises then.

    Attributes:
        checks: How often it was asked whether it is live.
        conclusions: What was recorded of it, and where.
    """

    trace_id = "0af7651916cd43dd8448eb211c80319c"
    started = 0.0
    authentication = Authentication.CERTIFICATE
    address = ""

    def __init__(
        self,
        identity: Identity = BOT,
        method: str = "/signward.v1.SignService/Sign",
        *,
        lives: int | None = None,
        end: SignwardError | None = None,
    ) -> None:
        self.identity = identity
        self.method = method
        self.checks = 0
        self.conclusions: list[tuple[AuditEntry, AuditReceipt | None]] = []
        self._lives = lives
        self._end = end

    def concluded(self, entry: AuditEntry, receipt: AuditReceipt | None) -> None:
        self.conclusions.append((entry, receipt))

    def ensure_live(self) -> None:
        self.checks += 1
        if self._end is not None and self.checks > (self._lives or 0):
            raise self._end
