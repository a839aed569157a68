"""``weibao change document``: the papers of a change."""

from __future__ import annotations

import click

from weibao.cli.change_options import desk_of
from weibao.cli.document_output import document_options, save_document, show_document
from weibao.cli.options import Call, command_options

__all__ = ["COMMANDS"]

_KINDS = {
    "application": "maintenance_application",
    "plan": "change_plan",
    "record": "change_record",
    "operation": "operation_plan",
    "patch-plan": "patch_plan",
    "patch-summary": "patch_summary",
}
_TELLS = frozenset({"record", "patch-summary"})
"""Which say what was kept of hosts before they were patched."""


@click.command()
@click.argument("change_id", metavar="CHANGE")
@click.argument("kind", type=click.Choice(list(_KINDS)))
@document_options
@command_options()
def document(call: Call, change_id: str, kind: str, html: str, docx: str) -> None:
    """Write a change's application, plan, record, operation plan, or patch papers (HTML, Word)."""
    from weibao.bootstrap.kept_hosts import kept_of_hosts
    from weibao.reports.change import DocumentKind, Papers, compose

    desk = desk_of(call)
    change = desk.find(change_id)
    plan = desk.records.change_plan(change.id, change.plan) if change.plan else None
    hosts = [target.device for target in plan.targets if target.plan] if plan else []
    told = kept_of_hosts(call.workshop, change, hosts if kind in _TELLS else [])
    papers = Papers(
        contract=desk.contract(change),
        runbook=desk.runbook(change),
        now=desk.now,
        change=change,
        plan=plan,
        approvals=tuple(desk.records.approvals(change.id)),
        events=tuple(desk.records.change_events(change.id)),
        steps=tuple(desk.records.change_steps(change.id)),
        kept=told.before,
        restarted=told.restarted,
    )
    found = compose(DocumentKind[_KINDS[kind]], papers, call.language)
    files = save_document(call.out, found, html, docx)
    call.out.data({"files": files})
    if not files:
        show_document(call.out, found)


COMMANDS = (document,)
