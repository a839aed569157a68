"""Junos configuration mode: candidate, commit, commit confirmed, rollback."""

from __future__ import annotations

import asyncio
import difflib
from typing import TYPE_CHECKING, Protocol

from weibao_lab.braces import TOP_LEVEL, BraceTree
from weibao_lab.dialects.base import Reply, filtered
from weibao_lab.grammar import GrammarError, Match, resolve, split_pipes

if TYPE_CHECKING:
    from weibao_lab.device import Device
    from weibao_lab.session import Session

__all__ = ["JunosEdit"]

_PATTERNS = (
    "set ...",
    "delete ...",
    "edit ...",
    "up",
    "top",
    "show",
    "show ...",
    "load override terminal",
    "commit",
    "commit check",
    "commit and-quit",
    "commit comment ...",
    "commit confirmed",
    "commit confirmed <minutes>",
    "rollback",
    "rollback <number>",
    "run ...",
    "exit",
    "exit configuration-mode",
    "quit",
)


class _Host(Protocol):
    """What this half of the dialect needs of the other half."""

    def tree(self, device: Device) -> BraceTree: ...

    def install(self, device: Device, candidate: BraceTree, who: str) -> None: ...

    def error(self, session: Session, line: str, problem: GrammarError) -> str: ...

    def split(self, line: str) -> list[str]: ...

    def parse(self, text: str) -> BraceTree: ...

    async def execute(self, session: Session, line: str) -> None: ...


class JunosEdit:
    """The ``edit_line`` of Junos and what belongs to it."""

    async def edit_line(self: _Host, session: Session, line: str) -> None:
        """Answer one line in configuration mode."""
        if line == "\x1a" or not line:
            return
        typed, *pipes = split_pipes(line)
        try:
            match = resolve(typed, _PATTERNS)
        except GrammarError as problem:
            session.put(self.error(session, line, problem))
            return
        editor = _Editor(self, session, match, pipes)
        await getattr(editor, "do_" + match.pattern.split()[0])()


class _Editor:
    """One command in configuration mode."""

    def __init__(self, host: _Host, session: Session, match: Match, pipes: list[str]) -> None:
        self.host = host
        self.session = session
        self.device = session.device
        self.match = match
        self.pipes = pipes

    @property
    def candidate(self) -> BraceTree:
        """The uncommitted configuration of this session."""
        if self.session.candidate is None:
            self.session.candidate = self.host.tree(self.device).copy()
        return self.session.candidate

    @property
    def changed(self) -> bool:
        """Whether there is something to commit."""
        return self.candidate.render() != self.host.tree(self.device).render()

    def words(self) -> tuple[str, ...]:
        """The full path that the typed words mean."""
        rest = self.session.typed.strip().partition(" ")[2]
        return (*self.session.path, *self.host.split(split_pipes(rest)[0]))

    def known(self, words: tuple[str, ...]) -> bool:
        """Complain about a path that begins with no known statement."""
        if words and words[0] in TOP_LEVEL and (len(words) > 1 or self.session.path):
            return True
        at = len(self.session.typed.split(" ")[0]) + 1
        problem = GrammarError("unknown", at, words[0] if words else "")
        self.session.put(self.host.error(self.session, self.session.typed, problem))
        return False

    async def do_set(self) -> None:
        """``set``."""
        words = self.words()
        if self.known(words):
            self.candidate.set(words)

    async def do_delete(self) -> None:
        """``delete``."""
        words = self.words()
        whole = len(words) == 1 and words[0] in TOP_LEVEL
        if (whole or self.known(words)) and not self.candidate.delete(words):
            self.session.put("warning: statement not found\n")

    async def do_edit(self) -> None:
        """Go to a level."""
        self.session.path = self.words()

    async def do_up(self) -> None:
        """One word up."""
        self.session.path = self.session.path[:-1]

    async def do_top(self) -> None:
        """To the top level."""
        self.session.path = ()

    async def do_show(self) -> None:
        """The candidate, or how it differs from the committed configuration."""
        if any(pipe.startswith("comp") for pipe in self.pipes):
            await self.session.answer(Reply(self.difference()), "show | compare")
            return
        words = self.words()
        part = BraceTree(self.candidate.subtree(words) or []) if words else self.candidate
        as_set = any(pipe.split()[:2] == ["display", "set"] for pipe in self.pipes)
        above = " ".join(self.words())
        text = part.render()
        if as_set:
            text = part.render_set().replace("set ", f"set {above} " if above else "set ")
        await self.session.answer(filtered(Reply(text), self.pipes), self.match.canonical)

    def difference(self) -> str:
        """The changed lines with some context, marked + and -."""
        old = self.host.tree(self.device).render().splitlines()
        new = self.candidate.render().splitlines()
        lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
        return "".join(f"{'[edit]' if line.startswith('@@') else line}\n" for line in lines)

    async def do_load(self) -> None:
        """``load override terminal``: a whole text takes the candidate's place."""
        self.session.put("[Type ^D at a new line to end input]\n")
        text = await self.session.typed_text()
        self.session.candidate = self.host.parse(text)
        self.session.put("load complete\n")

    async def do_rollback(self) -> None:
        """Load an earlier configuration into the candidate."""
        number = int(self.match.args[0]) if self.match.args and self.match.args[0].isdigit() else 0
        snapshots = [self.device.running, *self.device.history]
        if number >= len(snapshots):
            self.session.put("error: could not open configuration database\n")
            return
        tree = snapshots[number].tree
        assert isinstance(tree, BraceTree)  # noqa: S101 - a Junos device has no other
        self.session.candidate = tree.copy()
        self.session.put("load complete\n")

    async def do_commit(self) -> None:
        """``commit`` in all its forms."""
        if self.session.visit.fault.unauthorised:
            self.session.put("error: permission denied\n")
            return
        pattern = self.match.pattern
        if pattern == "commit check":
            self.session.put("configuration check succeeds\n")
            return
        before = self.host.tree(self.device).copy()
        pending = self.device.pending_rollback
        if pending is not None:
            pending.cancel()
            self.device.pending_rollback = None
        if self.changed:
            self.host.install(self.device, self.candidate.copy(), self.session.username)
        if pattern.startswith("commit confirmed"):
            self._confirm_within(before)
        self.session.put("commit complete\n")
        if pattern == "commit and-quit":
            await self.do_exit()

    def _confirm_within(self, before: BraceTree) -> None:
        minutes = (
            int(self.match.args[0]) if self.match.args and self.match.args[0].isdigit() else 10
        )
        self.session.put(
            f"commit confirmed will be automatically rolled back in {minutes} minutes "
            "unless confirmed\n"
        )
        self.device.pending_rollback = asyncio.get_running_loop().call_later(
            minutes * self.device.minute_seconds, self._roll_back, before
        )

    def _roll_back(self, before: BraceTree) -> None:
        self.device.pending_rollback = None
        self.host.install(self.device, before, "root")

    async def do_run(self) -> None:
        """An operational command."""
        await self.host.execute(self.session, self.session.typed.strip().partition(" ")[2])

    async def do_exit(self) -> None:
        """One level up, or out of configuration mode."""
        if self.session.path and self.match.pattern == "exit":
            self.session.path = ()
            return
        if self.changed:
            question = (
                "The configuration has been changed but not committed\n"
                "Exit with uncommitted changes? [yes,no] (yes) "
            )
            answer = await self.session.ask(question)
            if answer.lower().startswith("n"):
                return
        self.session.mode, self.session.path, self.session.candidate = "exec", (), None
        self.session.put("Exiting configuration mode\n\n")

    do_quit = do_exit
