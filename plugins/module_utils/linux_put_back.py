# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeping files and folders and putting them back; what they were meanwhile is kept aside.

A copy is whole or not there, and nobody may read it who may not read the file: folders may belong
to a service's user, and the process may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat

from ansible_collections.weibao.core.plugins.module_utils.linux_command import real, shown
from ansible_collections.weibao.core.plugins.module_utils.linux_services import fingerprint

FOLDER = "folder:"
BESIDE = ".weibao-new"
_NO_XATTRS = (errno.ENOTSUP, errno.EPERM, errno.ENODATA, errno.EINVAL)


def keep(paths, folder):
    """Copy files and links below ``folder``; their fingerprints. What was kept before stays."""
    kept = {}
    for path in map(real, paths):
        place = folder + path
        if not os.path.lexists(path) or _is_folder(path):
            continue
        if not os.path.lexists(place):
            private(os.path.dirname(place))
            copy(path, place)
        kept[shown(path)] = fingerprint(place)
    return kept


def put_back(wanted, source, aside):
    """Make ``wanted`` (fingerprints by path) true, out of the files below ``source``.

    ``source`` may be a function that says where a file lies. What could not be done, by path.
    """
    wanted = {real(path): known for path, known in wanted.items()}
    place_of = source if callable(source) else lambda path: source + path
    folders = sorted(path for path, known in wanted.items() if known.startswith(FOLDER))
    problems = {}
    for path in folders:  # a folder comes before what is in it
        with _noting(problems, path):
            _put_folder(path, wanted[path], aside)
    for path in sorted(set(wanted) - set(folders)):
        if os.path.lexists(place_of(path)):
            with _noting(problems, path):
                _put_file(place_of(path), path, aside)
    for path in folders:  # and gets its mode when all is in it
        with _noting(problems, path):
            _, mode, owner, group = wanted[path].split(":")
            os.chown(path, int(owner), int(group))
            os.chmod(path, int(mode, 8))
    return problems


def take_away(paths, aside):
    """Move files aside that were not there before, and remove folders that are empty then.

    How many, and what could not be done, by path.
    """
    gone, problems = 0, {}
    for path in sorted(map(real, paths), reverse=True):  # what is in a folder comes before it
        with _noting(problems, path):
            if _is_folder(path):
                if not os.listdir(path):
                    os.rmdir(path)
                    gone += 1
            elif os.path.lexists(path):
                move_aside(path, aside)
                gone += 1
    return gone, problems


@contextlib.contextmanager
def _noting(problems, path):
    """One that fails does not keep the others from being done."""
    try:
        yield
    except OSError as error:
        problems[shown(path)] = error.strerror or str(error)


def _is_folder(path):
    return os.path.isdir(path) and not os.path.islink(path)


def private(folder):
    """Make it, with those above it, for root alone."""
    before = os.umask(0o077)
    try:
        os.makedirs(folder, exist_ok=True)
    finally:
        os.umask(before)


def move_aside(path, aside):
    """Away from its place, and lost only where nothing is to be kept."""
    if aside:
        shutil.move(path, _place(path, aside))
    elif _is_folder(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _place(path, aside):
    """Where it is kept; what an earlier try kept stays."""
    base, place, number = aside, aside + path, 1
    while True:
        try:
            private(os.path.dirname(place))
        except (FileExistsError, NotADirectoryError):  # a file is kept where a folder has to be
            base = "%s.%d" % (aside, number)
            place = base + path
        else:
            if not os.path.lexists(place):
                return place
            place = "%s%s.%d" % (base, path, number)
        number += 1


def _put_folder(path, known, aside):
    """A folder, open to nobody more than before and than in the end."""
    if os.path.lexists(path) and not _is_folder(path):
        move_aside(path, aside)
    if os.path.isdir(path):
        mode = int(known.split(":")[1], 8)
        os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & mode | 0o700)
    else:
        private(path)


def _put_file(source, path, aside):
    """One file or link, whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        is_plain = os.path.islink(path) or os.path.isfile(path)
        if not is_plain:
            move_aside(path, aside)
        elif aside and fingerprint(path) != fingerprint(source):
            copy(path, _place(path, aside))
    copy(source, path)


def copy(source, path):
    """Make ``path`` an exact copy of a file or a link, in one step."""
    folder, name = os.path.split(path)
    beside = name + BESIDE
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(FileNotFoundError):  # left by a process that was killed
            os.unlink(beside, dir_fd=place)
        try:
            (_copied_link if os.path.islink(source) else _copied_file)(source, beside, place)
            os.rename(beside, name, src_dir_fd=place, dst_dir_fd=place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside, dir_fd=place)
            raise
        os.fsync(place)
    finally:
        os.close(place)


def _copied_link(source, name, place):
    known = os.lstat(source)
    os.symlink(os.readlink(source), name, dir_fd=place)
    os.chown(name, known.st_uid, known.st_gid, dir_fd=place, follow_symlinks=False)


def _copied_file(source, name, place):
    # Nobody else's, until it has its owner; never through somebody's link.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        open(source, "rb") as stream,
        open(name, "wb", opener=lambda path, _: os.open(path, flags, 0o600, dir_fd=place)) as made,
    ):
        known = os.fstat(stream.fileno())
        shutil.copyfileobj(stream, made, 1 << 20)
        made.flush()
        handle = made.fileno()
        os.fchown(handle, known.st_uid, known.st_gid)
        _copy_xattrs(stream.fileno(), handle)  # a new owner takes capabilities away
        os.fchmod(handle, stat.S_IMODE(known.st_mode))
        os.utime(handle, ns=(known.st_atime_ns, known.st_mtime_ns))
        os.fsync(handle)


def _copy_xattrs(source, made):
    """Access lists, capabilities, labels."""
    try:
        for name in os.listxattr(source):
            try:
                os.setxattr(made, name, os.getxattr(source, name))
            except OSError as error:
                if error.errno not in _NO_XATTRS:
                    raise
    except OSError as error:
        if error.errno not in _NO_XATTRS:
            raise
