"""Which platform an inventory means, and which one a device turns out to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from weibao.domain.platform import Platform, compiled

__all__ = [
    "PlatformCatalogue",
    "name_key",
    "recognise",
    "resolve",
    "variant_of",
    "with_variant",
]

_SUFFIXES = ("_ssh", "_telnet", "_serial")


def name_key(name: str) -> str:
    """One spelling for all spellings of a name: lower case, ``-`` and blanks as ``_``."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


class PlatformCatalogue(Mapping[str, Platform]):
    """The known platforms by id, found by any of their names.

    ``sources`` make a platform when it is first asked for, so that a process that talks
    to one platform does not pay for forty. ``names`` maps each name (see ``name_key``)
    to an id.
    """

    def __init__(
        self, sources: Mapping[str, Callable[[], Platform]], names: Mapping[str, str]
    ) -> None:
        self._sources = dict(sources)
        self._names = dict(names)
        self._made: dict[str, Platform] = {}

    def __getitem__(self, platform_id: str) -> Platform:
        made = self._made.get(platform_id)
        if made is None:
            made = self._made[platform_id] = self._sources[platform_id]()
        return made

    def __contains__(self, platform_id: object) -> bool:
        return platform_id in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def find(self, name: str) -> Platform | None:
        """The platform that answers to exactly ``name``."""
        platform_id = self._names.get(name_key(name))
        return None if platform_id is None else self[platform_id]

    def names(self) -> Mapping[str, str]:
        """Every name and the id it stands for."""
        return dict(self._names)


def resolve(catalogue: PlatformCatalogue, network_os: str) -> Platform | None:
    """The platform that an inventory calls ``network_os``; None where nobody claims it.

    Our ids, netmiko's device types (with ``_ssh``, ``_telnet``), and Ansible's names,
    short (``ios``) or qualified (``cisco.ios.ios``, ``community.network.ce``).
    """
    name = name_key(network_os)
    for candidate in (name, name.rpartition(".")[2]):
        for suffix in ("", *_SUFFIXES):
            if candidate.endswith(suffix):
                found = catalogue.find(candidate.removesuffix(suffix))
                if found is not None:
                    return found
    return None


def recognise(catalogue: PlatformCatalogue, version_text: str) -> Platform | None:
    """The one platform whose fingerprints a version text bears; None where not exactly one."""
    found = [
        platform
        for platform in catalogue.values()
        if any(compiled(mark).search(version_text) for mark in platform.fingerprints)
    ]
    return found[0] if len(found) == 1 else None


def variant_of(platform: Platform, version_text: str) -> str:
    """The name of the variant that a version text shows; empty where it shows none."""
    found = (v.name for v in platform.variants if compiled(v.match).search(version_text))
    return next(found, "")


def with_variant(platform: Platform, name: str) -> Platform:
    """``platform`` with the data of its variant ``name``; without, where it has none so named.

    Every other field stays as it is.
    """
    variant = next((v for v in platform.variants if v.name == name), None)
    if variant is None:
        return platform
    return platform.changed(variant.session, variant.configuration)
