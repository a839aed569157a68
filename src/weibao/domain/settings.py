"""An estate's settings: the model of ``weibao.yml``."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from weibao.domain.base import Name, Value

__all__ = [
    "ArchiveSettings",
    "BackupSettings",
    "MailSettings",
    "NotifySettings",
    "ScheduleSettings",
    "Settings",
    "VirusCheckSettings",
    "WebhookKind",
    "WebhookSettings",
]


class BackupSettings(Value):
    """How the devices are read."""

    concurrency: int = Field(default=64, ge=1, le=2000)
    """Sessions at once."""
    processes: int = Field(default=2, ge=1, le=64)
    connect_timeout: float = Field(default=20.0, gt=0)
    """Seconds until TCP, key exchange and banner must have come, each."""
    login_timeout: float = Field(default=40.0, gt=0)
    """Seconds from the connection to the first prompt."""
    silence_timeout: float = Field(default=30.0, gt=0)
    """Seconds without a byte in the middle of an answer."""
    device_timeout: float = Field(default=900.0, gt=0)
    """Seconds for one device, all attempts together."""
    retries: int = Field(default=2, ge=0, le=10)
    """Further attempts where the fault may pass; a refused password is never tried again."""
    retry_wait: float = Field(default=5.0, ge=0)
    shrink_ratio: float = Field(default=0.5, ge=0, le=1)
    """A text smaller than this part of the last good version is refused."""
    startup_days: int = Field(default=7, ge=0)
    """The startup configuration of a device whose running one has not changed, and that was
    found to be saved, is read again once in this many days; 0: every time."""
    host_key_checking: bool = True


class ArchiveSettings(Value):
    """Where versions are kept."""

    remote: str = ""
    """A git URL to push the redacted archive to; ``{contract}`` is replaced."""
    second_copy: str = ""
    """A folder (network storage) for the second copy of the encrypted texts (CFG-11)."""
    push_timeout: float = Field(default=60.0, gt=0)


class WebhookKind(StrEnum):
    """Whose message format a webhook wants."""

    generic = "generic"
    dingtalk = "dingtalk"
    wecom = "wecom"
    feishu = "feishu"


class MailSettings(Value):
    """Summary by mail (SMTP)."""

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    """A file with the password, so that none stands in the settings."""
    sender: str
    to: tuple[str, ...] = Field(min_length=1)


class WebhookSettings(Value):
    """Summary by webhook."""

    kind: WebhookKind = WebhookKind.generic
    url_file: str = ""
    """A file with the URL (its token is a secret)."""
    url: str = ""
    secret_file: str = ""
    """A file with the signing secret (DingTalk, Feishu)."""


class NotifySettings(Value):
    """When and whom to tell."""

    when: Literal["failure", "always", "never"] = "failure"
    mail: tuple[MailSettings, ...] = ()
    webhooks: tuple[WebhookSettings, ...] = ()
    timeout: float = Field(default=20.0, gt=0)


class ScheduleSettings(Value):
    """The night (SCH-01, JOB-19)."""

    backup_at: str = Field(default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Local time of the estate's time zone."""
    ports_at: str = Field(default="", pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")
    """Local time of the daily port check (SCH-02); empty: none is scheduled."""
    grace_minutes: int = Field(default=60, ge=1)
    """A night not started this long after its time is missed."""


class VirusCheckSettings(Value):
    """How package files that the customer supplies are looked at (PAT-13)."""

    command: tuple[str, ...] = (
        *("clamscan", "-r", "--stdout", "--no-summary", "--alert-exceeds-max=yes"),
        *("--max-filesize=2000M", "--max-scansize=2000M", "{file}"),
    )
    """The scanner, called for the package and for the folder with all that is in it, either as
    ``{file}``: scanners do not look into packages. It ends with 0 for clean and 1 where it found
    something; any other end, and a program that is not there, is *not checked*."""
    version: tuple[str, ...] = ("clamscan", "--version")
    """What says the version of scanner and signatures; empty: it is not asked."""
    required: bool = False
    """Refuse a file that could not be checked; one in which something was found always is."""
    timeout: float = Field(default=900.0, gt=0)


class Settings(Value):
    """One estate."""

    schema_version: int = 1
    name: Name
    site: Name = "main"
    language: Literal["zh", "en"] = "zh"
    time_zone: str = "Asia/Shanghai"
    inventory: tuple[str, ...] = ("inventory",)
    state: str = "var"
    """Folder of everything that Weibao writes, relative to the estate."""
    database: str = ""
    """SQLAlchemy URL; empty: SQLite in the state folder."""
    database_file: str = ""
    """A file that holds the URL where it contains a password."""
    keys: str
    """Folder of the encryption keys, one a contract."""
    backup: BackupSettings = BackupSettings()
    archive: ArchiveSettings = ArchiveSettings()
    notify: NotifySettings = NotifySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    virus_check: VirusCheckSettings = VirusCheckSettings()
