"""A virus scanner that is a program on this machine; implements ``VirusScanner``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from weibao.boundary import Clock
from weibao.domain.settings import VirusCheckSettings
from weibao.domain.supplied import VirusCheck

__all__ = ["CommandScanner"]

_LIMIT = "Heuristics.Limits.Exceeded"
"""ClamAV says so of a file that it did not look at as a whole: that is neither clean nor not."""


class CommandScanner:
    """Judges by the program's exit code, and what it says otherwise is *not checked*."""

    def __init__(self, settings: VirusCheckSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def check(self, file: Path) -> VirusCheck:
        """See VirusScanner."""
        command = [word.replace("{file}", str(file)) for word in self._settings.command]
        if not command:
            return VirusCheck(said="-", at=self._clock.now())
        code, said = self._run(command)
        tool = self._run(list(self._settings.version))[1] if self._settings.version else ""
        found = [line for line in said.splitlines() if line.endswith(" FOUND")]
        limited = bool(found) and all(_LIMIT in line for line in found)
        return VirusCheck(
            state={0: "clean", 1: "not_checked" if limited else "found"}.get(code, "not_checked"),
            tool=_short(tool) if code in {0, 1} else "",
            said=_short(said.replace(f"{file}: ", "")) if code else "",
            at=self._clock.now(),
        )

    def _run(self, command: list[str]) -> tuple[int, str]:
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=self._settings.timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = getattr(error, "strerror", "") or type(error).__name__
            return 127, f"{command[0]}: {why}"
        return done.returncode, done.stdout.strip() or done.stderr.strip()


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
