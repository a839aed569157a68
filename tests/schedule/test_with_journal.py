"""The schedule on the real journal: what is recorded verifies, and is found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from weibao.adapters.journal import SqlJournal
from weibao.boundary.schedule import Installed, ScheduleJob, SchedulerState
from weibao.domain.schedule import Schedule, SchedulerKind
from weibao.domain.settings import NotifySettings
from weibao.services import schedule as service

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 5, 1, 18, tzinfo=UTC)
SCHEDULE = Schedule(at="02:00", zone="Asia/Shanghai", grace_minutes=60)
JOB = ScheduleJob(SCHEDULE, "工程", "/srv/e", ("/usr/bin/weibao",), ("run",), ("check",))


class Clock:
    def now(self) -> datetime:
        return START


class Cron:
    kind = SchedulerKind.cron

    def missing(self) -> None:
        return None

    def install(self, job: ScheduleJob, now: datetime) -> Installed:
        return Installed(True, lines=("0 2 * * * x",))

    def state(self, job: ScheduleJob) -> SchedulerState:
        return SchedulerState(True, True)

    def remove(self, job: ScheduleJob) -> tuple[str, ...]:
        return ()


def test_on_the_real_journal(tmp_path):
    def opened() -> SqlJournal:
        url = f"sqlite:///{tmp_path / 'j.db'}"
        return SqlJournal(url, site="main", clock=Clock(), mark=tmp_path / "mark")

    service.install(JOB, Cron(), opened(), START, "me@here")
    assert not service.install(JOB, Cron(), opened(), START, "me@here").changed
    teller = service.Teller("工程", "zh", NotifySettings())
    morning = NIGHT + timedelta(hours=6)
    assert service.check(opened(), teller, morning, "me@here").missed == (NIGHT,)
    assert service.check(opened(), teller, morning, "me@here").examined == 0
    view = service.show(opened(), JOB, [Cron()], morning)
    assert view.missed == (NIGHT,)
    assert view.recorded is not None
    assert view.recorded.schedule == SCHEDULE
    assert list(opened().verify()) == []
