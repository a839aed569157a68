#!/bin/sh
# Make or renew the environment .venv of this clone: environment.sh lab|dev
#
# Nothing is done where the environment already fits: a stamp keeps the place of the clone,
# what was installed, and the checksum of pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
extra=$1
stamp=.venv/weibao.stamp
wanted="$(pwd) $(cksum <pyproject.toml)"

works() { .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -f "$stamp" ] && works; then
    case "$(cat "$stamp")" in
        "$wanted dev") exit 0 ;;
        "$wanted lab") [ "$extra" = dev ] || exit 0 ;;
    esac
fi

# An environment that was moved with its clone starts the programs of the old place.
if [ -d .venv ] && { ! works || ! grep -qsF "$(pwd) " "$stamp"; }; then
    rm -rf .venv
fi

if [ ! -d .venv ]; then
    python=
    for each in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        # ensurepip is what Debian leaves out without the package python3-venv.
        if "$each" -c 'import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$each
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "Weibao needs Python 3.11 or newer with venv. On Debian: apt install python3-venv" >&2
        echo "维保需要 Python 3.11 或更新版本，并带 venv。Debian：apt install python3-venv" >&2
        exit 1
    fi
    echo "Making the environment .venv with $("$python" --version) ..."
    "$python" -m venv .venv || { rm -rf .venv; exit 1; }
fi

echo "Installing what Weibao needs into .venv (a minute or two, once) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --editable ".[$extra]"

# An installed wheel brings the collection weibao.core to where Ansible looks for it; here
# links do, so that an edited playbook counts at once.
packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
core=$packages/ansible_collections/weibao/core
rm -rf "$core"
mkdir -p "$core"
for part in playbooks plugins roles meta galaxy.yml; do
    ln -s "$(pwd)/$part" "$core/$part"
done

echo "$wanted $extra" >"$stamp"
