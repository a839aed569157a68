#!/bin/bash
# An installed wheel, without extras and outside of the clone, does everything but the lab.
#
#   check_wheel.sh WHEEL FOLDER LAB_BIN    FOLDER is made; LAB_BIN has weibao-lab
set -euo pipefail
wheel=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
lab=$(realpath "$3")/weibao-lab
export HOME=$folder/home LC_ALL=${LC_ALL:-C.UTF-8}
mkdir -p "$HOME"
for each in python3.13 python3.12 python3.11 python3; do
    command -v "$each" >/dev/null || continue
    "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' && break
done
"$each" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel"
if "$folder/venv/bin/python" -c 'import asyncssh' 2>/dev/null; then
    echo "the plain installation must not bring the lab's library" >&2
    exit 1
fi
trap '"$lab" stop --state "$folder/lab" >/dev/null 2>&1 || true' EXIT
"$lab" start --state "$folder/lab" --count 7 --max-seconds 900
# From here on nothing of the clone is in reach: not its folder, not its programs.
cd "$folder"
export PATH=$folder/venv/bin:/usr/bin:/bin
weibao init estate --language en
"$lab" inventory --state "$folder/lab" >estate/inventory/hosts.yml
cd estate
weibao inventory trust >/dev/null

expect() {
    wanted=$1
    shift
    code=0
    "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "$*: exit code $code, $wanted expected" >&2; exit 1; }
}

expect 0 weibao backup run
expect 0 ansible-playbook weibao.core.backup_configs
"$lab" fault --state "$folder/lab" hq-core-hw-01 refuse_login=true
expect 2 ansible-playbook weibao.core.backup_configs
expect 1 weibao backup run
"$lab" fault --state "$folder/lab" --clear hq-core-hw-01
expect 0 weibao backup run
expect 0 weibao verify
weibao backup export hq-core-hw-01 | grep -q '^sysname hq-core-hw-01'
expect 0 weibao schema --help >/dev/null
expect 0 weibao platform list
# The lab's command says what is missing instead of failing to import.
code=0
"$folder/venv/bin/weibao-lab" start --state "$folder/none" >"$folder/said" 2>&1 || code=$?
[ "$code" -ne 0 ] && ! grep -q Traceback "$folder/said" || {
    cat "$folder/said"
    echo "weibao-lab without its extra must say what is missing" >&2
    exit 1
}
echo "The wheel does it all."
