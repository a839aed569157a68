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
OURS = "/var/lib/weibao"
PASSED = 2
"""Folders below it, patch/<change>, through which apt's and databases' users reach theirs."""
_FOLDER_ONLY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_MOST_LINKS = 40
_IN = "/proc/self/fd/%d/%s"
_NO_XATTRS = (errno.ENOTSUP, errno.EPERM, errno.ENODATA, errno.EINVAL)


def keep(paths, folder):
    """Copy files and links below ``folder``; what was kept before stays.

    The fingerprints of what is kept: a file may have changed since it was read.
    """
    kept = {}
    for path in map(real, paths):
        place = folder + path
        if not _is_plain(place):
            if not _is_plain(path):
                continue
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
        with _noting(problems, path), opened(path) as place:
            _, mode, owner, group = wanted[path].split(":")
            os.fchown(place, int(owner), int(group))
            os.fchmod(place, int(mode, 8))
    return problems


def take_away(paths, aside):
    """Move files aside that were not there before, and remove folders that are empty then.

    How many, and what could not be done, by path.
    """
    gone, problems = 0, {}
    for path in sorted(map(real, paths), reverse=True):  # what is in a folder comes before it
        with _noting(problems, path):
            if not os.path.lexists(path):
                continue
            if _is_folder(path):
                if not os.listdir(path):
                    with _beside(path) as (place, name):
                        os.rmdir(name, dir_fd=place)
                    gone += 1
            else:
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


def _is_plain(path):
    return os.path.islink(path) or os.path.isfile(path)


def _is_folder(path):
    return os.path.isdir(path) and not os.path.islink(path)


def private(folder):
    """Make it, with those above it, for root alone; but for those that others have to pass."""
    if folder.startswith(OURS + "/"):
        parts = folder[len(OURS) + 1 :].split("/")[:-1]
        for number in range(min(len(parts), PASSED) + 1):
            os.makedirs("/".join([OURS, *parts[:number]]), exist_ok=True)
    before = os.umask(0o077)
    try:
        os.makedirs(folder, exist_ok=True)
    finally:
        os.umask(before)


def move_aside(path, aside):
    """Away from its place, and lost only where nothing is to be kept."""
    with _beside(path) as (place, name):
        if aside:
            shutil.move(_IN % (place, name), _place(path, aside))
        elif _is_folder(path):
            shutil.rmtree(_IN % (place, name))
        else:
            os.unlink(name, dir_fd=place)


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
    if not os.path.isdir(path):
        private(os.path.dirname(path))
        with _beside(path) as (place, name):
            os.mkdir(name, 0o700, dir_fd=place)
        return
    mode = int(known.split(":")[1], 8)
    with opened(path) as place:
        os.fchmod(place, stat.S_IMODE(os.fstat(place).st_mode) & mode | 0o700)


def _put_file(source, path, aside):
    """One file or link, whole or not at all."""
    private(os.path.dirname(path))  # what is recorded of it comes when it is filled
    if os.path.lexists(path):
        if not _is_plain(path):
            move_aside(path, aside)
        elif aside and fingerprint(path) != fingerprint(source):
            copy(path, _place(path, aside))
    copy(source, path)


def copy(source, path):
    """Make ``path`` an exact copy of a file or a link, in one step."""
    with _beside(path) as (place, name):
        beside = name + BESIDE
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


@contextlib.contextmanager
def _beside(path):
    """The open folder that holds it, and its name there."""
    folder, name = os.path.split(path)
    with opened(folder, follows=True) as place:
        yield place, name


@contextlib.contextmanager
def opened(folder, follows=False):
    """An open folder: whoever may write on the way to it cannot divert what is done in it.

    Links on the way, and with ``follows`` the folder itself, have to be root's (or this user's).
    """
    steps, links = [name for name in folder.split("/") if name][::-1], 0
    place = os.open("/", _FOLDER_ONLY)
    try:
        while steps:
            name = steps.pop()
            try:
                inner = os.open(name, _FOLDER_ONLY, dir_fd=place)
            except OSError:
                known = os.stat(name, dir_fd=place, follow_symlinks=False)
                if not stat.S_ISLNK(known.st_mode) or not (steps or follows):
                    raise
                links += 1
                if known.st_uid not in (0, os.geteuid()) or links > _MOST_LINKS:
                    raise
                target = os.readlink(name, dir_fd=place)
                steps += [step for step in target.split("/") if step][::-1]
                if not target.startswith("/"):
                    continue
                inner = os.open("/", _FOLDER_ONLY)
            os.close(place)
            place = inner
        yield place
    finally:
        os.close(place)


def _copied_link(source, name, place):
    known = os.lstat(source)
    os.symlink(os.readlink(source), name, dir_fd=place)
    os.chown(name, known.st_uid, known.st_gid, dir_fd=place, follow_symlinks=False)


def _copied_file(source, name, place):
    # Nobody else's, until it has its owner; never through somebody's link.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    read = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # no pipe, on which it would wait for ever
    with open(source, "rb", opener=lambda path, _: os.open(path, read)) as stream:
        known = os.fstat(stream.fileno())
        if not stat.S_ISREG(known.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        handle = os.open(name, flags, 0o600, dir_fd=place)
        with os.fdopen(handle, "wb") as made:
            shutil.copyfileobj(stream, made, 1 << 20)
            made.flush()
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
