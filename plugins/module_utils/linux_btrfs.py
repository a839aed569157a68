# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs to a Btrfs subvolume, who uses it, and its contents as a snapshot has them."""

from __future__ import annotations

import glob
import os
import re
import shutil

from ansible_collections.weibao.core.plugins.module_utils.linux_command import (
    command,
    fields_of,
    text_of,
)
from ansible_collections.weibao.core.plugins.module_utils.linux_services import manifest, unit_of

ROOT_INODE = 256
OURS = ".weibao-"
SNAPPER = ".snapshots"
"""Where another program keeps its snapshots: nothing that a host works with."""
AT_ONCE = 200


def is_subvolume(path):
    """Whether a folder is the top of a subvolume."""
    said = command(["stat", "-f", "-c", "%T", path])["out"].strip()
    return said == "btrfs" and os.lstat(path).st_ino == ROOT_INODE


def not_a_snapshot(path, snapshot):
    """Why ``snapshot`` is not a read-only snapshot of the subvolume ``path``; empty where it is."""
    if os.path.islink(snapshot) or not os.path.isdir(snapshot):
        return "there is no snapshot %s" % snapshot
    if not is_subvolume(snapshot):
        return "%s is a mere folder and no snapshot" % snapshot
    its, whole = _shown(snapshot), _shown(path)
    if "readonly" not in its.get("Flags", ""):
        return "the snapshot %s can be written to, so it proves nothing" % snapshot
    if not whole.get("UUID") or its.get("Parent UUID") != whole["UUID"]:
        return "%s is no snapshot of %s" % (snapshot, path)
    return ""


def _shown(path):
    return fields_of(command(["btrfs", "subvolume", "show", path])["out"], ":")


def foreign(top):
    """Places below ``top`` that a snapshot of it does not hold: subvolumes, mounted systems."""
    device = os.lstat(top).st_dev
    mounts = {_plain(line.split()[4]) for line in text_of("/proc/self/mountinfo").splitlines()}
    found = []
    for folder, folders, _files in os.walk(top):
        for name in list(folders):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            if path in mounts or os.lstat(path).st_dev != device:
                found.append(path)
                folders.remove(name)
    return sorted(found)


def _plain(text):
    """A path of mountinfo, where blanks are written as numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def is_ours(top, path):
    """Whether it is a snapshot of this program."""
    return os.path.dirname(path) == top and os.path.basename(path).startswith(OURS)


def contents(top, skipped):
    """Fingerprints by the path below ``top``; ``skipped`` are such paths, left out with theirs."""
    found = manifest([top], {top + path for path in skipped})
    names = {path[len(top) :]: known for path, known in found.items()}
    return {path: known for path, known in names.items() if not path.startswith("/" + OURS)}


def users(top):
    """Processes that have something of the subvolume open: by number, their unit."""
    device, found = os.lstat(top).st_dev, {}
    for folder in glob.glob("/proc/[0-9]*"):
        links = [folder + "/" + name for name in ("cwd", "root", "exe")]
        if any(_device(link) == device for link in [*links, *glob.glob(folder + "/fd/*")]) or (
            " %s/" % top in text_of(folder + "/maps")
        ):
            found[int(os.path.basename(folder))] = unit_of(text_of(folder + "/cgroup"))
    found.pop(os.getpid(), None)
    return found


def _device(link):
    try:
        return os.stat(link).st_dev
    except OSError:
        return None


def put_back(snapshot, top, kept):
    """Make ``top`` what ``snapshot`` is, without touching the places ``kept``; why not, or ""."""
    _clear(top, kept)
    why = _copy(snapshot, top, kept)
    return why or _attributes(snapshot, top)


def _holds(path, kept):
    return any(place.startswith(path + "/") for place in kept)


def _clear(folder, kept):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if path in kept:
            continue
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
        elif _holds(path, kept):
            _clear(path, kept)
        else:
            shutil.rmtree(path)


def _copy(source, target, kept):
    whole = []
    for name in sorted(os.listdir(source)):
        path = os.path.join(target, name)
        if path in kept or (name.startswith(OURS) and not os.listdir(os.path.join(source, name))):
            continue
        if not _holds(path, kept):
            whole.append(os.path.join(source, name))
            continue
        os.makedirs(path, exist_ok=True)
        below = os.path.join(source, name)
        why = _copy(below, path, kept) or _attributes(below, path)
        if why:
            return why
    for first in range(0, len(whole), AT_ONCE):
        argv = ["cp", "-a", "--reflink=auto", "-t", target, "--", *whole[first : first + AT_ONCE]]
        done = command(argv, 3600)
        if done["rc"]:
            return done["err"][-300:]
    return ""


def _attributes(source, target):
    known = os.stat(source)
    os.chown(target, known.st_uid, known.st_gid)
    shutil.copystat(source, target)
    return ""
