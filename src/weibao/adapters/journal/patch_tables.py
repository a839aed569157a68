"""The table of hosts' patch states (补丁状态; PAT-09): one row a host and run, never rewritten."""

from __future__ import annotations

from sqlalchemy import Index, Table

from weibao.adapters.journal.columns import (
    json_text,
    number,
    record_table,
    reference,
    word,
    yes_no,
)

__all__ = ["PATCH_ACTIONS", "PATCH_TABLES", "patch_states"]

patch_states = record_table(
    "patch_states",
    ("run_id", "device"),
    reference("run_id", "runs.id"),
    word("device"),
    word("contract"),
    word("at"),
    yes_no("checked"),
    json_text("problem", null=True),
    word("system"),
    word("level"),
    word("kernel"),
    word("installed_kernel"),
    number("packages"),
    json_text("missing"),
    json_text("left_out"),
    json_text("held"),
    json_text("reboot"),
    json_text("restarts"),
    word("last_patched", null=True),
    json_text("evidence"),
)
Index("ix_patch_states_device", patch_states.c.contract, patch_states.c.device, patch_states.c.at)

PATCH_TABLES: tuple[Table, ...] = (patch_states,)
PATCH_ACTIONS: dict[str, Table] = {"patch_state.recorded": patch_states}
