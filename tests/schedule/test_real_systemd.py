"""The units in a real systemd: it starts exactly the command that was meant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src"
SPY = """#!{python}
import json, os, sys
umask = os.umask(0)
said = {{"argv": sys.argv, "umask": umask, "nice": os.nice(0)}}
said["env"] = {{name: os.environ.get(name) for name in ("HOME", "PATH", "LANG")}}
said["nnp"] = "NoNewPrivs:\\t1" in open("/proc/self/status").read()
open({out!r}, "w").write(json.dumps(said))
"""


def _cannot() -> str:
    if not Path("/lib/systemd/systemd").exists() or shutil.which("unshare") is None:
        return "systemd or unshare is not installed"
    return "" if os.geteuid() == 0 else "needs root for namespaces of its own"


@pytest.mark.e2e
@pytest.mark.skipif(bool(_cannot()) and not os.environ.get("CI"), reason=_cannot())
@pytest.mark.parametrize("odd", ["plain", "with space", "100% a$HOME$$b", "q\"u'o\\t;e =", "工程"])
def test_a_real_manager_starts_what_was_meant(tmp_path, odd):
    home, estate, out = tmp_path / "home", tmp_path / odd, tmp_path / "spied.json"
    program = estate / "bin/weibao"
    program.parent.mkdir(parents=True)
    home.mkdir()
    program.write_text(SPY.format(python=sys.executable, out=str(out)))
    program.chmod(0o755)
    inner = [sys.executable, str(HERE / "install_for_real.py")]
    done = subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("sh", str(HERE / "user_manager.sh"), str(home)),
            *(*inner, str(home), str(estate), str(program)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(SOURCES), "TZ": "UTC"},
    )
    log = (home / "manager.log").read_text() if (home / "manager.log").exists() else ""
    assert done.returncode == 0, done.stderr + log
    said = json.loads(done.stdout)
    assert (said["missing"], said["first"], said["second"]) == (False, True, False)
    assert said["active"]
    assert said["start"] == "", log
    spied = json.loads(out.read_text())
    assert spied["argv"] == [str(program), "backup", "run", "--scheduled", "-C", str(estate)]
    assert spied["env"]["HOME"] == str(home)
    assert spied["env"]["LANG"] == "C.UTF-8"
    assert spied["env"]["PATH"].split(":")[0] == str(program.parent)
    assert (spied["umask"], spied["nice"], spied["nnp"]) == (0o077, 10, True)
    moments = [
        datetime.strptime(said[name], "%a %Y-%m-%d %H:%M:%S %Z").replace(tzinfo=UTC)
        for name in ("next", "next_changed")
    ]
    walls = [moment.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") for moment in moments]
    assert walls[1] == "03:45"
    assert walls[0] in {"02:00", "03:00"}  # the latter on the one night that is skipped
    assert said["changed"]
    assert (said["removed"], said["left"], said["timers"]) == (6, [], "")
