#!/bin/sh
# Inside new namespaces: makes the few things that a login session would have, then runs systemd's user manager.
#
#   user_manager.sh ROOT USER HOME     ROOT is / or a folder with a system in it
#
# Started by user_manager.py, which explains. Nothing of the machine outside of the namespaces is changed.
set -eu
root=${1%/}
user=$2
home=$3

mount --make-rprivate /
if [ -n "$root" ]; then
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount -t tmpfs -o mode=755 tmpfs "$root/sys"
    mkdir -p "$root/sys/fs/cgroup"
fi
uid=$(chroot "${root:-/}" id -u "$user")
gid=$(chroot "${root:-/}" id -g "$user")
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -p "$root/run/systemd/system" "$root/run/user/$uid" "$root/run/lock"
chown "$uid:$gid" "$root/run/user/$uid"
chmod 700 "$root/run/user/$uid"
chown "$uid:$gid" "$root/sys/fs/cgroup" "$root"/sys/fs/cgroup/cgroup.*

chroot "${root:-/}" setpriv --reuid "$uid" --regid "$gid" --init-groups \
    env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh LANG=C.UTF-8 \
    PATH=/usr/local/bin:/usr/bin:/bin XDG_RUNTIME_DIR="/run/user/$uid" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" \
    /lib/systemd/systemd --user &
wait
