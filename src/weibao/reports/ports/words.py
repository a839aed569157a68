"""Words of the daily log of ports: states, speeds, findings and what devices say."""

from __future__ import annotations

import functools
from datetime import datetime

from weibao.domain.port import Duplex, Neighbour, Optical, Port
from weibao.domain.port_expectation import PortExpectation
from weibao.domain.port_finding import PortFinding, PortFindingCode
from weibao.domain.port_record import WHOLE, DeviceReading
from weibao.domain.port_report import PortStanding
from weibao.i18n import messages, translate
from weibao.reports.words import Words, visible

__all__ = ["PortWords"]

_CODED = ("expected", "actual", "direction", "kind", "status", "source", "why")
"""Places of a finding's sentence that may hold a word of the catalogue."""
_DUPLEX = {PortFindingCode.port_duplex, PortFindingCode.port_duplex_mismatch}


class PortWords(Words):
    """Entries ``port_report.<key>`` beside those that all reports share, ``report.<key>``."""

    def say(self, key: str, **params: object) -> str:
        """The text of ``port_report.<key>``."""
        if params:
            return translate(f"port_report.{key}", self.language, **params)
        # A report of a whole fleet asks for the same few words a hundred thousand times.
        found = self._plain.get(key)
        if found is None:
            found = self._plain[key] = translate(f"port_report.{key}", self.language)
        return found

    @functools.cached_property
    def _plain(self) -> dict[str, str]:
        return {}

    def count(self, key: str, n: int, **params: object) -> str:
        """The text of ``port_report.<key>`` for ``n`` things; ``.one`` for one."""
        single = f"port_report.{key}.one"
        chosen = single if n == 1 and single in messages() else f"port_report.{key}"
        return translate(chosen, self.language, n=n, **params)

    def word(self, kind: str, code: str, default: str | None = None) -> str:
        """The word ``port_word.<kind>.<code>``; a code without one is shown as it is."""
        found = messages().get(f"port_word.{kind}.{code}")
        if found is not None:
            return found[self.language]
        return visible(code.replace("_", " ") if default is None else default)

    def finding(self, finding: PortFinding) -> str:
        """A finding's sentence, without its port, which stands beside it."""
        params = {name: self._place(finding.code, name, v) for name, v in finding.params.items()}
        said = visible(translate(finding.reason.key, self.language, **params))
        return said[:1].upper() + said[1:] if self.language == "en" else said

    def device(self, finding: PortFinding) -> str:
        """The device that a finding is about; the controller, where it is about none."""
        return self.say("whole") if finding.device == WHOLE else visible(finding.device)

    def title(self, code: PortFindingCode) -> str:
        """A finding in a few words."""
        return self.say(f"finding.{code.value}")

    def advice(self, code: str) -> str:
        """What to do about it."""
        return self.say(f"advice.{code}")

    def _place(self, code: PortFindingCode, name: str, value: str) -> str:
        if name == "reason":
            return self.why(value) or self.word("reason", "none")
        if name == "since":
            return self._since(value)
        if name == "interface":
            return value or self.word("interface", "none")
        if name in {"actual", "expected", "other_duplex"} and code in _DUPLEX:
            return self.word("duplex", value, value)
        if name in _CODED:
            return self.word(name, value, value)
        return value

    def _since(self, value: str) -> str:
        if not value:
            return self.word("since", "never")
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return self.moment(moment) if moment.tzinfo else value

    def partly(self, reading: DeviceReading) -> str:
        """What is missing in a reading that has no reason of its own."""
        parts = []
        if reading.refused:
            commands = self.join([visible(command) for command in reading.refused])
            parts.append(self.say("partly.refused", commands=commands))
        if reading.unparsed_count:
            parts.append(self.count("partly.unparsed", reading.unparsed_count))
        if reading.words_unknown:
            parts.append(self.count("partly.words", reading.words_unknown))
        return self("verdict.join").join(parts)

    def why(self, reason: str) -> str:
        """Why a port is not up, in words; a code that nobody translated as it is."""
        return self.word("reason", reason) if reason else ""

    def standing(self, standing: PortStanding) -> str:
        """Up, down, shut, unknown."""
        return self._standings[standing]

    @functools.cached_property
    def _standings(self) -> dict[PortStanding, str]:
        return {each: self.say(f"standing.{each.value}") for each in PortStanding}

    def link(self, port: Port) -> str:
        """Speed and duplex of the link; empty where the device says neither."""
        duplex = "" if port.duplex is Duplex.unknown else self.word("duplex", port.duplex.value)
        return " ".join(part for part in (speed(port.speed), duplex) if part)

    def vlan(self, port: Port) -> str:
        """VLAN or mode; an access port's VLAN needs no more words."""
        mode = "" if port.mode in {"", "access"} else port.mode
        return visible(" ".join(part for part in (port.vlan, mode) if part))

    def neighbours(self, port: Port) -> str:
        """Who says to be at the other end."""
        return visible("; ".join(_called(n) for n in port.neighbours))

    def place(self, said: PortExpectation | None) -> str:
        """Whom it serves, room and outlet (PRT-09)."""
        if said is None:
            return ""
        return visible(" ".join(part for part in (said.serves, said.room, said.outlet) if part))

    def optical(self, optical: Optical) -> str:
        """Received and sent power."""
        parts = [
            f"{name} {value:g} dBm"
            for name, value in (("Rx", optical.rx_power), ("Tx", optical.tx_power))
            if value is not None
        ]
        return self.join(parts)

    def since(self, moment: datetime | None, *, at_least: bool) -> str:
        """Since when something is as it is; empty where nobody knows."""
        if moment is None:
            return ""
        # Thousands of ports share a few moments.
        found = self._sinces.get((moment, at_least))
        if found is None:
            found = self.say("since.at_least" if at_least else "since", at=self.moment(moment))
            self._sinces[moment, at_least] = found
        return found

    @functools.cached_property
    def _sinces(self) -> dict[tuple[datetime, bool], str]:
        return {}


@functools.lru_cache(maxsize=256)
def speed(bits: int | None) -> str:
    """Bits a second as ``10G``; empty where unknown."""
    if not bits:
        return ""
    for factor, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if bits >= factor:
            return f"{bits / factor:g}{unit}"
    return str(bits)


def _called(neighbour: Neighbour) -> str:
    name = neighbour.system or neighbour.chassis or neighbour.address
    return " ".join(part for part in (name, neighbour.port) if part)
