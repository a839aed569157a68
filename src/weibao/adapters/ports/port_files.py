"""Reading ``port_readings/<platform>/``: the package's own and those of an estate."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import weibao
from weibao.adapters.ports.cutter import Cutter, TextFSMTemplateError
from weibao.adapters.yaml_lines import read_model
from weibao.domain.port_rules import PortCommand, PortRules
from weibao.domain.resolve_platform import name_key
from weibao.errors import InputError

__all__ = ["PortFiles", "packaged_readings"]

_RULES = "ports.yml"


def packaged_readings() -> Path:
    """Where the package's own readings lie."""
    return Path(weibao.__file__).resolve().parent / "port_readings"


class PortFiles:
    """The readings of all platforms; a folder of an estate goes before the package's."""

    def __init__(self, extra: Sequence[Path] = ()) -> None:
        """``extra``: further folders with one folder for each platform."""
        self._folders: dict[str, Path] = {}
        for base in (packaged_readings(), *extra):
            if base.is_dir():
                for path in sorted(base.glob(f"*/{_RULES}")):
                    self._folders[path.parent.name] = path.parent
        self._cutters: dict[tuple[str, str], Cutter] = {}

    def platforms(self) -> tuple[str, ...]:
        """The ids of platforms whose ports can be read."""
        return tuple(sorted(self._folders))

    def id_of(self, platform: str) -> str | None:
        """The folder that reads ``platform`` (an id or one of ``also``)."""
        key = name_key(platform)
        if key in self._folders:
            return key
        return self._also.get(key)

    def folder(self, platform: str) -> Path:
        """Where the readings of a platform's folder lie."""
        return self._folders[platform]

    @functools.cached_property
    def _also(self) -> dict[str, str]:
        return {
            name_key(name): folder for folder in self._folders for name in self.rules(folder).also
        }

    @functools.cache  # noqa: B019
    def rules(self, platform: str) -> PortRules:
        """The rules of a platform's folder.

        Raises:
            InputError: the file is wrong; names file, line and what is wrong.
        """
        path = self._folders[platform] / _RULES
        rules = read_model(PortRules, path)
        if rules.platform != platform:
            raise InputError(
                "ports.other_platform", file=str(path), said=rules.platform, folder=platform
            )
        return rules

    def cutter(self, platform: str, command: PortCommand) -> Cutter:
        """The template of a command, ready to be used once at a time.

        Raises:
            InputError: the template is missing or none.
        """
        key = (platform, command.template or f"ntc:{command.ntc}")
        if key not in self._cutters:
            path = (
                self._folders[platform] / command.template
                if command.template
                else ntc_folder() / f"{command.ntc}.textfsm"
            )
            try:
                self._cutters[key] = Cutter(path.read_text(encoding="utf-8"))
            except OSError as error:
                raise InputError(
                    "ports.no_template", file=str(path), why=error.strerror or str(error)
                ) from error
            except TextFSMTemplateError as error:
                raise InputError("ports.bad_template", file=str(path), why=str(error)) from error
        return self._cutters[key]


@functools.cache
def ntc_folder() -> Path:
    """Where ntc-templates keeps its templates."""
    import ntc_templates

    return Path(ntc_templates.__file__).resolve().parent / "templates"
