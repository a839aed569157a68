"""Patch states for the tests of the journal."""

from __future__ import annotations

from datetime import timedelta

from records_made import START, sha

from weibao.domain.patch import LeftOut, PackageChange, PatchStatus
from weibao.domain.reasons import Reason


def patch_state(device: str, run_id: str = "r1", hours: float = 0) -> PatchStatus:
    return PatchStatus(
        device=device,
        run_id=run_id,
        at=START + timedelta(hours=hours),
        system="Debian GNU/Linux 12 (bookworm)",
        level="12.11",
        kernel="6.1.0-35-amd64",
        packages=300,
        missing=(PackageChange(name="libssl3", before="3.0.15", version="3.0.17", security=True),),
        left_out=(LeftOut(name="nginx", version="1.24", reason=Reason.of("patch_held")),),
        held=("nginx",),
        reboot=(Reason.of("patch_reboot_pending"),),
        restarts=("ssh.service",),
        last_patched=START,
        evidence=(sha(device),),
    )
