"""Installing, checking and telling, against a journal in memory (JOB-19)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from weibao.boundary.notify import Notice
from weibao.boundary.schedule import Installed, ScheduleJob, SchedulerState
from weibao.domain.reasons import Reason
from weibao.domain.records import LedgerRow, Run, Trigger
from weibao.domain.schedule import Schedule, SchedulerKind
from weibao.domain.settings import NotifySettings
from weibao.errors import FailedError
from weibao.services import schedule as service
from weibao.services.schedule import Teller

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
NIGHT = datetime(2026, 5, 1, 18, tzinfo=UTC)  # 02:00 in Shanghai
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SCHEDULE = Schedule(at="02:00", zone="Asia/Shanghai", grace_minutes=60)


class MemoryJournal:
    """The part of the journal that schedules need."""

    def __init__(self) -> None:
        self.rows: list[LedgerRow] = []
        self.all_runs: list[Run] = []

    def append(self, at, actor, action, subject, payload) -> LedgerRow:
        row = LedgerRow(
            site="main",
            sequence=len(self.rows) + 1,
            at=at.isoformat(),
            actor=actor,
            action=action,
            subject=subject,
            payload=payload,
            previous="",
            hash="",
        )
        self.rows.append(row)
        return row

    def ledger_of(self, action: str, limit: int = 1) -> list[LedgerRow]:
        return [row for row in reversed(self.rows) if row.action == action][:limit]

    def runs(self, *, job: str = "", limit: int = 50) -> list[Run]:
        found = [run for run in self.all_runs if not job or run.job == job]
        return sorted(found, key=lambda run: run.started_at, reverse=True)[:limit]

    def ran(
        self, at: datetime, trigger: Trigger = Trigger.schedule, job: str = "backup-configs"
    ) -> None:
        self.all_runs.append(
            Run(
                id=f"r{len(self.all_runs)}",
                job=job,
                runbook="backup-configs@1",
                runbook_sha256="0" * 64,
                actor="me@here",
                trigger=trigger,
                authorisation="read-only",
                program="weibao",
                started_at=at,
                targets=1,
            )
        )


class FakeScheduler:
    def __init__(self, kind: SchedulerKind = SchedulerKind.user) -> None:
        self.kind = kind
        self.job: ScheduleJob | None = None
        self.fails = False

    def missing(self) -> Reason | None:
        return None

    def install(self, job: ScheduleJob, now: datetime) -> Installed:
        if self.fails:
            raise FailedError("schedule.install_failed", why="no")
        changed, self.job = self.job != job, job
        return Installed(changed, files=("a.timer",))

    def state(self, job: ScheduleJob) -> SchedulerState:
        there = self.job is not None
        return SchedulerState(there, there)

    def remove(self, job: ScheduleJob) -> tuple[str, ...]:
        there, self.job = self.job is not None, None
        return ("a.timer",) if there else ()


class Post:
    """A notifier that keeps what it sent."""

    name = "post"

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.down = False

    def send(self, notice: Notice) -> None:
        if self.down:
            raise FailedError("notify.webhook_failed", name=self.name, why="down")
        self.sent.append(notice)


JOB = ScheduleJob(SCHEDULE, "my-estate", "/srv/e", ("/usr/bin/weibao",), ("run",), ("check",))


def teller(*posts: Post, when: str = "failure", language: str = "zh") -> Teller:
    return Teller("my-estate", language, NotifySettings(when=when), posts)


@pytest.fixture
def journal() -> MemoryJournal:
    journal = MemoryJournal()
    service.install(JOB, FakeScheduler(), journal, START, "me@here")
    return journal


def check(journal: MemoryJournal, now: datetime, *posts: Post, **more) -> service.CheckReport:
    return service.check(journal, teller(*posts, **more), now, "me@here")


def test_installing_twice_records_once():
    journal, scheduler = MemoryJournal(), FakeScheduler()
    assert service.install(JOB, scheduler, journal, START, "me").changed
    assert not service.install(JOB, scheduler, journal, START + DAY, "me").changed
    assert [row.action for row in journal.rows] == ["schedule.installed"]
    found = service.recorded(journal)
    assert found is not None
    assert (found.schedule, found.since, found.kind) == (SCHEDULE, START, SchedulerKind.user)


def test_a_failed_install_records_nothing():
    journal, scheduler = MemoryJournal(), FakeScheduler()
    scheduler.fails = True
    with pytest.raises(FailedError):
        service.install(JOB, scheduler, journal, START, "me")
    assert journal.rows == []


def test_a_missed_night_is_told_once(journal):
    post = Post()
    morning = NIGHT + 6 * HOUR
    first = check(journal, morning, post)
    assert first.missed == first.told == (NIGHT,)
    for hours in (0, 1, 30):
        check(journal, morning + timedelta(minutes=hours), post)
    assert len(post.sent) == 1
    notice = post.sent[0]
    assert notice.failed
    assert "2026-05-02 02:00 Asia/Shanghai" in notice.text
    assert "my-estate" in notice.subject
    assert notice.data["nights"] == [NIGHT.isoformat()]


def test_a_night_that_ran_is_not_missed(journal):
    post = Post()
    journal.ran(NIGHT + timedelta(seconds=2))
    report = check(journal, NIGHT + 6 * HOUR, post)
    assert (report.examined, report.missed, post.sent) == (1, (), [])


def test_a_run_by_hand_does_not_make_the_night(journal):
    journal.ran(NIGHT + timedelta(minutes=5), Trigger.manual)
    assert check(journal, NIGHT + 6 * HOUR, Post()).missed == (NIGHT,)


def test_a_month_off_is_one_message(journal):
    post = Post()
    report = check(journal, NIGHT + 30 * DAY + 2 * HOUR, post)
    assert len(report.missed) == 31
    assert len(post.sent) == 1


def test_nobody_told_is_tried_again_and_then_never_twice(journal):
    one, two = Post(), Post()
    one.down = two.down = True
    report = check(journal, NIGHT + 6 * HOUR, one, two)
    assert report.told == ()
    assert [failure.code for failure in report.failures] == ["notify_failed"] * 2
    two.down = False
    again = check(journal, NIGHT + 7 * HOUR, one, two)
    assert (again.missed, again.told) == ((), (NIGHT,))
    assert check(journal, NIGHT + 8 * HOUR, one, two) == service.CheckReport(examined=0)
    assert (len(one.sent), len(two.sent)) == (0, 1)


def test_killed_while_telling_does_not_tell_again(journal):
    class Killed(Post):
        def send(self, notice: Notice) -> None:
            super().send(notice)
            raise KeyboardInterrupt

    post = Killed()
    with pytest.raises(KeyboardInterrupt):
        check(journal, NIGHT + 6 * HOUR, post)
    check(journal, NIGHT + 7 * HOUR, post)
    assert len(post.sent) == 1
    assert service.all_missed(journal, NIGHT + 7 * HOUR) == [NIGHT]


def test_told_to_nobody_when_never(journal):
    post = Post()
    report = check(journal, NIGHT + 6 * HOUR, post, when="never")
    assert (report.missed, report.told, post.sent) == ((NIGHT,), (), [])


def test_removed_nights_are_nobodys(journal):
    scheduler = FakeScheduler()
    assert service.remove(JOB, [scheduler], journal, START + HOUR, "me") == ()
    assert service.recorded(journal) is None
    assert check(journal, NIGHT + 9 * DAY, Post()).examined == 0
    assert service.remove(JOB, [scheduler], journal, START + DAY, "me") == ()
    assert len(journal.rows) == 2


def test_the_installed_schedule_decides_not_an_edited_setting(journal):
    edited = SCHEDULE.model_copy(update={"at": "05:00"})
    assert service.decide(journal, edited, NIGHT).verdict == "run"
    assert service.decide(MemoryJournal(), edited, NIGHT).verdict == "missed"


def test_in_the_morning_it_is_missed_and_after_a_run_not_due(journal):
    assert service.decide(journal, SCHEDULE, NIGHT + 6 * HOUR).verdict == "missed"
    journal.ran(NIGHT)
    assert service.decide(journal, SCHEDULE, NIGHT + 6 * HOUR).verdict == "not_due"


def test_show(journal):
    scheduler = FakeScheduler()
    scheduler.job = JOB
    journal.ran(NIGHT)
    journal.ran(NIGHT + HOUR, Trigger.manual)
    now = NIGHT + DAY + 6 * HOUR
    view = service.show(journal, JOB, [scheduler], now)
    assert view.next_at == NIGHT + 2 * DAY
    assert [run.started_at for run in view.last_runs] == [NIGHT]
    assert view.missed == (NIGHT + DAY,)
    assert view.warnings == ()
    assert len(journal.rows) == 1  # looking records nothing


def test_show_warns_where_the_timer_is_gone_or_differs(journal):
    other = dataclasses.replace(JOB, schedule=SCHEDULE.model_copy(update={"at": "05:00"}))
    view = service.show(journal, other, [FakeScheduler()], NIGHT)
    codes = [warning.code for warning in view.warnings]
    assert codes == ["schedule_not_active", "schedule_differs"]
    assert view.next_at is None


def test_show_before_anything_is_installed():
    view = service.show(MemoryJournal(), JOB, [FakeScheduler()], NIGHT)
    assert (view.recorded, view.state, view.next_at, view.missed) == (None, None, None, ())


def test_the_next_report_says_which_nights_were_missed(journal):
    journal.ran(NIGHT)
    now = NIGHT + 3 * DAY
    check(journal, NIGHT + DAY + 6 * HOUR, Post())
    found = service.missed_findings(journal, "r9", "default", NIGHT, now)
    assert [finding.params["planned"] for finding in found] == [
        "2026-05-03T02:00+08:00",
        "2026-05-04T02:00+08:00",
    ]
    assert {finding.severity for finding in found} == {"serious"}


def test_many_manual_runs_hide_no_scheduled_one(journal):
    journal.ran(NIGHT)
    for minute in range(500):
        journal.ran(NIGHT + HOUR + timedelta(minutes=minute), Trigger.manual)
    assert check(journal, NIGHT + 12 * HOUR, Post()).missed == ()


MORNING = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)  # 06:30 in Shanghai
WITH_PORTS = dataclasses.replace(JOB, ports_schedule=SCHEDULE.model_copy(update={"at": "06:30"}))


def test_a_missed_check_of_ports_is_told_once_beside_the_nights():
    journal, post, scheduler = MemoryJournal(), Post(), FakeScheduler()
    service.install(WITH_PORTS, scheduler, journal, START, "me@here")
    journal.ran(NIGHT)
    view = service.show(journal, WITH_PORTS, [scheduler], MORNING - HOUR)
    assert view.ports_next_at == MORNING
    assert view.warnings == ()
    found = check(journal, MORNING + 2 * HOUR, post)
    assert (found.missed, found.missed_ports) == ((), (MORNING,))
    assert check(journal, MORNING + 3 * HOUR, post).missed_ports == ()
    (notice,) = post.sent
    assert "2026-05-02 06:30 Asia/Shanghai" in notice.text
    assert "端口" in notice.subject
    assert notice.data["event"] == "missed_ports_check"
    assert service.show(journal, WITH_PORTS, [scheduler], MORNING + DAY).missed_ports == (MORNING,)


def test_a_check_of_ports_that_ran_is_not_missed():
    journal, post = MemoryJournal(), Post()
    service.install(WITH_PORTS, FakeScheduler(), journal, START, "me@here")
    journal.ran(NIGHT)
    journal.ran(MORNING + timedelta(minutes=1), job="check-ports")
    assert check(journal, MORNING + 2 * HOUR, post).missed_ports == ()
    assert post.sent == []


def test_a_timer_for_ports_that_is_only_in_the_settings_is_named(journal):
    scheduler = FakeScheduler()
    scheduler.job = JOB
    view = service.show(journal, WITH_PORTS, [scheduler], NIGHT)
    assert [warning.code for warning in view.warnings] == ["ports_schedule_differs"]
    assert check(journal, MORNING + 2 * HOUR, Post()).missed_ports == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_exist(language: str, journal):
    def said(reasons: Sequence[Reason]) -> None:
        from weibao.i18n import translate

        for reason in reasons:
            text = translate(reason.key, language, **reason.params)
            assert not text.startswith("reason.")
            assert "{" not in text

    other = dataclasses.replace(JOB, schedule=SCHEDULE.model_copy(update={"at": "05:00"}))
    said(service.show(journal, other, [FakeScheduler()], NIGHT).warnings)
    said(service.show(journal, WITH_PORTS, [FakeScheduler()], NIGHT).warnings)
    said(
        [
            Reason.of("no_user_systemd", why="x"),
            Reason.of("no_system_systemd", why="x"),
            Reason.of("no_crontab"),
            Reason.of("no_linger", user="x"),
            Reason.of("notify_failed", name="x", why="y"),
        ]
    )
    notice = service.missed_notice(teller(language=language), [NIGHT], SCHEDULE)
    assert "schedule.notice" not in notice.subject + notice.text
