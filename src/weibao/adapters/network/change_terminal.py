"""A terminal in which lines are entered: each may change the prompt, or ask something."""

from __future__ import annotations

import re
from collections.abc import Sequence

from weibao.adapters.network.screen import after_echo
from weibao.adapters.network.session import Session
from weibao.adapters.network.trouble import Trouble
from weibao.domain.change_rules import Question

__all__ = ["EditSession"]

_QUIET = 4.0
"""Seconds of silence after which Enter is pressed where no question stands (at most a third
of the patience)."""
_LOOKS = 10
"""Seconds to wait for the rest of an echo."""
_QUESTIONS = 12
"""More than these in the answer to one line mean that answers are not understood."""
_ASKS = re.compile(
    rb"(?:\?|\[[^\]\n]{1,40}\]|\([^)\n]{1,40}\))[ \t]*:?[ \t]*\Z|(?<![>#\]]):[ \t]*\Z"
)
_MARKED = re.compile(rb"^([<\[])[~*]")
_EDIT_LINE = re.compile(rb"\n?\[edit[^\]\n]*\][ \t]*\Z")


class EditSession(Session):
    """Enters lines; everything else is the reading session's."""

    place = b""
    """The prompt after the last line: where in the configuration one stands."""

    def do(self, line: bytes, questions: Sequence[Question], patience: float) -> bytes:
        """Send ``line``, answer what is asked, wait for a prompt; what the device said.

        Raises:
            Trouble: as the session's; ``change_asked`` where the device asks something that
                the platform's data does not know.
        """
        patterns = {
            f"question{number}": b"(?:" + question.match.encode("utf-8") + rb")[ \t]*\Z"
            for number, question in enumerate(questions)
        }
        self.forget_prompt()
        self.send(line)
        said, sent = b"", line
        for _ in range(_QUESTIONS):
            seen = self._await(patterns, patience, sent)
            text = self._received.text()
            if seen == "prompt":
                # VRP 8 marks in it whether something is not committed yet.
                self.place = _MARKED.sub(rb"\1", text.rstrip().rpartition(b"\n")[2].strip())
                return said + self._answer(text, sent)
            said += self._answer(text, sent) + b"\n"
            sent = questions[int(seen.removeprefix("question"))].answer.encode("utf-8")
            self.send(sent)
        raise Trouble("change_asked", question=_last_line(self._received.text()))

    def type_text(self, lines: Sequence[bytes]) -> None:
        """Send lines that are part of one text; nothing is expected between them."""
        for line in lines:
            self._wire.write(line + self._wire.enter)

    def press_and_wait(self, key: bytes, patience: float) -> bytes:
        """Press a key that ends a text that was typed; what was said until the prompt."""
        self.forget_prompt()
        self._wire.write(key)
        self._await({}, patience, b"")
        return self._received.text()

    def _await(self, patterns: dict[str, bytes], patience: float, sent: bytes) -> str:
        pressed = False
        looks = 0
        while True:
            limit = patience if pressed else min(_QUIET, patience / 3)
            try:
                seen = self.expect(patterns, limit)
            except Trouble as trouble:
                if trouble.reason.code != "silent":
                    raise
                last = _last_line(self._received.text())
                if _ASKS.search(last.encode("utf-8", "replace")):
                    raise Trouble("change_asked", question=last) from trouble
                if pressed:
                    raise
                pressed = True
                if self.said():
                    # A message of the log stands behind the prompt: bring it again.
                    self.press_enter()
                continue
            if seen != "prompt" or not self.echoes or not sent:
                return seen
            looks += 1
            if b"\n" in self._received.text() or looks > _LOOKS:
                return seen
            # The prompt's look-alike is the beginning of the echo.
            self._read(min(1.0, patience))

    def _answer(self, text: bytes, sent: bytes) -> bytes:
        start = after_echo(text, sent, None)
        body = text[start:] if start is not None else text
        body = body.rstrip()
        body = body[: body.rfind(b"\n") + 1]
        return _EDIT_LINE.sub(b"", body.rstrip()) if body.strip() else b""


def _last_line(text: bytes) -> str:
    return text.rstrip().rpartition(b"\n")[2].decode("utf-8", "replace").strip()[:120]
