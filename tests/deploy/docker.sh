#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Dockerfile without an engine: each of its steps in a fresh Debian 12 root, then the image's command as its user
# on a root that is read-only, its health check, and its size. `make test-docker` runs it (some minutes, network).
# shellcheck source=tests/deploy/root.sh disable=SC2154,SC2016
set -eu
cd "$(dirname "$0")"
. ./root.sh
source=$(cd ../.. && pwd)
slim_kb=76600 # debian:12-slim unpacked: the size of what the final stage begins with, as Debian publishes it
limit_mb=250

# A line an instruction: comments out, continued lines joined.
sed -e '/^#/d' "$source/deploy/Dockerfile" | sed -e ':a' -e '/\\$/N' -e 's/\\\n *//' -e 'ta' | grep . >"$work/steps"

# What the builder is sent: the commit's files, but for .dockerignore's.
mkdir "$work/context"
git -C "$source" archive HEAD | tar -x -C "$work/context"
grep -v '^#' "$source/.dockerignore" | while read -r pattern; do
    # shellcheck disable=SC2086
    (cd "$work/context" && rm -rf $pattern)
done

stage=0 directory=/ variables=''
run_step() {
    command=$1
    case $command in
    --mount=*)
        from=$(echo "$command" | sed 's/.*from=\([^, ]*\).*source=\([^, ]*\).*/\1\2/')
        target=$(echo "$command" | sed 's/.*target=\([^, ]*\).*/\1/')
        command=${command#* }
        mkdir -p "$root$target"
        mount --bind "$work/$from" "$root$target"
        ;;
    *) target='' ;;
    esac
    in_root sh -c "cd $directory && $command" >"$work/step.log" 2>&1 || { tail -20 "$work/step.log" >&2; fail "RUN $command"; }
    if [ -n "$target" ]; then
        umount "$root$target"
        rmdir "$root$target"
    fi
}

while read -r word rest; do
    printf 'step: %s %s\n' "$word" "$rest"
    case $word in
    FROM)
        stage=$((stage + 1))
        name=$(echo "$rest" | sed -n 's/.* AS //p')
        new_root "${name:-final}"
        directory=/
        rm -rf "$root"/var/lib/apt/lists/*
        before_kb=$(du -skx "$root" | cut -f1)
        ;;
    WORKDIR) directory=$rest && mkdir -p "$root$rest" ;;
    COPY) # a folder's contents into a folder
        mkdir -p "$root$directory/${rest##* }"
        cp -a "$work/context/${rest% *}/." "$root$directory/${rest##* }/"
        ;;
    RUN) run_step "$rest" ;;
    ENV) variables="$variables $rest" ;;
    USER) user=$rest ;;
    HEALTHCHECK) health=${rest#*CMD } ;;
    EXPOSE | ENTRYPOINT | CMD) ;;
    *) fail "an instruction this test does not know: $word" ;;
    esac
done <"$work/steps"
[ "$stage" -eq 2 ] || fail "two stages"

added_kb=$(($(du -skx "$root" | cut -f1) - before_kb))
image_mb=$(((slim_kb + added_kb) * 1024 / 1000 / 1000))
echo "size: debian:12-slim and $((added_kb * 1024 / 1000 / 1000)) MB: $image_mb MB"
[ "$image_mb" -le "$limit_mb" ] || fail "over $limit_mb MB"

mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
for at in proc sys dev; do mount --bind "/$at" "$root/$at"; done
# shellcheck disable=SC2086
env -i PATH=/usr/sbin:/usr/bin $variables PORT=0 FLASK_HOST=127.0.0.1 chroot --userspec="$user:$user" "$root" breedlens serve >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 100); do grep -q ^ready "$work/ready" && break; sleep 0.2; done
port=$(sed -n 's/^ready [^ ]*:\([0-9]*\) .*/\1/p' "$work/ready")
[ -n "$port" ] || fail "serve: $(cat "$work/log")"
printf '%s' "$health" | python3 -c 'import json, sys; sys.stdout.write("\0".join(json.load(sys.stdin)))' >"$work/health"
(env -i PATH=/usr/sbin:/usr/bin PORT="$port" xargs -0 chroot --userspec="$user:$user" "$root") <"$work/health" || fail "the health check"
kill "$server"
wait "$server" || fail "serve: does not stop well"
server=''
echo "ok: serves as $user on a read-only root, and tells its health"
