"""Platforms whose configuration is indented lines: all but Junos."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from weibao_lab.configs import generate_body
from weibao_lab.dialects.base import Dialect
from weibao_lab.errors import BadRequest
from weibao_lab.grammar import GrammarError, expand, words_of
from weibao_lab.ports import Configured, Port, from_lines
from weibao_lab.specs import DeviceSpec
from weibao_lab.tree import ConfigTree, Node, Syntax, closes_block, open_block

if TYPE_CHECKING:
    from weibao_lab.device import Device, Tree
    from weibao_lab.session import Session

__all__ = ["Indented"]

_INTERFACE = re.compile(r"interface\s+([A-Za-z-]+)\s*(\d\S*)")
Path = tuple[str, ...]


class Indented(Dialect):
    """Configuration mode and its sections, shared by Cisco-like and VRP-like platforms."""

    platform: ClassVar[str]
    syntax: ClassVar[Syntax]
    name_command: ClassVar[str] = "hostname"
    interface_space: ClassVar[str] = ""
    one_up: ClassVar[tuple[str, ...]] = ("exit",)
    all_up: ClassVar[tuple[str, ...]] = ("end",)
    do_prefix: ClassVar[str | None] = None
    also_in_config: ClassVar[tuple[str, ...]] = ()
    """First words of commands that work inside configuration mode as well."""

    # -- configuration -------------------------------------------------------

    def parse(self, text: str) -> ConfigTree:
        """A configuration without frame as a tree."""
        return ConfigTree.parse(text, self.syntax)

    def tree(self, device: Device) -> ConfigTree:
        """The running configuration."""
        tree = device.running.tree
        assert isinstance(tree, ConfigTree)  # noqa: S101 - parse() above made it
        return tree

    def hostname(self, tree: Tree) -> str | None:
        """The configured name."""
        assert isinstance(tree, ConfigTree)  # noqa: S101 - parse() above made it
        return tree.value(self.name_command)

    @cached_property
    def vocabulary(self) -> dict[str, frozenset[str]]:
        """Known phrases for each kind of section: those declared and those generated."""
        words: dict[str, set[str]] = {"": set(self.syntax.phrases)}
        for section in self.syntax.sections:
            words.setdefault(section.kind, set()).update(section.phrases)
        probe = DeviceSpec("probe", self.platform, enable_secret="-")  # noqa: S106 - no secret
        self._collect(self.parse(generate_body(probe)).nodes, "", words)
        return {kind: frozenset(known) for kind, known in words.items()}

    def _collect(self, nodes: list[Node], kind: str, words: dict[str, set[str]]) -> None:
        for node in nodes:
            key = node.key.removeprefix(f"{self.syntax.negation} ")
            if not node.is_separator and key and not key[0].isdigit():
                words.setdefault(kind, set()).add(key.split()[0])
            opened = self.syntax.section_for(node.key, kind)
            if opened:
                self._collect(node.children, opened[0].kind, words)

    def kind_of(self, path: Path) -> str:
        """The kind of section at a path."""
        kind = ""
        for step in path:
            opened = self.syntax.section_for(step, kind)
            kind = opened[0].kind if opened else kind
        return kind

    def place(self, device: Device, path: Path, line: str) -> tuple[Path, str]:
        """Where a line belongs and how it is spelled out; raises GrammarError.

        As on the real platforms, a line that the present section does not know
        is tried in the sections above it.
        """
        problem: GrammarError | None = None
        for depth in range(len(path), -1, -1):
            try:
                return path[:depth], self._spelled(device, path[:depth], line)
            except GrammarError as found:
                problem = problem or found
        assert problem is not None  # noqa: S101 - the loop ran at least once
        raise problem

    def _spelled(self, device: Device, path: Path, line: str) -> str:
        start, first = words_of(line)[0]
        negation = self.syntax.negation
        negated = len(first) >= 2 and negation.startswith(first.lower())
        offset = start + (len(first) + 1 if negated else 0)
        body = line[offset:]
        if not body.strip():
            raise GrammarError("incomplete", len(line), "")
        head, break_, tail = body.partition("\n")
        try:
            spelled = expand(head, self.vocabulary.get(self.kind_of(path), frozenset()))
        except GrammarError as problem:
            raise GrammarError(problem.kind, problem.position + offset, problem.word) from None
        if not negated and spelled in self.syntax.single and open_block(spelled) is None:
            raise GrammarError("incomplete", len(line), "")
        if not path and spelled.startswith("interface "):
            spelled = self._interface(device, spelled, negated, offset)
        return (f"{negation} " if negated else "") + spelled + break_ + tail

    def _interface(self, device: Device, line: str, negated: bool, offset: int) -> str:
        unknown = GrammarError("unknown", offset + len("interface "), "")
        found = _INTERFACE.fullmatch(line)
        if not found:
            raise unknown
        typed = found.group(1).lower()
        types = [name for name in self.syntax.interfaces if name.lower().startswith(typed)]
        exact = [name for name in types if name.lower() == typed]
        if not types:
            raise unknown
        chosen = (exact or types)[0]
        name = f"interface {chosen}{self.interface_space}{found.group(2)}"
        known = self.tree(device).find((name,)) is not None
        if chosen not in self.syntax.virtual and (not known or negated):
            raise unknown
        return name

    def change(self, device: Device, path: Path, line: str, who: str) -> Path:
        """Do one spelled-out line; returns the section that the user is in then."""
        tree = self.tree(device)
        if self.syntax.section_for(line, self.kind_of(path)):
            missing = tree.find((*path, line)) is None and self.shown_empty(line)
            if missing:
                tree.ensure((*path, line))
            special = self.special(tree, path, line)
            if missing or special:
                device.touched(who)
            return (*path, line)
        if self.special(tree, path, line) or tree.apply(path, self.stored(device, line)):
            device.touched(who)
        return path

    def shown_empty(self, line: str) -> bool:
        """Whether a section is printed while there is nothing in it."""
        return True

    def show_section(self, device: Device, path: Path, line: str) -> str:
        """One section of the running configuration; empty where there is none."""
        try:
            node = self.tree(device).find((self._spelled(device, path, line),))
        except GrammarError:
            return ""
        return "".join(f"{raw}\n" for raw in node.lines()) if node else ""

    def special(self, tree: ConfigTree, path: Path, line: str) -> bool:
        """A change that is more than one line; True if it was done here."""
        return False

    def stored(self, device: Device, line: str) -> str:
        """How a typed line is stored; platforms hide passwords here."""
        return line

    def configure(self, device: Device, lines: list[str], who: str) -> None:
        """Do configuration commands outside any session; raises BadRequest."""
        path: Path = ()
        for line in _joined(lines):
            word = line.split("\n")[0].strip()
            if word in {"", "!", "#"}:
                continue
            if word in self.one_up or word in self.all_up:
                path = path[:-1] if word in self.one_up else ()
                continue
            try:
                where, spelled = self.place(device, path, line.strip(" "))
            except GrammarError as problem:
                raise BadRequest(f"{device.spec.name}: {problem.kind} command: {word}") from None
            path = self.change(device, where, spelled, who)

    def ports(self, device: Device) -> list[Port]:
        """The interfaces as they are now."""
        return device.ports.all()

    def configured_ports(self, device: Device) -> Iterator[Configured]:
        """The interfaces of the running configuration."""
        return from_lines(self.tree(device), channel=self.channel, shut=self.shut_unless_told)

    channel: ClassVar[str] = "Port-channel"
    """How the aggregate of ``channel-group 1`` is called, without its number."""

    def shut_unless_told(self, name: str) -> bool:
        """Whether an interface is down until a ``no shutdown`` says otherwise."""
        return False

    # -- configuration mode ------------------------------------------------------

    def section_prompt(self, path: Path) -> str:
        """What the prompt shows of the present section."""
        kind, shown = "", ""
        for step in path:
            opened = self.syntax.section_for(step, kind)
            if opened:
                kind, shown = opened[0].kind, opened[1].expand(opened[0].prompt)
        return shown

    async def handle(self, session: Session, line: str) -> None:
        """Answer one line."""
        if session.mode != "config":
            if line != "\x1a":
                await self.execute(session, line.strip())
            return
        stripped = line.strip()
        word = stripped.split()[0].lower()
        if line == "\x1a" or (len(word) >= 3 and any(w.startswith(word) for w in self.all_up)):
            self.leave_config(session)
        elif len(word) >= 2 and any(up.startswith(word) for up in self.one_up):
            if session.path:
                session.path = session.path[:-1]
            else:
                self.leave_config(session)
        elif self.do_prefix and word == self.do_prefix:
            await self.execute(session, stripped.partition(" ")[2])
        elif len(word) >= 2 and any(known.startswith(word) for known in self.also_in_config):
            await self.execute(session, stripped)
        else:
            await self._configuration_line(session, line)

    def leave_config(self, session: Session) -> None:
        """Back to the privileged mode."""
        session.mode, session.path = "exec", ()

    async def _configuration_line(self, session: Session, line: str) -> None:
        text = line.strip()
        if text in {"!", "#"}:
            return
        if session.visit.fault.unauthorised:
            session.put(self.unauthorised)
            return
        try:
            where, spelled = self.place(session.device, session.path, text)
        except GrammarError as problem:
            shift = len(line) - len(line.lstrip())
            moved = GrammarError(problem.kind, problem.position + shift, problem.word)
            session.put(self.error(session, line, moved))
            return
        delimiter = open_block(spelled)
        while delimiter is not None:
            more = await session.more_lines("")
            spelled += "\n" + more
            if closes_block(more, delimiter):
                break
        session.path = self.change(session.device, where, spelled, session.username)


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines as given, a banner over several of them as one."""
    flat = iter([part for line in lines for part in line.split("\n")])
    for line in flat:
        delimiter = open_block(line)
        while delimiter is not None:
            more = next(flat, None)
            if more is None:
                break
            line += "\n" + more
            if closes_block(more, delimiter):
                break
        yield line
