#!/bin/sh
# A router in namespaces of its own (network, mounts, processes): FRR with its real sockets
# and files, and an sshd whose users land in vtysh or in a shell. Users and files are bound over
# the system's, so that nothing outside changes; it all ends with this process.
#
#   frr_router.sh FOLDER NAME PORTS...   FOLDER holds passwd, group, shadow, sshd_config; etc-frr
#                                        where FRR is to run; start.sh, what is to run besides;
#                                        PORTS are links that come from outside
set -eu
folder=$1
name=$2
shift 2
mount --make-rprivate /
for each in passwd group shadow; do
    mount --bind "$folder/$each" "/etc/$each"
done
[ ! -d "$folder/etc-frr" ] || mount --bind "$folder/etc-frr" /etc/frr
# The one from outside shows the ports of the network namespace outside.
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/log
mount -t tmpfs -o mode=1777 tmpfs /var/tmp
echo 1 >/proc/sys/net/ipv4/ip_forward
mkdir -m 755 /run/sshd /run/lock
hostname "$name"
ip link set lo up
waited=0
for port in "$@"; do
    until ip link show "$port" >/dev/null 2>&1; do
        sleep 0.05
        waited=$((waited + 1))
        [ "$waited" -lt 200 ]
    done
    ip link set "$port" up
done
if [ -d "$folder/etc-frr" ]; then
    install -d -o frr -g frr -m 755 /run/frr /var/log/frr
    for each in zebra staticd ospfd bgpd; do
        "/usr/lib/frr/$each" -d -A 127.0.0.1
    done
    vtysh -b
    # Saves for those who are not root.
    /usr/lib/frr/watchfrr -d -F traditional zebra staticd ospfd bgpd
fi
[ ! -e "$folder/start.sh" ] || . "$folder/start.sh"
exec /usr/sbin/sshd -D -e -f "$folder/sshd_config"
