"""Telling people, by every way that is set, whatever one of them does (CFG-07, SEC-02)."""

from __future__ import annotations

from collections.abc import Sequence

from weibao.boundary.notify import Notice, Notifier
from weibao.domain.reasons import Reason
from weibao.domain.settings import NotifySettings
from weibao.errors import WeibaoError
from weibao.i18n import Language

__all__ = ["notify", "wanted"]


def wanted(notice: Notice, settings: NotifySettings) -> bool:
    """Whether the settings want this notice to be sent."""
    if settings.when == "always":
        return True
    return settings.when == "failure" and notice.failed


def notify(
    notice: Notice,
    settings: NotifySettings,
    notifiers: Sequence[Notifier],
    language: Language = "en",
) -> list[Reason]:
    """Send ``notice`` where the settings want it; what did not work, in ``language``.

    The trouble of one notifier never stops the others, nor the caller.
    """
    if not wanted(notice, settings):
        return []
    failures: list[Reason] = []
    for notifier in notifiers:
        try:
            notifier.send(notice)
        except WeibaoError as error:
            failures.append(_failed(notifier, error.say(language)))
        except Exception as error:
            # A defect; its text is not known to be free of secrets, its type is.
            failures.append(_failed(notifier, type(error).__name__))
    return failures


def _failed(notifier: Notifier, why: str) -> Reason:
    return Reason.of("notify_failed", name=notifier.name, why=why)
