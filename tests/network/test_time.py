"""Slow lines and long silences, with a clock that only the device moves: no test waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest

from weibao.adapters.network import session
from weibao.adapters.network.collect import Collector
from weibao.adapters.network.job import Limits
from weibao.domain.acceptance import judge

from .conftest import Reader, endpoint, job
from .scripted import Printed, Script, Scripted
from .test_terminals import PLATFORMS, PROMPTS, TEXTS

LIMITS = Limits()
UNKNOWN = b"% Invalid input detected at '^' marker.\r\n\r\n"


class SlowWire:
    """A device that echoes, answers and prompts at moments of its own clock."""

    enter = b"\n"
    old_algorithms: tuple[str, ...] = ()

    def __init__(
        self, answers: Mapping[str, Printed], prompt: bytes, *, per_second: int = 0
    ) -> None:
        self.time = 0.0
        self.lines: list[str] = []
        self._answers = answers
        self._prompt = prompt
        self._pace = per_second
        self._order = itertools.count()
        self._free = 0.0
        """When the device has printed all that it has to."""
        self._coming: list[tuple[float, int, bytes]] = []
        self._print(prompt)

    def _print(self, *parts: bytes | float) -> None:
        at = max(self._free, self.time)
        for part in parts:
            if not isinstance(part, bytes):
                at += part
                continue
            size = 100 if self._pace else max(1, len(part))
            for begin in range(0, len(part), size):
                piece = part[begin : begin + size]
                at += len(piece) / self._pace if self._pace else 0.0
                heapq.heappush(self._coming, (at, next(self._order), piece))
        self._free = at

    def read(self, timeout: float) -> bytes:
        if self._coming and self._coming[0][0] <= self.time + timeout:
            at, _, data = heapq.heappop(self._coming)
            self.time = max(self.time, at)
            return data
        self.time += timeout
        return b""

    def write(self, data: bytes) -> None:
        typed = data.decode().strip()
        self.lines.append(typed)
        answer = self._answers.get(typed, UNKNOWN if typed else b"")
        parts = [answer] if isinstance(answer, bytes) else answer
        self._print(data.replace(b"\n", b"\r\n"), *parts, self._prompt)

    def close(self) -> None:
        """Nothing to hang up."""


def read(platform: str, printed: Printed, *, per_second: int = 0, limits: Limits = LIMITS):
    rules = PLATFORMS[platform]
    answers: dict[str, Printed] = dict.fromkeys(rules.session.prepare, b"")
    answers |= {command.send: TEXTS[platform] for command in rules.configuration.startup}
    answers[rules.configuration.running[0].send] = printed
    wire = SlowWire(answers, PROMPTS[platform], per_second=per_second)
    reader = Reader()
    collector = Collector(
        job(limits=limits),
        PLATFORMS,
        reader.keep,
        opener=lambda *_args, **_options: wire,
        now=lambda: wire.time,
    )
    with Scripted(Script()) as device:
        named = replace(endpoint(device), network_os=platform)
    attempt = collector.attempt(named, limits.device)
    return attempt, reader.text(attempt, "running"), wire


def plain(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("platform", TEXTS)
@pytest.mark.parametrize("where", ["before", "in the middle of a line", "behind a line"])
def test_twelve_seconds_of_silence(platform, where):
    text = TEXTS[platform]
    middle = len(text) // 2
    cut = {
        "before": 0,
        "in the middle of a line": text.index(b" ", middle) + 1,
        "behind a line": text.index(b"\n", middle) + 1,
    }[where]
    attempt, got, wire = read(platform, [text[:cut], 12.0, text[cut:]])
    assert attempt.trouble is None, attempt.trouble.reason
    assert got == plain(text)
    assert judge(got, PLATFORMS[platform]).accepted
    assert wire.time < 40


@pytest.mark.parametrize("platform", TEXTS)
def test_a_line_of_one_kilobyte_a_second(platform):
    text = TEXTS[platform]
    attempt, got, wire = read(platform, text, per_second=1000)
    assert attempt.trouble is None, attempt.trouble.reason
    assert got == plain(text)
    assert wire.time < 3 * len(text) / 1000 + 12


@pytest.mark.parametrize("platform", TEXTS)
def test_a_fast_device_is_not_waited_for(platform):
    attempt, got, wire = read(platform, TEXTS[platform])
    assert attempt.trouble is None
    assert got == plain(TEXTS[platform])
    assert wire.time < 0.5


@pytest.mark.parametrize("platform", TEXTS)
def test_a_device_that_falls_silent_is_left(platform):
    half = TEXTS[platform][: len(TEXTS[platform]) // 2]
    attempt, got, wire = read(platform, [half, 5000.0])
    assert attempt.trouble.reason.code == "silent"
    assert got is None
    assert wire.time < 3 * LIMITS.silence


def test_a_line_that_is_too_slow_for_the_device_time_is_left():
    limits = replace(LIMITS, device=60)
    attempt, _, wire = read("cisco_ios", TEXTS["cisco_ios"] * 100, per_second=1000, limits=limits)
    assert attempt.trouble.reason.code == "time_limit"
    assert wire.time < 62


def test_an_answer_without_end_is_left(monkeypatch):
    monkeypatch.setattr(session, "MOST_BYTES", 200_000)
    attempt, got, _ = read("cisco_ios", b"debug: packet 1\r\n" * 50_000)
    assert attempt.trouble.reason.code == "endless_answer"
    assert got is None
