"""What the action plugin ``record_session`` calls: one device of a play."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from weibao.adapters import files
from weibao.adapters.estate_files import load_estate
from weibao.adapters.network.endpoints import endpoint_of
from weibao.adapters.network.job import Job, Limits
from weibao.adapters.network.record import record
from weibao.adapters.platform_files import load_platforms, read_platform
from weibao.domain.reasons import Reason
from weibao.domain.resolve_platform import PlatformCatalogue

__all__ = ["drafted", "record_host"]


def record_host(
    *,
    estate: Path,
    output: Path,
    platform: str,
    result: str,
    host: str,
    variables: Mapping[str, Any],
    default_user: str,
    default_password: str,
    default_enable: str,
    host_key_checking: bool = True,
) -> dict[str, Any]:
    """Record ``host`` to ``output``; what the task returns, and ``result`` takes as JSON.

    Raises:
        InputError: ``estate`` is none, or ``platform`` is no platform's file.
        FailedError: a file cannot be written.
    """
    home = load_estate(estate)
    platforms, chosen = drafted(load_platforms(home.platform_folders), platform)
    endpoint = endpoint_of(host, variables.get, default_user)
    endpoint = replace(
        endpoint,
        password=endpoint.password or default_password,
        enable_secret=endpoint.enable_secret or default_enable,
        network_os=chosen or endpoint.network_os,
    )
    settings = home.settings.backup
    job = Job(
        bundle="",
        known_hosts=str(home.known_hosts),
        platform_folders=(),
        passwords={},
        threads=1,
        limits=Limits(
            connect=settings.connect_timeout,
            login=settings.login_timeout,
            silence=settings.silence_timeout,
            device=settings.device_timeout,
        ),
        endpoints=(),
        host_key_checking=settings.host_key_checking and host_key_checking,
    )
    recorded = record(job, platforms, endpoint, secrets.token_bytes(32))
    if recorded.session is not None:
        files.replace(output, recorded.text.encode())
    told = {
        "recorded": recorded.session is not None,
        "reason": _plain(recorded.trouble),
        "last": recorded.last,
        "warnings": [_plain(warning) for warning in recorded.warnings],
    }
    if result:
        files.replace(Path(result), json.dumps(told).encode())
    code = recorded.trouble.code if recorded.trouble else ""
    return {"recorded": told["recorded"], "code": code}


def drafted(platforms: PlatformCatalogue, platform: str) -> tuple[PlatformCatalogue, str]:
    """The catalogue with the platform of the file ``platform``, and its id.

    An id or another name of a known platform is taken as it is.

    Raises:
        InputError: the file is no platform.
    """
    path = Path(platform)
    if not platform or path.suffix not in {".yml", ".yaml"}:
        return platforms, platform
    draft = read_platform(path)
    sources = {name: (lambda name=name: platforms[name]) for name in platforms}
    return (
        PlatformCatalogue(
            {**sources, draft.id: lambda: draft}, {**platforms.names(), draft.id: draft.id}
        ),
        draft.id,
    )


def _plain(reason: Reason | None) -> dict[str, Any] | None:
    return reason.model_dump(mode="json") if reason else None
