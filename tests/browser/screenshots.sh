#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs screenshots.mjs against a server of its own; `make screenshots` runs it. The pages' first choice of font is Inter
# (Debian's fonts-inter): the images kept were made with it.
set -eu
cd "$(dirname "$0")/../.."
ready=$(mktemp)
FLASK_HOST=127.0.0.1 PORT=0 LOG_LEVEL=error build/breedlens serve >"$ready" &
server=$!
trap 'kill "$server"; rm -f "$ready"' EXIT
until grep -q '^ready ' "$ready"; do
    kill -0 "$server"
    sleep 0.1
done
node tests/browser/screenshots.mjs "$(cut -d' ' -f2 "$ready")"
