#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian package on a fresh Debian 12: installs, identifies, serves, goes away clean. `make test-deb` runs it.
#   deb.sh PACKAGE PHOTO
# shellcheck source=tests/deploy/root.sh disable=SC2154,SC2016
set -eu
cd "$(dirname "$0")"
package=$1 photo=$2
. ./root.sh

new_root deb
quiet in_root apt-get install -y -qq --no-install-recommends systemd systemd-sysv curl
(cd "$root" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -print | sort) >"$work/before"
cp "$package" "$root/breedlens.deb"
quiet in_root apt-get install -y -qq --no-install-recommends /breedlens.deb
echo "ok: installs with $(in_root dpkg-query -W -f='${Depends}' breedlens | tr ',' '\n' | wc -l) dependencies"

in_root getent passwd breedlens | grep -q ':/nonexistent:/usr/sbin/nologin$' || fail "the service's user"
[ -L "$root/etc/systemd/system/multi-user.target.wants/breedlens.service" ] || fail "the unit is not enabled"
in_root systemd-analyze --man=no verify breedlens.service || fail "the unit"
echo "ok: user made, unit enabled and sound"
in_root sh -c 'ldd /usr/bin/breedlens /usr/lib/*/libbreedlens.so /usr/lib/*/breedlens/*.so*' | grep 'not found' && fail "libraries are missing"
in_root breedlens --version | grep -q '^OpenVINO' || fail "--version"

cp "$photo" "$root/tmp/photo.jpg"
chmod 644 "$root/tmp/photo.jpg"
as_user breedlens identify --json --threshold 0 /tmp/photo.jpg | grep -q '"success":true' || fail "identify"
$user_command breedlens serve >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 100); do grep -q ^ready "$work/ready" && break; sleep 0.2; done
url=$(cut -d' ' -f2 "$work/ready")
[ -n "$url" ] || fail "serve: $(cat "$work/log")"
in_root curl -sf "$url/health" | grep -q healthy || fail "serve: $(cat "$work/log")"
in_root curl -sf -F image=@/tmp/photo.jpg "$url/api/petshop/identify-breed" | grep -q '"success": *true' || fail "identify-breed"
kill "$server" || fail "serve: has died: $(cat "$work/log")"
wait "$server" || fail "serve: does not stop well"
server=''
echo "ok: identifies and serves as its user"

# The unit as it is, hardened, under a systemd of its own; in a root that is thrown away.
if command -v systemd-nspawn >/dev/null; then
    booted=$work/booted
    for at in proc sys dev; do umount -l "$root/$at"; done
    cp -a "$root" "$booted"
    rm "$booted/usr/sbin/policy-rc.d"
    cp "$photo" "$booted/tmp-photo.jpg"
    cp check.service "$booted/etc/systemd/system/"
    echo SAVE_IMAGES_TO_DISK=true >>"$booted/etc/breedlens/breedlens.env"
    ln -s ../check.service "$booted/etc/systemd/system/multi-user.target.wants/"
    mount_root
    timeout 120 systemd-nspawn -q -D "$booted" --private-network --register=no --keep-unit \
        --system-call-filter='landlock_create_ruleset landlock_add_rule landlock_restrict_self' --boot </dev/null >"$work/boot.log" 2>&1 || true
    [ -s "$booted/root/result" ] || { tail -5 "$work/boot.log" >&2; fail "systemd-nspawn did not boot"; }
    for word in '"status":"healthy"' '"primary_breed"' 'active (running)' 'Result=success'; do
        grep -qF "$word" "$booted/root/result" || { cat "$booted/root/result" >&2; fail "the service under systemd: no $word"; }
    done
    [ -n "$(find "$booted/var/lib/breedlens/uploads" -type f)" ] || fail "SAVE_IMAGES_TO_DISK: no photo below /var/lib/breedlens"
    grep -o 'event=[no-]*sandbox.*' "$booted/root/result" | sort -u
    echo "ok: the unit serves under systemd, hardened, and stops well"
else
    echo "SKIPPED: the unit under systemd: no systemd-nspawn here (apt-get install systemd-container)"
fi

in_root dpkg -i --force-confold /breedlens.deb >/dev/null || fail "the same again"
in_root apt-get remove -y -qq breedlens >/dev/null
[ ! -e "$root/usr/bin/breedlens" ] || fail "remove leaves the program"
[ -f "$root/etc/breedlens/breedlens.env" ] || fail "remove takes the settings, which only purge may"
in_root dpkg --purge breedlens >/dev/null
in_root getent passwd breedlens && fail "purge leaves the user"
in_root apt-get autoremove --purge -y -qq >/dev/null
rm -f "$root/breedlens.deb" "$root/tmp/photo.jpg"
(cd "$root" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -print | sort) >"$work/after"
# apt's and dpkg's own logs and caches, and the users' backups, are theirs.
left=$(comm -13 "$work/before" "$work/after" | grep -v -e '^./var/\(log\|cache\|lib/apt\|lib/dpkg\|lib/systemd\)' -e '^./run/' -e '^./etc/\(passwd\|group\|shadow\|gshadow\|subuid\|subgid\|\.pwd\.lock\)' || true)
[ -z "$left" ] || fail "purge leaves: $left"
echo "ok: purge leaves nothing"
