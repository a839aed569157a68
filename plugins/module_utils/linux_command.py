# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running commands on a Linux host and reading its files; plain Python, nothing but the library."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time

_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")
LIMIT = 2000000
"""Characters of one command's output that are kept."""


def command(argv, timeout=120, env=None, stdin=None):
    """What a command said: ``rc``, ``out``, ``err``; rc 127 where it is not there, 124 too slow."""
    clean = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C", DEBIAN_FRONTEND="noninteractive")
    clean.update(env or {})
    try:
        done = subprocess.run(
            argv,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=timeout,
            env=clean,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"rc": 124, "out": "", "err": "no answer within %d s" % timeout}
    except OSError as error:
        return {"rc": 127, "out": "", "err": str(error)}
    out = done.stdout.decode("utf-8", "replace")[:LIMIT]
    return {
        "rc": done.returncode,
        "out": out,
        "err": done.stderr.decode("utf-8", "replace")[-4000:],
    }


def watched(argv, timeout, keep_free, env=None, stdout=subprocess.PIPE):
    """As ``command``, but ended (rc 125) before it fills a disk.

    ``keep_free`` has, by path, how many bytes stay free on its file system.
    """
    clean = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C", **(env or {}))
    end, why, output = time.monotonic() + timeout, "", (None, None)
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, env=clean,
            cwd="/",
        )  # fmt: skip
    except OSError as error:
        return {"rc": 127, "out": "", "err": str(error)}
    while True:
        try:
            output = process.communicate(timeout=0.5)
            break
        except subprocess.TimeoutExpired:
            why = no_room(keep_free)
            if why or time.monotonic() > end:
                process.send_signal(signal.SIGINT)  # so that restic gives up its lock
                try:
                    output = process.communicate(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    output = process.communicate()
                rc = 125 if why else 124
                return {"rc": rc, "out": "", "err": why or "no answer within %d s" % timeout}
    out, err = (part.decode("utf-8", "replace") if part else "" for part in output)
    return {"rc": process.returncode, "out": out, "err": err[-4000:]}


def no_room(keep_free, files=0):
    """Why there is too little room; empty where there is enough, for so many new files too."""
    for path, size in keep_free.items():
        while not os.path.exists(path):
            path = os.path.dirname(path)
        known = os.statvfs(path)
        free = known.f_bavail * known.f_frsize
        if free < size:
            told = (path, free >> 20, size >> 20)
            return "%s has %d MB free, and %d MB have to be" % told
        if known.f_files and known.f_favail < files:
            return "%s has room for %d files more, and not for %d" % (path, known.f_favail, files)
    return ""


def streamed(argv, take, timeout=120):
    """Give a command's lines to ``take`` one by one, until it returns False; the exit code.

    For output of any length: 0 where ``take`` had enough, 127 and 124 as of ``command``.
    """
    late = []
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, LC_ALL="C.UTF-8"),
        )  # fmt: skip
    except OSError:
        return 127
    timer = threading.Timer(timeout, lambda: (late.append(True), process.kill()))
    timer.start()
    enough = False
    try:
        enough = any(take(line.decode("utf-8", "replace")) is False for line in process.stdout)
    finally:
        timer.cancel()
        if enough:
            process.kill()
        process.stdout.close()
        rc = process.wait()
    if enough:
        return 0
    return 124 if late else rc


def shown(path):
    """A path as text; bytes that are no UTF-8 as ``\\xe9``: no JSON and no record holds them."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def real(text):
    """The path that ``shown`` made this text of."""
    if "\\x" not in text or os.path.lexists(text):
        return text
    path = os.fsdecode(_BYTE.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(text)))
    return path if shown(path) == text else text  # the name may hold such letters itself


def text_of(path, limit=LIMIT):
    """A file's text; empty where it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def fields_of(text, separator="="):
    """``NAME=value`` lines as a mapping; quotes around a value are taken off."""
    found = {}
    for line in text.splitlines():
        name, mark, value = line.partition(separator)
        if mark:
            found[name.strip()] = value.strip().strip('"')
    return found
