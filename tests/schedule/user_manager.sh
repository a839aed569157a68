#!/bin/sh
# Run a command beside a real systemd user manager, in namespaces of its own:
#   unshare --mount --pid --fork --kill-child --mount-proc sh user_manager.sh HOME COMMAND…
# Nothing of it is left afterwards; needs root.
set -eu
export HOME="$1"
shift
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user/0 # systemctl asks whether systemd runs by this folder
chmod 700 /run/user/0
export XDG_RUNTIME_DIR=/run/user/0
unset DBUS_SESSION_BUS_ADDRESS XDG_CONFIG_HOME 2>/dev/null || true
/lib/systemd/systemd --user --log-target=console >"$HOME/manager.log" 2>&1 &
manager=$!
for _ in $(seq 50); do
	[ -S /run/user/0/systemd/private ] && break
	sleep 0.1
done
code=0
"$@" || code=$?
kill "$manager"
wait "$manager" || true
# its own control groups, empty by now; those of a machine that runs systemd are busy and stay
rmdir /sys/fs/cgroup/systemd/init.scope /sys/fs/cgroup/systemd/app.slice 2>/dev/null || true
exit "$code"
