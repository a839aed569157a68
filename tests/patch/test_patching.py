"""Patching real hosts, judged from outside: dpkg's own records, boot ids, checksums."""

from __future__ import annotations

from collections.abc import Callable

from .booted import Booted
from .packages import Repository
from .patching import PASSWORD, PatchFlow


def test_from_what_is_missing_to_patched(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository
) -> None:
    """PAT-09, PAT-22: exactly the approved versions, and nothing else."""
    estate = flow("web1", "web2", runbook={"two_person": True})
    before = {name: lab.hosts[name].packages() for name in ("web1", "web2")}
    found = estate.status()
    names = {p["name"]: p for p in found["web1"]["missing"]}
    assert names["wb-tool"]["before"] == "1.0" and names["wb-tool"]["version"] == "2.0"
    assert found["web1"]["security"] == 1 and names["wb-tool"]["security"]
    assert not names["wb-lib"]["security"]

    number, targets = estate.planned("--package", "wb-web", "--package", "wb-tool")
    assert "wb-new [all]: (new) -> 1.0" in targets["web1"]["difference"]
    assert "restart: wb-web.service" in targets["web1"]["difference"]
    assert {n: h.packages() for n, h in lab.hosts.items() if n in before} == before
    estate.consented(number)
    said = estate.carried_out(number)
    assert estate.state(number) == "verified", said
    for name, was in before.items():
        now = lab.hosts[name].packages()
        wanted = {**was, "wb-web": "2.0", "wb-tool": "2.0", "wb-lib": "2.0", "wb-new": "1.0"}
        assert now == wanted
        assert (
            lab.hosts[name]
            .ssh(
                'python3 -c "import urllib.request as u; '
                "print(u.urlopen('http://127.0.0.1:8080').read().decode())\""
            )
            .stdout.strip()
            == "version 2.0"
        )
    state = b"".join(p.read_bytes() for p in (estate.folder / "state").rglob("*") if p.is_file()
                     and p.parent.name != "cache")  # fmt: skip
    assert PASSWORD.encode() not in state + said.encode()
    estate.weibao("verify")
