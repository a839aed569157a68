"""One device through one step of a change; whatever happens ends in a known state, or is said
to be in none."""

from __future__ import annotations

from collections.abc import Callable

from weibao.adapters.network.change_back import Found, WayBack
from weibao.adapters.network.change_ending import Ending
from weibao.adapters.network.change_line import Line, Refused
from weibao.adapters.network.change_plan import Plan, equal, plan_lines, plan_target, tree_of
from weibao.adapters.network.change_state import UNFINISHED, DeviceState, Memory, Phase, States
from weibao.adapters.network.change_touch import Setback, Touch
from weibao.adapters.network.change_words import SAFETY_NOTE, essence
from weibao.adapters.network.trouble import Trouble
from weibao.domain.change_outcome import ChangeMode, ChangeResult
from weibao.domain.change_rules import Safety
from weibao.domain.config_edit import unmet
from weibao.domain.reasons import Reason

__all__ = ["Steps"]


class Steps:
    """The modes, for one device."""

    def __init__(self, touch: Touch, states: States, target: bytes | None) -> None:
        self._touch = touch
        self._states = states
        self._target = target
        self._safety: Safety | None = None
        self._memory = Memory(states)
        self._pending = False
        """The device's own way back is armed."""
        self._ended_as = Phase.read
        """The phase to return to where nothing is changed."""

    def run(self, mode: ChangeMode) -> Ending:
        """The step; raises Trouble only where nothing was sent."""
        steps: dict[ChangeMode, Callable[[], Ending]] = {
            ChangeMode.check: self.check,
            ChangeMode.apply: self.apply,
            ChangeMode.verify: self.verify,
            ChangeMode.save: self.save,
            ChangeMode.back_out: self.back_out,
        }
        return steps[mode]()

    # planning

    def _plan(self, line: Line, before: bytes) -> Plan:
        touch = self._touch
        touch.words.redacted(before)
        if self._target is not None:
            touch.words.redacted(self._target)
            return plan_target(self._target, before, touch.platform, line.rules)
        return plan_lines(touch.wish.lines, before, touch.platform, line.rules, touch.words)

    def check(self) -> Ending:
        """What would change. Platforms with a candidate are asked; it is given up again."""
        touch = self._touch
        line = touch.open()
        before = line.read()
        startup_same = touch.startup_was_running(line)
        plan = self._plan(line, before)
        usable = touch.usable(line.rules.safeties, before, startup_same=startup_same)
        ending = Ending(
            ChangeResult.unchanged,
            safety=usable[0] if usable else None,
            texts={"before": before},
            saved=startup_same,
        )
        if not startup_same:
            touch.warn("change_unsaved_before")
        if not usable:
            touch.warn("change_without_safety")
        if plan.done:
            return ending
        ending.commands = touch.words.commands(plan.commands)
        foretold = plan.foretold
        if line.rules.candidate:
            foretold = self._rehearse(line, plan, before)
        if foretold is not None and not equal(foretold, before, touch.platform):
            ending.result = ChangeResult.would_change
            ending.difference = touch.words.difference(before, foretold)
        elif plan.commands and not line.rules.candidate:
            # Lines with a secret, or that are not shown: what they change shows only afterwards.
            ending.result = ChangeResult.would_change
            ending.difference = touch.words.difference(before, before)
        return ending

    def _rehearse(self, line: Line, plan: Plan, before: bytes) -> bytes:
        touch = self._touch
        try:
            line.do(touch.enters(line.rules.enter))
            self._send(line, plan, before)
            return self._candidate(line)
        except Refused as refused:
            raise Trouble("change_line_not_taken", **touch.said(refused)) from refused
        finally:
            touch.quietly(line, [*line.rules.abort, *line.rules.leave])

    def _send(self, line: Line, plan: Plan, before: bytes) -> None:
        touch = self._touch
        if plan.target is not None:
            touch.enter_target(line, before, plan.target)
            return
        line.enter_all(plan.commands, stop=self._stop_here)

    def _stop_here(self) -> None:
        if self._touch.stop():
            raise Setback("change_interrupted")

    def _candidate(self, line: Line) -> bytes:
        """All of what was entered and is not committed.

        Raises:
            Refused, Trouble: it cannot be shown.
        """
        said = b""
        for command in self._touch.filled(line.rules.candidate):
            said = line.ask(command)
            if said.strip() and said.count(b"\n") > _FEW:
                return said
        raise Refused(line.rules.candidate[0], said.decode("utf-8", "replace"))

    # doing

    def apply(self) -> Ending:
        """Change, prove, save; on any failure go back."""
        touch = self._touch
        device = touch.wish.endpoint.device
        earlier = self._states.load(device)
        if earlier is not None and earlier.phase in UNFINISHED:
            raise Trouble("change_unfinished", phase=earlier.phase.value)
        line = touch.open()
        before = line.read()
        startup_same = touch.startup_was_running(line)
        plan = self._plan(line, before)
        if plan.done:
            return Ending(ChangeResult.unchanged, texts={"before": before}, saved=startup_same)
        if not line.rules.candidate and plan.foretold is not None:
            self._must_be_approved(before, plan.foretold)
        if earlier is not None and earlier.phase is Phase.done:
            # The way back of this run leads to before its first change.
            self._memory.state = earlier
        else:
            self._memory.begin(touch.wish.endpoint, touch.platform.id, before, startup_same)
        self._ended_as = Phase.read if earlier is None else earlier.phase
        if not startup_same:
            touch.warn("change_unsaved_before")
        try:
            return self._change(line, plan, before, startup_same=startup_same)
        except Setback as setback:
            return self._undo(before, setback.reason)
        except Refused as refused:
            return self._undo(before, Reason.of("change_line_not_taken", **touch.said(refused)))
        except Trouble as trouble:
            return self._undo(before, trouble.reason)

    def _must_be_approved(self, before: bytes, meant: bytes) -> None:
        approved = self._touch.wish.approved
        if approved is None:
            return
        now = self._touch.words.difference(before, meant)
        if essence(now.diff) != essence(approved):
            raise Trouble("change_not_as_approved")

    def _change(self, line: Line, plan: Plan, before: bytes, *, startup_same: bool) -> Ending:
        touch = self._touch
        rules = line.rules
        if rules.checkpoint is not None:
            self._memory.mark(checkpoint=touch.quietly(line, rules.checkpoint.make))
        self._begin(line, before, startup_same=startup_same)
        touch.sent_any = touch.sent_any or not rules.stages
        self._send(line, plan, before)
        meant = plan.target
        if rules.candidate:
            meant = self._candidate(line)
            if equal(meant, before, touch.platform):
                return self._nothing(line, before)
            self._memory.mark(meant=meant)
            if plan.target is not None and not touch.says_the_same(meant, plan.target):
                raise Setback("change_not_as_target")
            self._must_be_approved(before, meant)
        self._commit(line)
        touch.settle()
        fresh = touch.open()
        after = self._as_meant(fresh, plan, meant)
        held = self._safety is not None and self._safety.held_by_session
        self._keep_change(line if held else fresh)
        saved: bool | None = None
        if touch.wishes.save:
            saved = touch.save(fresh)
            if not saved:
                raise Setback("change_not_saved")
            self._memory.mark(phase=Phase.saved)
            after = fresh.read()
        if rules.checkpoint is not None and rules.checkpoint.drop:
            touch.quietly(fresh, rules.checkpoint.drop)
        self._memory.mark(phase=Phase.done, checkpoint=False)
        expected = plan.foretold if meant is None else meant
        return Ending(
            ChangeResult.changed,
            difference=touch.words.difference(before, after),
            as_foretold=expected is not None and touch.says_the_same(after, expected),
            saved=saved,
            safety=self._safety,
            texts={"before": before, "running": after},
        )

    def _begin(self, line: Line, before: bytes, *, startup_same: bool) -> None:
        """Enter the configuration mode, with the first way back that the device takes."""
        touch = self._touch
        rules = line.rules
        for safety in touch.usable(rules.safeties, before, startup_same=startup_same):
            early = not safety.commit
            until = touch.safety_ends()
            self._memory.mark(phase=Phase.entering, safety=safety if early else None, until=until)
            try:
                line.do(touch.filled(safety.arm))
                line.do(touch.enters(safety.enter or rules.enter))
            except Refused as refused:
                if not (safety.arm or safety.enter):
                    raise Setback("change_mode_refused", **touch.said(refused)) from refused
                touch.warn("change_safety_refused", kind=safety.kind.value, **touch.said(refused))
                self._memory.mark(safety=None)
                continue
            self._safety, self._pending = safety, early
            self._memory.mark(session=touch.session)
            return
        if touch.wishes.need_safety or SAFETY_NOTE in (touch.wish.approved or ""):
            raise Setback("change_no_safety")
        touch.warn("change_without_safety")
        self._memory.mark(phase=Phase.entering, safety=None)
        try:
            line.do(touch.enters(rules.enter))
        except Refused as refused:
            raise Setback("change_mode_refused", **touch.said(refused)) from refused

    def _nothing(self, line: Line, before: bytes) -> Ending:
        """The candidate is what is there already."""
        self._touch.quietly(line, [*line.rules.abort, *line.rules.leave])
        self._memory.mark(phase=self._ended_as, safety=None)
        return Ending(ChangeResult.unchanged, texts={"before": before})

    def _commit(self, line: Line) -> None:
        touch = self._touch
        rules = line.rules
        if rules.stages:
            touch.sent_any = True
            until = touch.safety_ends() if self._safety else None
            self._memory.mark(phase=Phase.entered, safety=self._safety, until=until)
            own = self._safety.commit if self._safety else ()
            self._pending = self._safety is not None
            line.do(touch.filled(own or rules.commit))
        else:
            self._memory.mark(phase=Phase.entered)
        touch.quietly(line, rules.leave)

    def _as_meant(self, line: Line, plan: Plan, meant: bytes | None) -> bytes:
        """The configuration as it is now, which has to be what was meant."""
        touch = self._touch
        after = line.read()
        if plan.target is not None:
            if not line.rules.stages and not touch.says_the_same(after, plan.target):
                after = touch.become(line, plan.target)
            if not touch.is_back(after, plan.target):
                raise Setback("change_not_as_target")
        elif meant is not None:
            if not touch.is_back(after, meant):
                raise Setback("change_not_as_meant", lines="")
        else:
            left = self._unmet(plan, after)
            if left:
                raise Setback("change_not_as_meant", lines="; ".join(left[:_FEW]))
        return after

    def _unmet(self, plan: Plan, text: bytes) -> list[str]:
        touch = self._touch
        rules = touch.rules
        tree = tree_of(text, touch.platform, rules)
        secret = touch.words.secret_places(plan.wanted)
        return [touch.words.say(one.shown) for one in unmet(tree, plan.wanted, rules, secret)]

    def _keep_change(self, line: Line) -> None:
        """A new session stands: the device is reachable, and its own way back is called off."""
        if self._touch.stop():
            raise Setback("change_interrupted")
        if self._safety is not None:
            try:
                state = self._memory.state
                session = state.session if state else ""
                line.do(self._touch.filled(self._safety.confirm, session))
            except Refused as refused:
                raise Setback("change_not_confirmed", **self._touch.said(refused)) from refused
        self._pending = False
        self._memory.mark(phase=Phase.confirmed, safety=None)

    # going back

    def _undo(self, before: bytes, why: Reason) -> Ending:
        """Back to ``before``, from wherever the change broke off."""
        touch = self._touch
        state = self._memory.state
        touch.transcript.note(f"going back: {why.code}")
        begun = state is not None and state.phase is not Phase.read
        saved = state is not None and state.phase is Phase.saved
        failed_save = why.code == "change_not_saved"
        way = WayBack(
            touch,
            before,
            safety=self._safety if self._pending else None,
            until=state.safety_until if state and self._pending else None,
            checkpoint=bool(state and state.checkpoint),
            session=state.session if state else "",
            inside=begun,
        )
        found = way.go(save=saved or failed_save)
        return self._ended(found, before, why)

    def _ended(self, found: Found, before: bytes, why: Reason | None) -> Ending:
        touch = self._touch
        texts = {"before": before}
        if found.text is not None:
            texts["running"] = found.text
        ending = Ending(
            ChangeResult.backed_out if touch.sent_any else ChangeResult.failed,
            reason=why,
            saved=found.saved,
            safety=self._safety,
            texts=texts,
        )
        if found.proven:
            self._memory.mark(phase=Phase.backed_out, safety=None, checkpoint=False)
            return ending
        self._memory.mark(phase=Phase.unknown)
        ending.result = ChangeResult.unknown_state
        ending.by_hand = found.by_hand
        if found.text is not None:
            ending.difference = touch.words.difference(before, found.text)
        return ending

    def back_out(self) -> Ending:
        """To what ``apply`` found in this run."""
        touch = self._touch
        state = self._states.load(touch.wish.endpoint.device)
        if state is None or state.phase is Phase.read:
            # The step never came so far as to send anything.
            return Ending(ChangeResult.unchanged, reason=Reason.of("change_nothing_to_undo"))
        self._memory.state = state
        before = self._states.text(state.contract, state.before_sha256)
        touch.words.redacted(before)
        line = touch.open(touch.wishes.patience)
        self._safety = next((s for s in line.rules.safeties if s.kind is state.safety), None)
        save = state.phase in {Phase.saved, Phase.done} and state.startup_same
        way = WayBack(
            touch,
            before,
            safety=self._safety,
            until=state.safety_until if state.safety else None,
            checkpoint=state.checkpoint,
            session=state.session,
            inside=False,
        )
        found = way.go(save=save)
        ending = self._ended(found, before, None)
        if found.proven:
            ending.result = ChangeResult.backed_out
        return ending

    # looking

    def verify(self) -> Ending:
        """Read again, and compare with what was meant; nothing is sent."""
        touch = self._touch
        line = touch.open()
        now = line.read()
        saved = touch.startup_is_running(line)
        state = self._states.load(touch.wish.endpoint.device)
        before = now
        if state is not None:
            before = self._states.text(state.contract, state.before_sha256)
        left, reason = self._difference_to_meant(line, now, state)
        if reason is None and touch.wishes.save and saved is False:
            reason = Reason.of("change_not_saved")
        result = ChangeResult.verified if reason is None else ChangeResult.not_verified
        return Ending(
            result,
            reason=reason,
            unmet=tuple(left),
            saved=saved,
            difference=touch.words.difference(before, now),
            texts={"before": before, "running": now},
        )

    def _difference_to_meant(
        self, line: Line, now: bytes, state: DeviceState | None
    ) -> tuple[list[str], Reason | None]:
        touch = self._touch
        meant = self._target
        if meant is None and line.rules.candidate and state is not None and state.meant_sha256:
            meant = self._states.text(state.contract, state.meant_sha256)
        if meant is not None:
            same = touch.is_back(now, meant)
            return [], None if same else Reason.of("change_not_as_target")
        if line.rules.style == "statements":
            return [], Reason.of("change_nothing_to_compare")
        plan = plan_lines(touch.wish.lines, now, touch.platform, line.rules, touch.words)
        left = self._unmet(plan, now)
        shown = "; ".join(left[:_FEW])
        return left, Reason.of("change_not_as_meant", lines=shown) if left else None

    def save(self) -> Ending:
        """Save, and prove it."""
        line = self._touch.open()
        if self._touch.save(line):
            return Ending(ChangeResult.saved, saved=True)
        reason = Reason.of("change_not_saved")
        return Ending(ChangeResult.not_verified, reason=reason, saved=False)


_FEW = 5
