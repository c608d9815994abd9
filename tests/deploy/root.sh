# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2016
# For deb.sh and docker.sh: a fresh Debian 12 below $work, to run commands in. Sourced; needs root.

[ "$(id -u)" -eq 0 ] || { echo "$0: needs root, for chroot" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0: needs debootstrap (apt-get install debootstrap)" >&2; exit 1; }
work=$(mktemp -d /var/tmp/breedlens-root.XXXXXX)
roots='' server=''

# Nothing mounted may be left when the folder is removed.
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    for root in $roots; do
        for at in proc sys dev . proc sys dev; do umount -l "$root/$at" 2>/dev/null || true; done # docker.sh mounts twice
    done
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mount_root() {
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --bind /dev "$root/dev"
}

# A new root at $work/NAME, from the mirror that this machine uses; the first is made, the others are copies of it.
new_root() {
    if [ -n "${BREEDLENS_ROOT:-}" ]; then
        cp -a "$BREEDLENS_ROOT" "$work/fresh" # a bootstrapped root kept by who runs this often
    elif [ ! -d "$work/fresh" ]; then
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Release: bookworm' | head -1)
        debootstrap --variant=minbase bookworm "$work/fresh" "${mirror:?no mirror is set up}" >"$work/debootstrap.log" ||
            { tail -5 "$work/debootstrap.log" >&2; exit 1; }
    fi
    root=$work/$1
    # As a word list, so that a process in the background is the server itself, and no shell around it.
    user_command="env -i PATH=/usr/sbin:/usr/bin LC_ALL=C PORT=0 FLASK_HOST=127.0.0.1 chroot --userspec=breedlens:breedlens $root"
    cp -a "$work/fresh" "$root"
    roots="$roots $root"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing is started by an installation in a chroot
    chmod +x "$root/usr/sbin/policy-rc.d"
    # Behind a proxy with a certificate of its own, pip in the root trusts whom this machine trusts.
    cp /etc/ssl/certs/ca-certificates.crt "$root/var/lib/machine-ca.crt"
    echo 'Dpkg::Use-Pty "0";' >"$root/etc/apt/apt.conf.d/no-pty"
    mount_root
    in_root apt-get update -qq
}

# A command in the current root, with nothing of our environment.
in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive PIP_CERT=/var/lib/machine-ca.crt \
        chroot "$root" "$@"
}

# The same as the service's user.
as_user() {
    $user_command "$@"
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# A command whose words matter only when it fails.
quiet() {
    "$@" >"$work/quiet" 2>&1 || { tail -20 "$work/quiet" >&2; fail "$*"; }
}
