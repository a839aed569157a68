"""What starts the night: systemd timers, or lines for cron (SCH-01)."""

from weibao.adapters.schedule.caller import Caller, CommandResult, call
from weibao.adapters.schedule.cron import CronScheduler
from weibao.adapters.schedule.program import find_program
from weibao.adapters.schedule.systemd import SystemdScheduler, system_scheduler, user_scheduler

__all__ = [
    "Caller",
    "CommandResult",
    "CronScheduler",
    "SystemdScheduler",
    "call",
    "find_program",
    "system_scheduler",
    "user_scheduler",
]
