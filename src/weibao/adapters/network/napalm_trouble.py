"""What the exceptions of NAPALM's drivers mean, in an engineer's words and without secrets.

The libraries raise what they like, often with the real cause only behind it: so the whole chain
is looked at, and classes are told by their names, as nothing of them is imported here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from weibao.adapters.network.bounded_http import EndlessAnswer
from weibao.adapters.network.job import Endpoint, Limits
from weibao.adapters.network.session import MOST_BYTES
from weibao.adapters.network.tcp import tcp_trouble
from weibao.adapters.network.trouble import Trouble
from weibao.adapters.scrub import scrub
from weibao.domain.reasons import Reason

__all__ = ["Refused", "trouble_of"]

_REFUSALS = frozenset({"CommandError", "NXAPICommandError", "RpcError"})
"""The device answered, and does not give this."""
_LOGINS = frozenset({"NXAPIAuthError", "ConnectAuthError", "AuthenticationError"})
_LATE = frozenset(
    {"ReadTimeout", "RpcTimeoutError", "TimeoutExpiredError", "ConnectTimeout"}
    | {"ConnectTimeoutError", "TimeoutError"}
)
_CUT = frozenset({"ConnectClosedError", "SessionCloseError", "TransportError"})
_NO_NETCONF = frozenset({"ConnectRefusedError", "SSHException"})
"""Somebody listens, as was tried before: what it speaks is not this."""
_DEEPEST = 20


class Refused(Trouble):
    """One answer that the device, or its driver, does not give."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code, **reason.params)
        self.said = reason.params.get("detail") or reason.code


def trouble_of(error: BaseException, at: Endpoint, limits: Limits, api: str) -> Trouble:
    """Why the device could not be read; ``api`` is what its driver speaks."""
    chain = list(_chain(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    where = {"address": at.address, "port": at.port}
    if names & _LOGINS or _is_eapi_401(chain):
        return Trouble("auth_failed", user=at.username)
    for each in chain:
        if isinstance(each, EndlessAnswer):
            return Trouble("endless_answer", megabytes=MOST_BYTES // 1024**2)
        if type(each).__name__ == "UnsupportedVersion":
            release = getattr(each.args[0], "version", "-") if each.args else "-"
            return Trouble("napalm_release", api=api, release=release)
        if type(each).__name__ == "SSHUnknownHostError":
            fingerprint = getattr(each, "fingerprint", "")
            return Trouble("host_key_changed", **where, fingerprint=fingerprint, device=at.device)
        if isinstance(each, ssl.SSLCertVerificationError):
            return Trouble("certificate_untrusted", **where, detail=each.verify_message)
    if names & _LATE:
        return Trouble("silent", seconds=f"{limits.silence:g}")
    if names & _CUT:
        return Trouble("dropped")
    if names & _REFUSALS:
        return Refused(Reason.of("napalm_error", api=api, detail=_said(error, at)))
    if names & _NO_NETCONF:
        return Trouble("api_refused", **where, api=api)
    for each in chain:
        if isinstance(each, ConnectionError):
            return Trouble("dropped")
        if isinstance(each, OSError) and type(each).__module__ in {"builtins", "socket"}:
            return tcp_trouble(each, at, limits)
    return Trouble("napalm_error", api=api, detail=_said(error, at))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that is behind it."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _DEEPEST:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *each.args]
        waiting += [getattr(each, name, None) for name in ("reason", "_orig")]


def _is_eapi_401(chain: list[BaseException]) -> bool:
    """pyeapi raises one class for all that is wrong with a line; only of a login, out of itself."""
    first = chain[0]
    here = type(first).__module__.startswith("pyeapi") and type(first).__name__ == "ConnectionError"
    return here and not any(isinstance(each, OSError | ValueError) for each in chain[1:])


def _said(error: BaseException, at: Endpoint) -> str:
    """What the driver says; an API's own login is the name and the password in one."""
    secrets = at.secrets()
    both = (f"{at.username}:{secret}" for secret in secrets)
    return scrub(f"{type(error).__name__}: {error}", (*secrets, *both))
