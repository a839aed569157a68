# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Putting files and folders back to what they were; what they were meanwhile is kept aside."""

from __future__ import annotations

import os
import shutil

from ansible_collections.weibao.core.plugins.module_utils.linux_services import fingerprint

FOLDER = "folder:"


def put_back(wanted, source, aside):
    """Make ``wanted`` (fingerprints by path) true, out of the files below ``source``."""
    folders = sorted(path for path, known in wanted.items() if known.startswith(FOLDER))
    for path in folders:  # a folder comes before what is in it
        if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
            move_aside(path, aside)
        os.makedirs(path, exist_ok=True)
    for path in sorted(set(wanted) - set(folders)):
        if os.path.lexists(source + path):
            _put_file(source + path, path, aside)
    for path in folders:  # and gets its mode when all is in it
        _, mode, owner, group = wanted[path].split(":")
        os.chown(path, int(owner), int(group))
        os.chmod(path, int(mode, 8))


def take_away(paths, aside):
    """Move files aside that were not there before, and remove folders that are empty then."""
    gone = 0
    for path in sorted(paths, reverse=True):  # what is in a folder comes before it
        if os.path.isdir(path) and not os.path.islink(path):
            if not os.listdir(path):
                os.rmdir(path)
                gone += 1
        elif os.path.lexists(path):
            move_aside(path, aside)
            gone += 1
    return gone


def move_aside(path, aside):
    """Away from its place, and lost only where nothing is to be kept."""
    if aside:
        shutil.move(path, _place(path, aside))
    elif os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _place(path, aside):
    """Where it is kept; what an earlier try kept stays."""
    place, number = aside + path, 1
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    while os.path.lexists(place):
        place, number = "%s%s.%d" % (aside, path, number), number + 1
    return place


def _put_file(source, path, aside):
    """One file or link, whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.isdir(path) and not os.path.islink(path):
        move_aside(path, aside)
    elif os.path.lexists(path) and aside and fingerprint(path) != fingerprint(source):
        shutil.copy2(path, _place(path, aside), follow_symlinks=False)
    beside = path + ".weibao-new"
    if os.path.lexists(beside):
        os.unlink(beside)
    if os.path.islink(source):
        os.symlink(os.readlink(source), beside)
    else:
        shutil.copy2(source, beside)
        known = os.stat(source)
        os.chown(beside, known.st_uid, known.st_gid)
        os.chmod(beside, known.st_mode & 0o7777)
    os.rename(beside, path)
