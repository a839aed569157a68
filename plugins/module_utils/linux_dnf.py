# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What dnf says through its own Python, which need not be the one that runs modules.

dnf's plugins take part as they do on its command line: what versionlock locks is hidden from it.
Packages of which several versions may stand side by side (kernels) are additions: nothing that is
there goes for them, whatever ``installonly_limit`` says.
"""

from __future__ import annotations

import base64
import json
import os
import zlib

from ansible_collections.weibao.core.plugins.module_utils.linux_command import command

PYTHONS = ("/usr/libexec/platform-python", "/usr/bin/python3")
DNF = r"""
import base64, functools, json, os, sys, zlib
asked = json.load(sys.stdin)
told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what plugins print is no part of the answer
import dnf, dnf.rpm, dnf.subject, hawkey
answer = {"upgrades": [], "kept": [], "resolved": [], "earlier": [], "removed": [], "held": [],
          "twice": [], "error": ""}
same_place = lambda a, b: a == b or "noarch" in (a, b)
evr = functools.cmp_to_key(lambda p, q: p.evr_cmp(q))

def version(p):
    return p.evr[2:] if p.evr.startswith("0:") else p.evr

def opened(available):
    base = dnf.Base()
    root = asked.get("root") or "/"
    if root != "/":
        base.conf.config_file_path = root + "/etc/dnf/dnf.conf"
        base.conf.reposdir = [root + "/etc/yum.repos.d"]
    base.conf.read()
    base.conf.installroot = root
    base.conf.substitutions["releasever"] = dnf.rpm.detect_releasever(root) or ""
    base.conf.substitutions.update_from_etc(root, varsdir=base.conf.varsdir)
    if root != "/":
        for part in ("cachedir", "logdir", "persistdir"):
            base.conf.prepend_installroot(part)
    base.conf.installonly_limit = 0
    base.conf.best = False  # what is left behind is named
    base.init_plugins()
    base.pre_configure_plugins()
    base.read_all_repos()
    base.configure_plugins()
    for repo in base.repos.iter_enabled():
        repo.skip_if_unavailable = False
    base.fill_sack(load_system_repo=True, load_available_repos=available)
    return base

def rules(base):
    found = list(base.conf.excludepkgs)
    for plugin in base._plugins.plugins:
        if plugin.name == "versionlock":
            parser = plugin.read_config(base.conf)
            with open(parser.get("main", "locklist")) as lines:
                found += [line.split("#")[0].strip() for line in lines]
    return [rule for rule in found if rule and not rule.startswith("!")]

def installed(base):
    # An exclusion hides what is installed, too.
    return base.sack.query(flags=hawkey.IGNORE_EXCLUDES).installed()

def held(base):
    forms = [hawkey.FORM_NEVRA, hawkey.FORM_NEVR, hawkey.FORM_NEV, hawkey.FORM_NA,
             hawkey.FORM_NAME]
    names, there = set(), installed(base)
    for rule in rules(base):
        for nevra in dnf.subject.Subject(rule).get_nevra_possibilities(forms=forms):
            found = {p.name for p in there.filter(name__glob=nevra.name)}
            if found:
                names |= found
                break
    return sorted(names)

def many(base):
    every = base.sack.query(flags=hawkey.IGNORE_EXCLUDES)
    return every.filter(provides=list(base.conf.installonlypkgs)).apply()

def by_name(query):
    found = {}
    for p in query:
        found.setdefault(p.name, []).append(p)
    return found

def twice(base):
    several, found = many(base), {}
    for p in installed(base):
        if p not in several and p.name != "gpg-pubkey":
            found.setdefault((p.name, p.arch), []).append(str(p))
    return sorted(" ".join(sorted(one)) for one in found.values() if len(one) > 1)

def file_of(base, p):
    here = p.reponame in ("@System", "@commandline")
    kind, digest = ("", "") if here else p.returnIdSum()
    return {"name": p.name, "arch": p.arch, "version": version(p), "repo": p.reponame,
            "size": p.downloadsize, "installed_size": p.installsize, "source": p.sourcerpm,
            "uri": "" if here else p.remote_location() or "",
            "signed": not here and bool(base.repos[p.reponame].gpgcheck),
            "sha256": digest if kind == "sha256" else ""}

def notices(base, p, older):
    found = {a.id: a for a in p.get_advisories(hawkey.EQ)}
    for a in older.get_advisories(hawkey.GT) if older else ():
        if any(q.name == p.name and q.arch == p.arch and base.sack.evr_cmp(q.evr, p.evr) <= 0
               for q in a.packages):
            found.setdefault(a.id, a)
    return [{"id": a.id, "severity": a.severity or "",
             "type": "security" if a.type == hawkey.ADVISORY_SECURITY else "other"}
            for a in found.values()]

def changes(base):
    several, there = many(base), by_name(installed(base))
    rows = []
    for p in base.transaction.install_set:
        same = [q for q in there.get(p.name, ()) if same_place(q.arch, p.arch)]
        same = [q for q in same if q.arch == p.arch] or same
        newest = max(same, key=evr) if same else None
        beside = p in several
        rows.append(dict(
            file_of(base, p), advisories=notices(base, p, newest),
            before=version(newest) if newest and not beside else "",
            beside=sorted(version(q) for q in same) if beside else []))
    return rows

def gone(base):
    several, come = many(base), by_name(base.transaction.install_set)
    return sorted(
        str(p) if p in several else p.name for p in base.transaction.remove_set
        if p in several or not any(same_place(q.arch, p.arch) for q in come.get(p.name, ())))

def kept(base, come):
    # What is newer than anything that comes: hidden by a lock or an exclusion, or not to be solved.
    there = by_name(installed(base))
    seen, rows = {(p.name, p.arch, p.evr) for p in base.sack.query().available()}, {}
    everything = base.sack.query(flags=hawkey.IGNORE_REGULAR_EXCLUDES).available()
    for p in everything.filter(name=list(there)):
        same = [q for q in there[p.name] if q.arch == p.arch]
        newest = come.get((p.name, p.arch)) or (max(same, key=evr) if same else None)
        last = rows.get((p.name, p.arch))
        if newest and p.evr_cmp(newest) > 0 and (last is None or p.evr_cmp(last) > 0):
            rows[p.name, p.arch] = p
    return [{"name": p.name, "arch": p.arch, "version": version(p),
             "held": (p.name, p.arch, p.evr) not in seen} for p in rows.values()]

def exactly(base, spec):
    subject = dnf.subject.Subject(spec)
    found = list(subject.get_best_query(
        base.sack, with_provides=False, with_filenames=False,
        forms=[hawkey.FORM_NEVRA]).available())
    if not found:
        raise dnf.exceptions.Error(spec + " is not to be had, or is locked")
    base.package_install(min(found, key=lambda p: (p.repo.priority, p.repo.cost)), strict=True)

def earlier(base, rows):
    every = base.sack.query(flags=hawkey.IGNORE_EXCLUDES).available()
    for one in rows:
        same = [q for q in every.filter(name=one["name"]) if same_place(q.arch, one["arch"])]
        same = [q for q in same if version(q) == one["before"]]
        yield from (file_of(base, q) for q in same[:1])

try:
    base = opened(asked["do"] != "state")
    if asked["do"] == "state":
        answer["held"], answer["twice"] = held(base), twice(base)
    elif asked["do"] == "upgrades":
        base.upgrade_all()
        base.resolve()
        answer["upgrades"] = changes(base)
        answer["kept"] = kept(base, {(p.name, p.arch): p for p in base.transaction.install_set})
    else:
        for spec in asked["wanted"]:
            exactly(base, spec)
        for p in base.add_remote_rpms(asked.get("files") or [], strict=True):
            base.package_install(p, strict=True)
        base.resolve()
        answer["resolved"], answer["removed"] = changes(base), gone(base)
        answer["earlier"] = list(earlier(base, [r for r in answer["resolved"] if r["before"]]))
except Exception as error:
    answer["error"] = "%s: %s" % (type(error).__name__, error)
text = zlib.compress(json.dumps(answer).encode())  # of an output not all is kept, if it is long
told.write(base64.b64encode(text).decode())
told.flush()
"""


def opened(text):
    """What the script wrote."""
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


def dnf_query(asked):
    """The answer to ``asked``, whose ``do`` is state, upgrades or resolve; or its ``error``."""
    body = json.dumps(asked).encode()
    said = {"rc": 127, "out": "", "err": "no Python with dnf"}
    for python in PYTHONS:
        if os.path.exists(python):
            said = command([python, "-c", DNF], 300, stdin=body)
            if "No module named 'dnf'" not in said["err"]:
                break
    try:
        return opened(said["out"])
    except (ValueError, zlib.error):
        return {"error": said["err"][-600:] or "rc %d" % said["rc"]}
