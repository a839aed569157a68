# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services, ports, probes, logs and files of a Linux host, as they are."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import socket
import stat
import time

from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    fields_of,
    shown,
    streamed,
    text_of,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_packages import owners

CODE = ("/usr/", "/lib", "/bin/", "/sbin/", "/opt/")
_UNIT = re.compile(r"([^/]+\.(?:service|scope|socket))(?:/|$)")
_LISTEN = "0A"
_UNCONNECTED = "07"
_VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{12,}|\d+", re.I)
LOG_LINES = 2000
"""Different severe lines of one reading."""


def has_systemd():
    """Whether systemd is this host's init."""
    return os.path.isdir("/run/systemd/system")


def units():
    """Services that are failed and that are active; known only where systemd answered."""
    if not has_systemd():
        return {"failed": [], "active": [], "known": False, "starts": {}}
    base = ["systemctl", "list-units", "--plain", "--no-legend", "--no-pager", "--full"]
    failed = command([*base, "--state=failed"])
    active = command([*base, "--type=service", "--state=active"])
    shown = command(
        ["systemctl", "show", "*.service", "--property=Id,Restart,NRestarts,ActiveState",
         "--property=ActiveEnterTimestampMonotonic"]
    )  # fmt: skip
    return {
        "failed": _first_words(failed["out"]),
        "active": _first_words(active["out"]),
        "known": failed["rc"] == 0 and active["rc"] == 0 and shown["rc"] == 0,
        "starts": _starts(shown["out"], time.monotonic()),
    }


def _starts(text, now):
    """Of services that systemd starts again: how often it did, and seconds since the last time."""
    found = {}
    for block in text.split("\n\n"):
        known = fields_of(block)
        if known.get("Restart", "no") == "no" or not known.get("NRestarts", "").isdigit():
            continue
        times, entered = int(known["NRestarts"]), int(known["ActiveEnterTimestampMonotonic"] or 0)
        is_active = known.get("ActiveState") == "active"
        if is_active or times:
            age = round(now - entered / 1e6, 1) if is_active else 0.0
            found[known["Id"]] = [times, age]
    return found


def are_steady(starts, units, seconds):
    """Whether none of ``units`` that systemd starts again was started within these seconds."""
    return all(starts[unit][1] >= seconds for unit in units if unit in starts)


def _first_words(text):
    return sorted(line.split()[0] for line in text.splitlines() if line.split())


def is_settled():
    """Whether systemd has nothing left to start."""
    said = command(["systemctl", "is-system-running"])["out"].strip() if has_systemd() else ""
    return said not in ("initializing", "starting")


def listening():
    """``tcp/<address>:<port>`` (and udp) of what listens, from the kernel's own tables."""
    found = set()
    for kind, state in (("tcp", _LISTEN), ("udp", _UNCONNECTED)):
        for family, name in ((socket.AF_INET, kind), (socket.AF_INET6, kind + "6")):
            for line in text_of("/proc/net/" + name).splitlines()[1:]:
                parts = line.split()
                if len(parts) > 3 and parts[3] == state:
                    address, _, port = parts[1].partition(":")
                    found.add("%s/%s:%d" % (kind, _address(address, family), int(port, 16)))
    return sorted(found)


def _address(text, family):
    raw = bytes.fromhex(text)
    words = [raw[i : i + 4][::-1] for i in range(0, len(raw), 4)]
    shown = socket.inet_ntop(family, b"".join(words))
    return "[%s]" % shown if family == socket.AF_INET6 else shown


def processes(manager):
    """By service unit: packages whose files it runs, since when, and whether they are gone.

    A file counts where it is mapped, or named by the command line as scripts are.
    """
    found, files = {}, {}
    tick = os.sysconf("SC_CLK_TCK")
    ours = _pid_space("/proc/self")
    for folder in glob.glob("/proc/[0-9]*"):
        unit = unit_of(text_of(folder + "/cgroup"))
        # What runs in a container has units, files and packages of its own.
        if not unit or _pid_space(folder) != ours:
            continue
        one = found.setdefault(unit, {"files": set(), "deleted": set(), "started": None})
        for path, gone in _mapped(folder):
            one["files"].add(path)
            if gone:
                one["deleted"].add(path)
        for word in text_of(folder + "/cmdline").split("\0"):
            if word.startswith(CODE) and os.path.isfile(word):
                one["files"].add(word)
        ticks = text_of(folder + "/stat").rpartition(")")[2].split()
        if len(ticks) > 19:
            since = int(ticks[19]) / tick
            one["started"] = since if one["started"] is None else min(since, one["started"])
        files.update(dict.fromkeys(one["files"]))
    brought = {unit: _unit_files(unit) for unit in found}
    files.update((path, None) for paths in brought.values() for path in paths)
    owned = owners(manager, files)
    return {
        unit: {
            "packages": sorted({owned[p] for p in one["files"] if p in owned}),
            "deleted": sorted(one["deleted"])[:20],
            "started": one["started"],
            "owner": next((owned[path] for path in brought[unit] if path in owned), ""),
        }
        for unit, one in sorted(found.items())
    }


def _unit_files(unit):
    """Where a package may have brought it."""
    folders = ("/usr/lib/systemd/system", "/lib/systemd/system")
    return [path for path in (os.path.join(f, unit) for f in folders) if os.path.isfile(path)]


def _pid_space(folder):
    """The namespace of processes that a process is in."""
    try:
        return os.readlink(folder + "/ns/pid")
    except OSError:
        return ""


def unit_of(text):
    """The system unit of a process; ``init.scope`` is the init itself.

    The first one on the way is the host's: those below it are a container's.
    """
    for line in text.splitlines():
        path = line.split(":", 2)[-1]
        if line.startswith(("0::", "1:name=systemd:")) and "/user.slice/" not in path + "/":
            names = _UNIT.findall(path)
            if names:
                return names[0]
    return ""


def _mapped(folder):
    for line in text_of(folder + "/maps").splitlines():
        parts = line.split(None, 5)
        if len(parts) == 6 and "x" in parts[1] and parts[5].startswith(CODE):
            gone = parts[5].endswith(" (deleted)")
            yield (parts[5][: -len(" (deleted)")] if gone else parts[5]), gone


def probe(asked):
    """Try one probe: ``name``, ``kind`` (http, tcp, command, sql), and whether it is well."""
    kind = str(asked.get("kind", "command"))
    timeout = float(asked.get("timeout", 10))
    expect = str(asked.get("expect", ""))
    try:
        if kind == "http":
            ok, said = _http(str(asked["url"]), timeout, int(asked.get("status", 200)))
        elif kind == "tcp":
            place = (str(asked.get("host", "127.0.0.1")), int(asked["port"]))
            with socket.create_connection(place, timeout):
                ok, said = True, ""
        else:
            argv = asked["command"]
            done = command(argv.split() if isinstance(argv, str) else list(map(str, argv)), timeout)
            ok, said = done["rc"] == 0, done["out"] or done["err"]
    except (OSError, ValueError, KeyError) as error:
        ok, said = False, "%s: %s" % (type(error).__name__, error)
    if ok and expect and not re.search(expect, said):
        ok, said = False, "%r is not in the answer" % expect
    name = str(asked.get("name") or kind)
    return {"name": name, "kind": kind, "ok": ok, "said": "" if ok else said.strip()[:300]}


def _http(url, timeout, status):
    import urllib.error  # each module is compiled anew on the host, and few readings probe so
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310
            code, body = answer.getcode(), answer.read(65536)
    except urllib.error.HTTPError as error:
        code, body = error.code, b""
    text = body.decode("utf-8", "replace")
    return code == status, text if code == status else "HTTP %d" % code


def log(since, priority="err"):
    """Severe lines of the journal since ``since`` (seconds), each once whatever numbers it holds.

    With it whether there were more than ``LOG_LINES``. None where the journal could not be read.
    """
    found, cut = {}, []
    if not has_systemd():
        return [], False

    def take(line):
        try:
            entry = json.loads(line)
        except ValueError:
            return True
        message = entry.get("MESSAGE")
        if isinstance(message, list):  # so the journal writes what is no UTF-8
            message = bytes(message).decode("utf-8", "replace")
        if not isinstance(message, str):
            return True
        unit = str(entry.get("_SYSTEMD_UNIT") or entry.get("SYSLOG_IDENTIFIER") or "")
        level = int(entry.get("PRIORITY", 3))
        key = (unit, level, _VARYING.sub("#", message[:300]))
        if key not in found and len(found) >= LOG_LINES:
            cut.append(True)
            return False
        found.setdefault(key, {"unit": unit, "priority": level, "message": message[:300]})
        return True

    asked = ["--quiet", "--no-pager", "-o", "json", "-p", priority, "--since", "@%d" % int(since)]
    if streamed(["journalctl", *asked], take, 60):
        return None, False
    return list(found.values()), bool(cut)


def manifest(paths, skipped=()):
    """By path, mode, owner and sha256 (or target) of every file and folder below ``paths``.

    Folders ``skipped`` are left out with all that is in them.
    """
    found = {}
    for top in (path.rstrip("/") or "/" for path in paths):
        for folder, folders, files in os.walk(top) if os.path.isdir(top) else [("", [], [top])]:
            folders[:] = [n for n in folders if os.path.join(folder, n) not in skipped]
            links = [n for n in folders if os.path.islink(os.path.join(folder, n))]
            names = [os.path.join(folder, name) for name in [*files, *links]]
            for path in [folder, *names] if folder else names:
                said = fingerprint(path)
                if said:
                    found[shown(path)] = said
    return found


def fingerprint(path):
    """``mode:uid:gid:sha256`` of a file, ``folder:mode:uid:gid``, or ``link:target``.

    Empty where it cannot be read, or is none of them.
    """
    try:
        known = os.lstat(path)
        mode = stat.S_IMODE(known.st_mode)
        if stat.S_ISLNK(known.st_mode):
            return "link:" + shown(os.readlink(path))
        if stat.S_ISDIR(known.st_mode):
            return "folder:%04o:%d:%d" % (mode, known.st_uid, known.st_gid)
        if not stat.S_ISREG(known.st_mode):
            return ""
        with open(path, "rb") as stream:
            digest = hashlib.sha256()
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
    except OSError:
        return ""
    return "%04o:%d:%d:%s" % (mode, known.st_uid, known.st_gid, digest.hexdigest())


def clock(asked):
    """The host's time beside the controller's, and whether it says to be in step."""
    said = command(["timedatectl", "show"])["out"] if has_systemd() else ""
    return {
        "host": time.time(),
        "asked": asked,
        "synchronised": fields_of(said).get("NTPSynchronized", ""),
    }


def disks(paths):
    """Free and total bytes of the file systems that hold ``paths``."""
    found = {}
    for path in paths:
        try:
            known = os.statvfs(path)
        except OSError:
            continue
        found[path] = {
            "free": known.f_bavail * known.f_frsize,
            "total": known.f_blocks * known.f_frsize,
            "inodes": known.f_favail,
            "all_inodes": known.f_files,
            "device": os.stat(path).st_dev,
        }
    return found
