"""A virus scanner that is a program on this machine; implements ``VirusScanner``."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from weibao.adapters.package_contents import unpack_package
from weibao.boundary import Clock
from weibao.domain.settings import VirusCheckSettings
from weibao.domain.supplied import VirusCheck

__all__ = ["CommandScanner"]

_LIMIT = "Heuristics.Limits.Exceeded"
"""ClamAV says so of a file that it did not look at as a whole: that is neither clean nor not."""


class CommandScanner:
    """Judges by the program's exit code, and what it says otherwise is *not checked*.

    It looks at the package, and then at all that is in it.
    """

    def __init__(
        self,
        settings: VirusCheckSettings,
        clock: Clock,
        unpack: Callable[[Path, Path], str] = unpack_package,
    ) -> None:
        """``unpack`` lays a package's contents into a folder, and says why it cannot."""
        self._settings = settings
        self._clock = clock
        self._unpack = unpack

    def check(self, file: Path) -> VirusCheck:
        """See VirusScanner."""
        if not self._settings.command:
            return VirusCheck(said="-", at=self._clock.now())
        found = self._scanned(file)
        if found.state != "clean":
            return found
        folder = Path(tempfile.mkdtemp(prefix="weibao-scan-"))
        try:
            why = self._unpack(file, folder)
            if why:
                return VirusCheck(said=why, at=self._clock.now())
            return self._scanned(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _scanned(self, what: Path) -> VirusCheck:
        command = [word.replace("{file}", str(what)) for word in self._settings.command]
        code, said = self._run(command)
        tool = self._run(list(self._settings.version))[1] if self._settings.version else ""
        found = [line for line in said.splitlines() if line.endswith(" FOUND")]
        limited = bool(found) and all(_LIMIT in line for line in found)
        return VirusCheck(
            state={0: "clean", 1: "not_checked" if limited else "found"}.get(code, "not_checked"),
            tool=_short(tool) if code in {0, 1} else "",
            said=_short("\n".join(found) or said).replace(f"{what}", "") if code else "",
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
