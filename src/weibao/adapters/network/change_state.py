"""What a run remembers of each device that it changes: written before anything is sent, so
that the way back is known after a crash. No device text; texts lie encrypted beside it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from weibao.adapters.bundle import keep_blob
from weibao.adapters.files import make_folder, replace
from weibao.adapters.network.job import Endpoint
from weibao.adapters.sealing import open_sealed, seal
from weibao.domain.base import Moment, Value
from weibao.domain.change_outcome import ChangeOutcome
from weibao.domain.change_rules import Safety, SafetyKind
from weibao.errors import IntegrityError

__all__ = ["UNFINISHED", "DeviceState", "Memory", "Phase", "States"]


class Phase(StrEnum):
    """How far a device has come."""

    read = "read"
    """What it has is kept; nothing was sent."""
    entering = "entering"
    entered = "entered"
    """Everything is sent, and counts."""
    confirmed = "confirmed"
    saved = "saved"
    done = "done"
    backed_out = "backed_out"
    unknown = "unknown"


UNFINISHED = frozenset({Phase.entering, Phase.entered, Phase.confirmed, Phase.saved, Phase.unknown})


class DeviceState(Value):
    """One device of one run."""

    device: str
    contract: str
    platform: str
    phase: Phase
    before_sha256: str
    meant_sha256: str = ""
    startup_same: bool = False
    """The startup configuration was the running one before."""
    safety: SafetyKind | None = None
    safety_until: Moment | None = None
    """By then the device has gone back by itself, where nobody confirmed."""
    checkpoint: bool = False
    session: str = ""
    """Name of the edit session whose own way back is armed."""
    updated_at: Moment
    outcome: ChangeOutcome | None = None
    """Of the last step that ended."""


class States:
    """The folder of one run."""

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        self._folder = folder
        self._passwords = passwords

    def load(self, device: str) -> DeviceState | None:
        """What is remembered; None where nothing was begun.

        Raises:
            IntegrityError: the file is damaged.
        """
        path = self._path(device)
        try:
            return DeviceState.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise IntegrityError("change.state_damaged", path=path) from error

    def store(self, state: DeviceState) -> DeviceState:
        """Remember, durably.

        Raises:
            FailedError: it cannot be written.
        """
        stamped = state.model_copy(update={"updated_at": datetime.now(UTC)})
        make_folder(self._folder)
        replace(self._path(state.device), stamped.model_dump_json().encode())
        return stamped

    def keep(self, contract: str, data: bytes) -> str:
        """Keep a text encrypted; its sha256."""
        sha256, sealed = seal(self._passwords[contract].encode(), data)
        keep_blob(self._folder, sealed, sha256)
        return sha256

    def text(self, contract: str, sha256: str) -> bytes:
        """A text that was kept.

        Raises:
            IntegrityError: it is missing or damaged.
        """
        path = self._folder / "blobs" / sha256[:2] / sha256
        try:
            sealed = path.read_bytes()
        except OSError as error:
            raise IntegrityError("change.state_damaged", path=path) from error
        return open_sealed(self._passwords[contract].encode(), sha256, sealed)

    def _path(self, device: str) -> Path:
        short = hashlib.sha256(device.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        return self._folder / f"{device[:60]}.{short}.json"


class Memory:
    """What is remembered of one device, as its step goes on; each word is durable at once."""

    def __init__(self, states: States) -> None:
        self._states = states
        self.state: DeviceState | None = None

    def begin(self, endpoint: Endpoint, platform: str, before: bytes, startup_same: bool) -> None:
        """Nothing was sent yet, and ``before`` is what there was."""
        self.state = self._states.store(
            DeviceState(
                device=endpoint.device,
                contract=endpoint.contract,
                platform=platform,
                phase=Phase.read,
                before_sha256=self._states.keep(endpoint.contract, before),
                startup_same=startup_same,
                updated_at=datetime.now(UTC),
            )
        )

    def mark(
        self,
        *,
        phase: Phase | None = None,
        safety: Safety | str | None = "",
        until: datetime | None = None,
        checkpoint: bool | None = None,
        session: str = "",
        meant: bytes | None = None,
    ) -> None:
        """What is given changes; an empty text says nothing."""
        state = self.state
        if state is None:
            return
        changed: dict[str, object] = {}
        if phase is not None:
            changed["phase"] = phase
        if not isinstance(safety, str):
            changed["safety"] = safety.kind if safety else None
            changed["safety_until"] = until if safety else None
        if checkpoint is not None:
            changed["checkpoint"] = checkpoint
        if session:
            changed["session"] = session
        if meant is not None:
            changed["meant_sha256"] = self._states.keep(state.contract, meant)
        self.state = self._states.store(state.model_copy(update=changed))
