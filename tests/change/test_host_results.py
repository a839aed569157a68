"""What became of each host is told by Ansible's events, and by nothing that was cut off."""

from __future__ import annotations

from typing import Any

from weibao.adapters.host_results import HostResults


def heard(*events: dict[str, Any], ended: bool = True, check: bool = False) -> dict[str, Any]:
    results = HostResults(check=check)
    for event in events:
        assert results.hear(event) is False
    if ended:
        results.hear({"event": "playbook_on_stats"})
    return results.found()


def ok(host: str, **result: Any) -> dict[str, Any]:
    return {"event": "runner_on_ok", "event_data": {"host": host, "res": result}}


def test_a_playbook_that_was_cut_off_leaves_no_host_well() -> None:
    """An error while tasks are read, a time limit, a crash: the rest was never begun."""
    assert heard(ok("a"))["a"].status == "ok"
    assert heard(ok("a"), ended=False)["a"].status == "failed"


def test_a_later_word_of_a_batch_task_keeps_what_the_earlier_one_showed() -> None:
    first = ok("a", devices={"a": {"status": "ok", "difference": "x", "evidence": ["1"]}})
    plan = {"packages": [{"name": "p"}]}
    second = ok("a", devices={"a": {"status": "ok", "plan": plan, "evidence": ["2"]}})
    found = heard(first, second)["a"]
    assert (found.difference, found.plan, found.evidence) == ("x", plan, ("1", "2"))
    worse = ok("a", devices={"a": {"status": "failed", "reason": "no"}})
    found = heard(first, worse, second)["a"]
    assert (found.status, found.reason, found.difference) == ("failed", "no", "x")


def task(host: str, name: str, action: str = "ansible.builtin.copy", **result: Any) -> Any:
    data = {"host": host, "task": name, "task_action": action, "res": result}
    return {"event": "runner_on_ok", "event_data": data}


def skipped(host: str, name: str, action: str) -> dict[str, Any]:
    """As ansible-runner tells it: without a word why."""
    data = {"host": host, "task": name, "task_action": action}
    return {"event": "runner_on_skipped", "event_data": data}


def test_a_dry_run_names_what_would_change_and_what_could_not_be_tried() -> None:
    """An approver must not read 'no change' where a task would change something (JOB-11)."""
    events = (
        task("a", "Look", changed=False),
        task("a", "Write the file", changed=True, diff=[{"after": "password: Canary#1"}]),
        skipped("a", "Call it", "ansible.builtin.shell"),
        skipped("a", "Not meant for it", "ansible.builtin.copy"),
        task("b", "Look", changed=False),
    )
    found = heard(*events, check=True)
    assert found["a"].difference == "# ~ Write the file\n# ? Call it\n"
    assert found["b"].difference == ""
    assert heard(*events)["a"].difference == ""  # in earnest there is nothing to foretell
    told = ok("a", devices={"a": {"status": "ok", "difference": "+vlan 7"}})
    assert heard(*events, told, check=True)["a"].difference == "+vlan 7"


DPKG = (
    "debconf: unable to initialize frontend: Dialog\n"
    * 9
    + "dpkg: error processing package wb-tool (--configure):\n"
    " installed wb-tool package post-installation script subprocess returned error exit status 1\n"
    "Errors were encountered while processing:\n wb-tool\n"
    "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
)


def failed(host: str, **result: Any) -> dict[str, Any]:
    return {"event": "runner_on_failed", "event_data": {"host": host, "res": result}}


def test_the_package_that_failed_is_named_before_all_that_apt_says_besides() -> None:
    command = "/usr/bin/apt-get -y -o Dpkg::Options::=--force-confdef install " + "a=1 " * 80
    said = heard(failed("a", msg=f"'{command}' failed: {DPKG}", stderr=DPKG))["a"]
    assert said.status == "failed"
    assert said.reason.startswith("dpkg: error processing package wb-tool (--configure): installed")
    assert "error exit status 1" in said.reason
    assert "E: Sub-process /usr/bin/dpkg returned an error code (1)" in said.reason
    alone = heard(failed("a", msg=f"'{command}' failed: E: Unmet dependencies. Try it."))["a"]
    assert alone.reason.startswith("E: Unmet dependencies. Try it. (")
    configure = heard(failed("a", msg="non-zero return code", stderr=DPKG))["a"]
    assert configure.reason.startswith("dpkg: error processing package wb-tool")
    assert configure.reason.endswith("(non-zero return code)")
    plain = heard(failed("a", msg="Some: words\nof two lines", stderr="password: Canary#1"))["a"]
    assert plain.reason == "Some: words of two lines"
    named = heard(failed("a", msg="Failed to install", failures=["No package wb-x"]))["a"]
    assert named.reason == "No package wb-x (Failed to install)"
