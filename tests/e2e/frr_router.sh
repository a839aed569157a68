#!/bin/sh
# A router in namespaces of its own (network, mounts, processes): FRR with its real sockets
# and files, and an sshd whose user's login shell is vtysh. Users and files are bound over
# the system's, so that nothing outside changes; it all ends with this process.
#
#   frr_router.sh FOLDER ADDRESS    FOLDER holds etc-frr, passwd, group, shadow, sshd_config
set -eu
folder=$1
address=$2
mount --make-rprivate /
for each in passwd group shadow; do
    mount --bind "$folder/$each" "/etc/$each"
done
mount --bind "$folder/etc-frr" /etc/frr
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd /run/lock
install -d -o frr -g frr -m 755 /run/frr
hostname edge-frr-01
ip link set lo up
waited=0
until ip link show router >/dev/null 2>&1; do
    sleep 0.05
    waited=$((waited + 1))
    [ "$waited" -lt 200 ]
done
ip address add "$address/30" dev router
ip link set router up
for each in zebra staticd ospfd bgpd; do
    "/usr/lib/frr/$each" -d -A 127.0.0.1
done
vtysh -b
exec /usr/sbin/sshd -D -e -f "$folder/sshd_config"
