#!/bin/sh
# Proves that a bare Debian 12 with python3 and make is enough: makes one in a folder, copies the checkout in, runs make.
#
#   sudo tests/packaging/clean_machine.sh FOLDER [TARGET...]      the targets are those of the Makefile, setup by default
#
# Needs debootstrap and root. FOLDER is made when it is not there, else used as it was left; delete it for a new try.
# What this machine trusts goes along for the package clients, so that it works behind a proxy with its own certificate.
set -eu
checkout=$(cd "$(dirname "$0")/../.." && pwd)
root=$1
shift

if [ ! -e "$root/usr/bin/make" ]; then
    debootstrap --variant=minbase --include=python3,make bookworm "$root" ${MIRROR:+"$MIRROR"} >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log"; exit 1; }
fi

cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/trusted-here.crt"

mkdir -p "$root/checkout"
(cd "$checkout" && tar -c --exclude=./.venv --exclude=node_modules --exclude=.mypy_cache --exclude=.ruff_cache --exclude=.pytest_cache --exclude=__pycache__ .) |
    tar -x -C "$root/checkout" --no-same-owner

mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    PIP_CERT=/etc/trusted-here.crt SSL_CERT_FILE=/etc/trusted-here.crt NODE_EXTRA_CA_CERTS=/etc/trusted-here.crt \
    chroot "$root" sh -c 'cd /checkout && exec make --no-print-directory "$@"' make "${@:-setup}"
