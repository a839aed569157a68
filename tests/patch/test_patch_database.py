"""Patch sets of databases on a real PostgreSQL with a replica (PAT-16), judged from outside."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weibao.domain.patch import PatchWishes, Probe
from weibao.domain.patch_gate import gate_problems

from . import postgresql
from .booted import Booted, Host
from .packages import Repository
from .patching import PASSWORD, PatchFlow
from .test_patch_rules import codes, facts, plan

NAMES = ("libpq5", "postgresql-client-15", "postgresql-15")


def test_a_database_without_probe_or_dump_is_not_touched() -> None:
    wishes = PatchWishes(need_dump=True, need_probes=("sql",))
    assert codes(gate_problems(facts(), plan(), wishes)) == ["patch_no_probe", "patch_no_dump_set"]
    probed = facts(probes=[Probe(name="db", kind="sql").model_dump()])
    assert not gate_problems(probed, plan(), wishes.model_copy(update={"dumps": ("all",)}))


def test_replicas_come_before_their_primary() -> None:
    import yaml

    from weibao.domain.change import PlannedTarget
    from weibao.domain.runbook import Runbook
    from weibao.domain.waves import make_waves

    path = Path(__file__).parents[2] / "runbooks" / "patch-database.yml"
    runbook = Runbook.model_validate(yaml.safe_load(path.read_text()))
    assert runbook.waves.first_role == "replica"
    targets = [
        PlannedTarget(device=name, wave=0, group="pg", estimate=1, back_out_estimate=1)
        for name in ("db2", "db3", "db1")
    ]
    waves = make_waves(targets, runbook.waves.model_copy(update={"canary": 2}))
    assert waves == {"db2": 0, "db3": 1, "db1": 2}


def variables(**more: Any) -> dict[str, Any]:
    """A database host's, as an inventory has them."""
    ask = ["runuser", "-u", "postgres", "--", "psql", "-AtXc"]
    dump = {"name": "all", "user": "postgres", "command": ["pg_dumpall"],
            "expect": "database cluster dump complete"}  # fmt: skip
    probe = {"name": "sql", "kind": "sql", "command": [*ask, "select count(*) from orders"],
             "expect": "^1000$"}  # fmt: skip
    return {
        "redundancy_group": "pg",
        "patch_linux_probes": [probe, *more.pop("probes", ())],
        "patch_linux_dumps": [{**dump, **more.pop("dump", {})}],
        "patch_linux_settle": 30,
        **more,
    }


def versions(host: Host) -> dict[str, str]:
    packages = host.packages()
    return {name: packages[name] for name in NAMES}


@pytest.fixture
def databases(
    flow: Callable[..., PatchFlow], lab: Booted, pool: Repository, tmp_path: Path
) -> PatchFlow:
    """db1 streams to web2; both have Debian's version, and a newer one is to be had."""
    try:
        postgresql.offer(pool, lab.image, tmp_path / "newer")
    except AssertionError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"PostgreSQL is not to be had: {error}")
        pytest.skip(f"PostgreSQL is not to be had: {str(error)[-300:]}")
    db1, db2 = lab.hosts["db1"], lab.hosts["web2"]
    estate = flow("db1", "web2", book="patch-database")
    for host in (db1, db2):
        postgresql.install(host)
    postgresql.replicate(db1, db2)
    postgresql.sql(db1, "create table orders as select generate_series(1, 1000) as n")
    postgresql.offer_newer(pool, lab.image, tmp_path / "newer")
    streaming = {"name": "replica", "kind": "sql", "expect": "^1$", "command": [
        "runuser", "-u", "postgres", "--", "psql", "-AtXc",
        "select count(*) from pg_stat_replication where state = 'streaming'"]}  # fmt: skip
    estate.write_inventory(db1=variables(probes=[streaming]), web2=variables(role="replica"))
    return estate


def test_a_replicated_database_is_patched_replica_first_and_goes_back(
    databases: PatchFlow, lab: Booted, tmp_path: Path
) -> None:
    db1, db2 = lab.hosts["db1"], lab.hosts["web2"]
    before = {host.name: host.packages() for host in (db1, db2)}
    old = versions(db1)
    new = {name: version + postgresql.BUMP for name, version in old.items()}
    words = ("--runbook", "patch-database", "--package", ",".join(NAMES))
    number, targets = databases.planned(*words)
    assert (targets["web2"]["wave"], targets["db1"]["wave"]) == (0, 1)
    assert (
        f"postgresql-15 [amd64]: {old['postgresql-15']} -> {new['postgresql-15']}"
        in (targets["db1"]["difference"])
    )
    databases.consented(number)
    databases.start(number)
    for host in (db1, db2):
        assert host.packages() == {**before[host.name], **new}
        assert postgresql.sql(host, "select count(*) from orders") == "1000"
    assert postgresql.sql(db1, "select state from pg_stat_replication") == "streaming"
    rows = databases.data("show", number)["steps"]
    done = {(row["device"], row["step"]): row for row in rows}
    assert done["web2", "verify"]["finished_at"] <= done["db1", "check"]["started_at"]

    dump = db1.file(f"/var/lib/weibao/patch/{number}/dumps/all.dump")
    assert hashlib.sha256(dump.read_bytes()).hexdigest() in done["db1", "backup-before"]["detail"]
    restored = tmp_path / "restored"
    environment = {**os.environ, "RESTIC_PASSWORD": PASSWORD,
                   "RESTIC_REPOSITORY": str(db1.file("/var/backups/restic"))}  # fmt: skip
    subprocess.run(
        ["restic", "restore", "latest", "--tag", number, "--target", str(restored),
         "--include", "all.dump"],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip
    assert next(restored.rglob("all.dump")).read_bytes() == dump.read_bytes()

    databases.change("back-out", number, "--why", "test", who="li.op")
    for host in (db1, db2):
        assert host.packages() == before[host.name]
        assert postgresql.sql(host, "select count(*) from orders") == "1000"


def test_a_dump_that_is_cut_off_and_a_replica_that_is_behind_leave_the_database_alone(
    databases: PatchFlow, lab: Booted
) -> None:
    db1, db2 = lab.hosts["db1"], lab.hosts["web2"]
    before = {host.name: host.packages() for host in (db1, db2)}
    words = ("--runbook", "patch-database", "--package", ",".join(NAMES))
    cut = {"command": ["sh", "-c", "pg_dumpall | head -c 3000"]}
    inventory = databases.extra["web2"]
    databases.write_inventory(web2={**inventory, **variables(role="replica", dump=cut)})
    number, _ = databases.planned(*words)
    databases.consented(number)
    said = databases.start(number, "aborted")
    assert "cluster dump complete" in said
    assert {host.name: host.packages() for host in (db1, db2)} == before

    db2.ssh("systemctl stop postgresql@15-main")
    _, targets = databases.planned(*words, limit="db1", fails=1)
    assert "replica" in targets["db1"]["problem"]
    assert db1.packages() == before["db1"]
