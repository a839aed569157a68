# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The packages of a Linux host, by dpkg and apt or by rpm and dnf, as raw answers.

Nothing is judged here: what commands say is handed on, and read on the controller.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time

from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    fields_of,
    text_of,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_dnf import dnf_query
from ansible_collections.weibao.core.plugins.module_utils.linux_supplied import described, staged

ADDRESSES = (
    *("-qq", "--print-uris", "-o", "Acquire::ForceHash=SHA256"),
    *("-o", "Dir::Cache::Archives=/nonexistent/"),
)
"""So that apt names what it would download, even where it has been downloaded before."""
DPKG_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")
RPM_LOCKS = ("/var/lib/rpm/.rpm.lock", "/var/cache/dnf/metadata_lock.pid", "/var/run/dnf.pid")


def manager_of(asked):
    """``apt`` or ``dnf``; empty where there is neither."""
    if asked in ("apt", "dnf"):
        return asked
    for name, program in (("apt", "apt-get"), ("dnf", "dnf")):
        for folder in ("/usr/bin", "/bin"):
            if os.path.exists(os.path.join(folder, program)):
                return name
    return ""


def refresh(manager, seconds=180):
    """Fetch the package lists anew; a list that cannot be had is an error."""
    if manager == "apt":
        done = command(
            ["apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any",
             "-o", "DPkg::Lock::Timeout=30"], seconds,
        )  # fmt: skip
    else:
        done = command(["dnf", "-q", "makecache", "--refresh", "--setopt=skip_if_unavailable=0"],
                       seconds)  # fmt: skip
    return {"rc": done["rc"], "error": done["err"][-600:] if done["rc"] else ""}


def stock(manager):
    """What there is: name, architecture and version of every package that is installed
    (``packages``), and of those that are there, but not whole (``unfinished``); names of packages
    that are not to be changed (``held``), those that came by themselves (``auto``), those that
    are removed and have left their configuration and data (``residual``), and what is wrong in the
    package database (``broken``).
    """
    return _dpkg() if manager == "apt" else _rpm()


def _dpkg():
    # One call tells it all; what is held as apt-mark says it, which opens APT's cache for that.
    form = "${db:Status-Want} ${db:Status-Status} ${Package} ${Architecture} ${Version}\n"
    rows = [row for row in _rows(["dpkg-query", "-W", "-f", form]) if len(row) == 5]
    whole = ("installed", "config-files", "not-installed")
    audit = command(["dpkg", "--audit"])
    return {
        "packages": sorted(row[2:] for row in rows if row[1] == "installed"),
        "unfinished": sorted(row[2:] for row in rows if row[1] not in whole),
        "residual": sorted(row[2:4] for row in rows if row[1] == "config-files"),
        "held": sorted({row[2] for row in rows if row[0] == "hold"}),
        "auto": automatic(text_of("/var/lib/apt/extended_states", limit=8000000)),
        "broken": (audit["out"] or audit["err"]).strip()[:1000],
    }


def _rpm():
    said = dnf_query({"do": "state"})
    checked = command(["rpmdb", "--verifydb"])
    wrong = [checked["err"] or "rpmdb: %s" % checked["rc"]] if checked["rc"] else []
    wrong += ["twice: " + one for one in said.get("twice", ())]
    wrong += [said["error"]] if said.get("error") else []
    return {
        "packages": _rpms(),
        "unfinished": [],
        "residual": [],
        "held": said.get("held", []),
        "auto": [],
        "broken": "; ".join(wrong)[:1000],
    }


def _rpms():
    form = "%{NAME} %{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
    rows = _rows(["rpm", "-qa", "--qf", form])
    return sorted(
        [name, arch, version[2:] if version.startswith("0:") else version]
        for name, arch, version in (row for row in rows if len(row) == 3)
        if name != "gpg-pubkey"
    )


def _rows(argv):
    """The words of each line; nothing where the list did not come to its end."""
    said = command(argv)
    return [line.split(" ") for line in said["out"].splitlines()] if said["rc"] == 0 else []


def automatic(text):
    """Name and architecture of what apt has marked as installed automatically."""
    found = []
    for paragraph in text.split("\n\n"):
        known = fields_of(paragraph, ": ")
        if known.get("Auto-Installed") == "1":
            found.append([known.get("Package", ""), known.get("Architecture", "")])
    return sorted(found)


def lock_holder(manager):
    """Who holds a lock of the package manager: process and its command; empty for nobody."""
    for path in DPKG_LOCKS if manager == "apt" else RPM_LOCKS:
        if path.endswith(".pid"):
            pid = text_of(path).strip()
            if pid.isdigit() and os.path.isdir("/proc/" + pid):
                return _process(int(pid))
            continue
        pid = _locked_by(path)
        if pid:
            return _process(pid)
    return ""


def _locked_by(path):
    """The process that holds a POSIX lock on ``path``; -1: one that cannot be seen; 0: none."""
    try:
        stream = open(path, "rb+")  # noqa: SIM115
    except OSError as error:
        return 0 if error.errno in (errno.ENOENT, errno.EACCES, errno.EROFS) else -1
    with stream:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack("hhqqi4x", fcntl.fcntl(stream, fcntl.F_GETLK, asked))
    return 0 if answer[0] == fcntl.F_UNLCK else (answer[4] or -1)


def _process(pid):
    name = text_of("/proc/%d/cmdline" % pid).replace("\0", " ").strip()
    return ("%d %s" % (pid, name))[:200] if pid > 0 else "?"


def updates(manager):
    """What there is to be had, as the package manager says it."""
    if manager == "dnf":
        return {"dnf": dnf_query({"do": "upgrades"})}
    plain = command(["apt-get", "-s", "-q", "--with-new-pkgs", "upgrade"])
    full = command(["apt-get", "-s", "-q", "dist-upgrade"])
    lines = [line.split()[1] for line in full["out"].splitlines() if line.startswith("Inst ")]
    sources = command(["apt-cache", "madison", *lines]) if lines else {"rc": 0, "out": ""}
    return {"upgrade": plain, "full": full, "sources": sources}


def resolve(manager, wanted, supplied=()):
    """What installing exactly ``wanted`` would do, and where the files are to be had.

    ``wanted`` are ``name=version``; ``supplied`` are files on the host, with ``path`` and
    ``earlier``. Every installed package that would be replaced needs its present file for the
    way back.
    """
    rows = [
        dict(described(manager, one["path"]), earlier=bool(one.get("earlier"))) for one in supplied
    ]
    new = [row["path"] for row in rows if not row["earlier"] and not row["error"]]
    if manager == "dnf":
        return {"dnf": _resolve_dnf(wanted, rows, new), "supplied": rows}
    base = ["apt-get", "-q", "-y"]
    simulated = command([*base, "-s", "install", *wanted, *new])
    uris = command([*base, *ADDRESSES, "install", *wanted, *new])
    lines = [line.split() for line in simulated["out"].splitlines() if line.startswith("Inst ")]
    pins = sorted("%s=%s" % (line[1], _version(line)) for line in lines)
    details = [_details(pins[at : at + 100]) for at in range(0, len(pins), 100)]
    old = {line[1]: _earlier(line[1], rows) for line in lines if line[2].startswith("[")}
    return {
        "install": simulated,
        "uris": uris,
        "earlier": old,
        "details": "\n\n".join([*(row["details"].strip() for row in rows), *details]),
        "supplied": rows,
    }


def _details(pins):
    """Of some packages what a plan needs to know; descriptions are long."""
    said = command(["apt-cache", "show", *pins])["out"].splitlines()
    wanted = ("Package: ", "Version: ", "Installed-Size: ")
    return "\n".join(line for line in said if not line or line.startswith(wanted))


def _resolve_dnf(wanted, rows, new):
    answer = dnf_query({"do": "resolve", "wanted": wanted, "files": new})
    have = {(one["name"], one["arch"]) for one in answer.get("earlier") or ()}
    for one in answer.get("resolved") or ():
        if one["before"] and (one["name"], one["arch"]) not in have:
            same = dict(one, version=one["before"])
            answer["earlier"] += [
                dict(row, uri="file:" + row["path"]) for row in _lying_here("dnf", same, rows)[:1]
            ]
    return answer


def _lying_here(manager, asked, rows):
    """Files of exactly this package: supplied ones, and those that earlier changes left."""
    names = ("name", "arch", "version")
    known = [*rows, *(described(manager, path) for path in staged(manager))]
    return [row for row in known if all(row[name] == asked[name] for name in names)]


def _version(line):
    return next((word[1:] for word in line if word.startswith("(")), "")


def _earlier(name, rows):
    """Where the installed version of ``name`` can be had once more."""
    form = "${Version} ${Architecture}\n"
    said = command(["dpkg-query", "-W", "-f", form, name])["out"].splitlines()
    found = [line.split() for line in said if len(line.split()) == 2]
    if len(found) > 1:  # apt names a package of the host's own architecture without it
        native = command(["dpkg", "--print-architecture"])["out"].strip()
        found = [row for row in found if row[1] == native]
    if len(found) != 1:
        return ""
    known = found[0]
    file = "%s_%s_%s.deb" % (name.partition(":")[0], known[0].replace(":", "%3a"), known[1])
    pin = "%s=%s" % (name, known[0])
    said = command(["apt-get", "-q", "-y", *ADDRESSES, "--reinstall", "install", pin])["out"]
    for line in said.splitlines():
        if " %s " % file in line:
            return line
    path = os.path.join("/var/cache/apt/archives", file)
    asked = {"name": name.partition(":")[0], "version": known[0], "arch": known[1]}
    here = [described("apt", path)] if os.path.exists(path) else _lying_here("apt", asked, rows)
    for row in here[:1]:
        return "'file:%s' %s %d SHA256:%s" % (row["path"], file, row["size"], row["sha256"])
    return ""


def last_changed(manager):
    """When packages were last installed or upgraded, as seconds since 1970; 0: not known."""
    if manager == "apt":
        stamps = []
        for line in text_of("/var/log/apt/history.log").splitlines():
            if line.startswith("End-Date: "):
                try:
                    stamps.append(time.mktime(time.strptime(line[10:], "%Y-%m-%d  %H:%M:%S")))
                except ValueError:
                    continue
        if stamps:
            return max(stamps)
        try:
            return os.path.getmtime("/var/lib/dpkg/status")
        except OSError:
            return 0
    said = command(["rpm", "-qa", "--qf", "%{INSTALLTIME}\n"])["out"].split()
    return max([int(one) for one in said if one.isdigit()] or [0])


def owners(manager, paths):
    """By path, the package that it belongs to; paths of no package are left out.

    Raises:
        OSError: the package manager did not answer, which is not the same.
    """
    found = {}
    paths = sorted(set(paths))
    if not paths:
        return found
    if manager == "apt":
        asked = {}
        for path in paths:  # a merged /usr knows a file by one of two names
            asked[path] = path
            asked[path[4:] if path.startswith("/usr/") else "/usr" + path] = path
        for start in range(0, len(asked), 400):
            some = sorted(asked)[start : start + 400]
            said = command(["dpkg-query", "-S", *some])
            if said["rc"] in (124, 127):
                raise OSError("dpkg-query -S: " + said["err"])
            for line in said["out"].splitlines():
                names, _, path = line.partition(": ")
                if path in asked and not line.startswith("diversion"):
                    found[asked[path]] = names.split(",")[0].partition(":")[0]
        return found
    for start in range(0, len(paths), 400):
        found.update(_rpm_owners(paths[start : start + 400]))
    return found


def _rpm_owners(paths):
    """Of some files: rpm says a line for each, none for what is gone, two for what two own."""
    said = command(["rpm", "-qf", "--qf", "%{NAME}\n", *paths])
    if said["rc"] in (124, 127):
        raise OSError("rpm -qf: " + said["err"])
    lines = said["out"].splitlines()
    if len(paths) == 1:
        return {paths[0]: lines[0]} if lines and " " not in lines[0] else {}
    if len(lines) == len(paths) and "error:" not in said["err"]:
        return {p: n for p, n in zip(paths, lines) if " " not in n}  # noqa: B905
    middle = len(paths) // 2
    return dict(_rpm_owners(paths[:middle]), **_rpm_owners(paths[middle:]))
