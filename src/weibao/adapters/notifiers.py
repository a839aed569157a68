"""All ways of telling people that an estate has set."""

from __future__ import annotations

from pathlib import Path

from weibao.adapters.mail import MailNotifier
from weibao.adapters.webhook import WebhookNotifier
from weibao.boundary.clock import Clock
from weibao.boundary.notify import Notifier
from weibao.domain.settings import NotifySettings

__all__ = ["build_notifiers", "check_notifiers"]


def _all(
    settings: NotifySettings, base: Path, clock: Clock
) -> list[MailNotifier | WebhookNotifier]:
    timeout = settings.timeout
    return [
        *(MailNotifier(mail, base, clock, timeout) for mail in settings.mail),
        *(WebhookNotifier(hook, base, clock, timeout) for hook in settings.webhooks),
    ]


def build_notifiers(settings: NotifySettings, base: Path, clock: Clock) -> list[Notifier]:
    """The notifiers in the order of the settings; ``base`` is the estate's folder.

    Their files are read when they send, so that a missing one is that notifier's failure
    and does not stop the night.
    """
    return list(_all(settings, base, clock))


def check_notifiers(settings: NotifySettings, base: Path, clock: Clock) -> None:
    """Look at every entry beforehand, as when the schedule is installed.

    Raises:
        InputError: the first entry that cannot work; names its file.
    """
    for notifier in _all(settings, base, clock):
        notifier.check()
