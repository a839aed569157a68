#!/bin/sh
# A host in a mount namespace of its own: a real sshd, users with shells of all kinds, sudo.
# Users and files are bound over the system's, so that nothing outside changes; it all ends
# with this process.
#
#   linux_host.sh FOLDER    FOLDER holds passwd, group, shadow, sudoers, home, sshd_config
set -eu
folder=$1
mount --make-rprivate /
for each in passwd group shadow sudoers; do
    if [ -e "$folder/$each" ] && [ -e "/etc/$each" ]; then
        mount --bind "$folder/$each" "/etc/$each"
    fi
done
mount -t tmpfs -o mode=755 tmpfs /home
cp -a "$folder/home/." /home/
mount -t tmpfs -o mode=755 tmpfs /srv
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
exec /usr/sbin/sshd -D -e -f "$folder/sshd_config"
