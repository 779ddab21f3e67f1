"""A witness of all logs of a daemon: it looks at the list of them, and at each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from signward.audit.checkpoints import Checkpoint
from signward.audit.list_state import ListState
from signward.audit.log_list import FIRST, key_of
from signward.audit.verifier_keys import VerifierKey
from signward.audit.witness_keys import WitnessKey
from signward.audit.witness_state import WitnessState
from signward.audit.witnessing import Witness
from signward.cli.audit.online import RemoteLog
from signward.client import Client

__all__ = ["Sightings"]


class Sightings:
    """What a witness sees and remembers; implements ``following.Seeing``.

    The first log's state is ``state``, those of others and of the list stand beside it: ``state``
    and the name of the log's folder, or ``logs``, with a dot between.

    Args:
        client: Asks the daemon.
        key: Public key of the first log.
        own: The witness's key.
        state: What it remembers.
        clock: Returns seconds since 1970.

    Raises:
        StateError, OSError: See ``WitnessState.load``.
    """

    def __init__(
        self,
        client: Client,
        key: VerifierKey,
        own: WitnessKey,
        state: Path,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._key = key
        self._own = own
        self._state = state
        self._clock = clock
        self._list = ListState(_beside(state, "logs"), key)
        self._witnesses: dict[str, Witness] = {}
        known = self._list.known
        for origin, folder in (known.origins if known else {key.name: FIRST}).items():
            self._open(origin, folder)

    def known(self) -> Iterator[tuple[str, Checkpoint]]:
        """Yield what was cosigned last of each log: its folder in the list, and the checkpoint."""
        for folder, witness in self._witnesses.items():
            if witness.known is not None:
                yield folder, witness.known

    def look(self) -> bool:
        """Look at all logs; return whether there was something to cosign.

        Raises:
            ContradictionError: Nothing more was cosigned.
            OSError: It cannot be remembered; see ``Witness.look``.
            SignwardError: The daemon did not answer.
        """
        answer = self._client.admin.get_checkpoint()
        shown = self._list.see(answer.log_list)
        cosigned = False
        for origin, folder in (shown.origins if shown else {self._key.name: FIRST}).items():
            witness = self._witnesses.get(folder) or self._open(origin, folder)
            is_answer = shown is None or answer.log == origin
            newest = answer.checkpoint if is_answer else b""
            log = RemoteLog(self._client, origin if shown else "", newest)
            cosigned |= witness.look(log)
        return cosigned

    def _open(self, origin: str, folder: str) -> Witness:
        state = self._state if folder == FIRST else _beside(self._state, folder)
        made = Witness(key_of(self._key, origin), self._own, WitnessState(state), self._clock)
        self._witnesses[folder] = made
        return made


def _beside(path: Path, name: str) -> Path:
    return path.with_name(f"{path.name}.{name}")
