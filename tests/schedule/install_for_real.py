"""Run by the test beside a real manager: install, look, start, remove; prints JSON."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from weibao.adapters.schedule import user_scheduler
from weibao.boundary.schedule import ScheduleJob
from weibao.domain.schedule import Schedule


def ctl(*arguments: str) -> str:
    done = subprocess.run(
        ["systemctl", "--user", *arguments], capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).strip()


def main() -> None:
    home, estate, program = sys.argv[1:]
    job = ScheduleJob(
        schedule=Schedule(at="02:00", zone="Europe/Berlin", grace_minutes=60),
        name="工程 one",
        estate=estate,
        program=(program,),
        run=("backup", "run", "--scheduled", "-C", estate),
        check=("schedule", "check", "-C", estate),
        tick=("change", "tick", "-C", estate),
    )
    now = datetime.now(UTC)
    scheduler = user_scheduler(Path(home))
    said: dict[str, object] = {"missing": scheduler.missing() is not None}
    first = scheduler.install(job, now)
    said["first"], said["second"] = first.changed, scheduler.install(job, now).changed
    said["active"] = scheduler.state(job).active
    names = {Path(file).name for file in first.files}
    night = next(name for name in names if "backup" in name and name.endswith(".timer"))
    said["next"] = ctl("show", night, "--property=NextElapseUSecRealtime", "--value")
    said["start"] = ctl("start", night.replace(".timer", ".service"))
    later = dataclasses.replace(job, schedule=job.schedule.model_copy(update={"at": "03:45"}))
    said["changed"] = scheduler.install(later, now).changed
    said["next_changed"] = ctl("show", night, "--property=NextElapseUSecRealtime", "--value")
    said["removed"] = len(scheduler.remove(later))
    said["left"] = sorted(p.name for p in (Path(home) / ".config/systemd/user").rglob("*weibao*"))
    said["timers"] = ctl("list-timers", "--all", "--no-legend", "weibao-*")
    print(json.dumps(said))


if __name__ == "__main__":
    main()
