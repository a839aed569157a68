"""The compiled inventory says what the stock ``ansible-inventory --list`` says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest_estate import clean_env

from weibao.adapters.ansible_inventory import compiling

NESTED = """\
all:
  vars: {who: all, level: 0, only_all: "{{ who }}", tags: {all: 1, both: all}}
  hosts:
    alone:
    sw1.example.net: {who: host, half: 1.5, nothing: , yes_no: true, big: 12345678901}
    sw1: &one
      list: [1, [two, {three: 3}], null, "{{ x }}", !unsafe "{{ raw }}"]
      text: "line\\n二\\t\\u0001"
    SW2: {<<: *one, who: capitals}
    sw2: {ansible_host: 10.0.0.2}
  children:
    outer:
      vars: {who: outer, tags: {outer: 1, both: outer}}
      children:
        inner:
          vars: {who: inner, ansible_group_priority: 10, tags: {inner: 1, both: inner}}
          hosts: {sw1: , sw2: {who: host in inner}}
        with-dash: {hosts: {sw1.example.net: }, vars: {dash: "yes"}}
    zebra:
      vars: {who: zebra, tags: {zebra: 1}}
      hosts: {sw1: , SW2: , "late[01:03]": }
    empty: {}
    twice: {children: {inner: }}
"""

FILES = {
    "inventory/1.yml": NESTED,
    "inventory/2.ini": "[zebra]\nsw2 who=ini number=3 text='a b' flag=True list=[1,2]\nini[a:c]\n"
    "[cats:children]\nzebra\n[cats:vars]\nwho=cats\nmeow={{ who }}\n[all:vars]\nlast=1\n",
    "inventory/group_vars/all/a.yml": "who: all file\nfrom_all: 1\ntags: {file: 1}\n",
    "inventory/group_vars/all/b.yaml": "from_all: 2\n",
    "inventory/group_vars/all/.hidden.yml": "hidden: 1\n",
    "inventory/group_vars/all/sub/c.json": '{"deep": {"a": [1, 2.50, "x"]}}',
    "inventory/group_vars/inner.yml": "who: inner file\ntags: {inner: 2}\n",
    "inventory/group_vars/zebra": "plain: no extension\n",
    "inventory/group_vars/outer.yaml": "# nothing\n",
    "inventory/host_vars/sw1.yml": "rack: 1\n",
    "inventory/host_vars/sw1.example.net.yml": "rack: 2\nshared: &s {a: 1}\nagain: *s\n",
    "inventory/host_vars/sw1.example.yml": "rack: nobody's\n",
    "inventory/host_vars/sw2/one.yml": "rack: 3\n",
    "inventory/host_vars/sw2/two.txt": "rack: not read\n",
    "inventory/host_vars/alone": "rack: 4\n",
    "inventory/host_vars/late01.json": '{"rack": 5}',
    "group_vars/zebra.yml": "beside: the estate\nplain: estate\n",
    "host_vars/SW2.yml": "beside: the host\n",
}

PROGRAM = """\
#!/bin/sh
echo '{"g": {"hosts": ["p1", "sw1"], "vars": {"who": "program", "t": "{{ who }}"}},
 "outer": {"children": ["g"]}, "_meta": {"hostvars": {"p1": {"a": [1, {"b": null}], "c": 1.0}}}}'
"""

CONSTRUCTED = """\
plugin: ansible.builtin.constructed
strict: false
compose: {made: "'of ' ~ inventory_hostname"}
groups: {composed: who is defined}
keyed_groups: [{key: rack | default('none'), prefix: rack}]
"""


@pytest.fixture
def folder(write):
    return write(FILES)


def quick(folder: Path, sources: tuple[str, ...], **env: str) -> dict[str, Any]:
    said = _run(folder, ["-P", str(compiling._PROGRAM)], sources, env)["inventory"]
    del said["_meta"]["order"]
    for variables in said["_meta"]["hostvars"].values():
        variables.pop("inventory_dir", None)
        variables.pop("inventory_file", None)
    said["_meta"]["hostvars"] = {h: v for h, v in said["_meta"]["hostvars"].items() if v}
    return dict(said)


def stock(folder: Path, sources: tuple[str, ...], **env: str) -> dict[str, Any]:
    return _run(folder, ["-m", "ansible", "inventory", "--list"], sources, env)


def _run(folder: Path, what: list[str], sources: tuple[str, ...], env: dict[str, str]) -> Any:
    options = [part for source in sources for part in ("-i", source)]
    done = subprocess.run(
        [sys.executable, *what, *options],
        cwd=folder,
        env=clean_env(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", **env),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"ANSIBLE_HASH_BEHAVIOUR": "merge"},
        {"ANSIBLE_PRECEDENCE": "all_plugins_inventory,groups_plugins_inventory,groups_inventory"},
        {"ANSIBLE_INVENTORY_UNPARSED_WARNING": "0", "ANSIBLE_VARS_ENABLED": ""},
    ],
    ids=["usual", "merged", "other precedence", "no vars files"],
)
def test_precedence_files_and_types(folder, env):
    expected = stock(folder, ("inventory", "extra1,sw1"), **env)
    assert quick(folder, ("inventory", "extra1,sw1"), **env) == expected
    assert len(expected["_meta"]["hostvars"]) > 8


def test_a_program_and_a_plugin(folder, write):
    write({"inventory/3.sh": PROGRAM, "inventory/4.yml": CONSTRUCTED})
    (folder / "inventory" / "3.sh").chmod(0o755)
    expected = stock(folder, ("inventory",))
    assert quick(folder, ("inventory",)) == expected
    assert expected["_meta"]["hostvars"]["p1"]["made"] == {"__ansible_unsafe": "of p1"}


def test_a_plugin_that_gives_variables(folder, write):
    write(
        {
            "ansible.cfg": "[defaults]\nvars_plugins = plugins\n",
            "plugins/counting.py": "from ansible.plugins.vars import BaseVarsPlugin\n"
            "asked = []\n"
            "class VarsModule(BaseVarsPlugin):\n"
            "    def get_vars(self, loader, path, entities, cache=True):\n"
            "        asked.append(1)\n"
            "        return {'asked': len(asked), 'of': [e.name for e in entities]}\n",
        }
    )
    expected = stock(folder, ("inventory",), ANSIBLE_CONFIG="ansible.cfg")
    assert quick(folder, ("inventory",), ANSIBLE_CONFIG="ansible.cfg") == expected
    asked = {v["asked"] for v in expected["_meta"]["hostvars"].values()}
    assert len(asked) > 8


def test_values_that_only_ansibles_encoder_knows(write):
    folder = write(
        {"h.yml": "all: {hosts: {a: {t: 2026-11-22 02:00:00, m: {1: x, yes: y}, d: 2026-11-22}}}\n"}
    )
    assert quick(folder, ("h.yml",)) == stock(folder, ("h.yml",))
