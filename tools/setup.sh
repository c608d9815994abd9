#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Brings a Debian 12 machine to where breedlens can be built: apt packages, and
# the OpenVINO runtime into .deps/openvino. What is there already is left alone,
# so a second run is quick.
#   tools/setup.sh build|test|lint|fuzz|bench
set -eu
cd "$(dirname "$0")/.."
need=${1:-build}

build_packages="gcc g++ cmake make ninja-build pkg-config python3 python3-pip ca-certificates
    libmicrohttpd-dev libjpeg62-turbo-dev libspng-dev libwebp-dev libexif-dev libjansson-dev libssl-dev
    libcurl4-openssl-dev"
test_packages="python3-venv libcmocka-dev libjpeg-turbo-progs mandoc zsh fish chromium php-cli php-curl curl
    openssl strace"
# Another Node.js than Debian's will do, and would be in the way of Debian's.
command -v node >/dev/null || test_packages="$test_packages nodejs"
command -v npm >/dev/null || test_packages="$test_packages npm"
lint_packages="libcmocka-dev clang-format clang-tidy cppcheck shellcheck"
fuzz_packages="clang libclang-rt-14-dev"
bench_packages="python3-venv libjpeg-turbo-progs wrk"
packages=$build_packages
venv=
case $need in
build) ;;
test) packages="$packages $test_packages"; venv=.venv requirements=tests/requirements.txt ;;
lint) packages="$packages $lint_packages" ;;
fuzz) packages="$packages $fuzz_packages" ;;
bench) packages="$packages $bench_packages"; venv=.venv-bench requirements=bench/requirements.txt ;;
*) echo "setup: usage: tools/setup.sh build|test|lint|fuzz|bench" >&2; exit 2 ;;
esac

# Packages are told apart by dpkg's own word, so that nothing is asked of the network for nothing.
missing=
for p in $packages; do
    dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null; then
        echo "setup: this is no Debian; please install what these packages hold:$missing" >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    echo "setup: installing by apt-get:$missing"
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -q >/dev/null || { echo "setup: apt-get update failed" >&2; exit 1; }
    # shellcheck disable=SC2086
    $sudo apt-get install -y -q --no-install-recommends $missing >.setup.log 2>&1 || {
        tail -20 .setup.log >&2; echo "setup: apt-get install failed" >&2; exit 1; }
    rm -f .setup.log
fi

# Python packages of the tests or the benchmark, apart from everybody else's.
if [ -n "$venv" ] && ! cmp -s "$requirements" "$venv/installed.txt"; then
    echo "setup: installing by pip into $venv/: $(grep -v '^#' "$requirements" | tr '\n' ' ')"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements" || {
        echo "setup: the Python packages could not be installed" >&2; exit 1; }
    cp "$requirements" "$venv/installed.txt"
fi

# What drives the browser in the tests.
lock=tests/browser/package-lock.json
if [ "$need" = test ] && ! cmp -s "$lock" tests/browser/node_modules/installed.json; then
    echo "setup: installing by npm into tests/browser/node_modules/"
    npm ci --prefix tests/browser --silent --no-audit --no-fund || { echo "setup: the npm packages could not be installed" >&2; exit 1; }
    cp "$lock" tests/browser/node_modules/installed.json
fi

# An OpenVINO installed any other way will do: CMake's OpenVINO_DIR says where.
[ -z "${OpenVINO_DIR:-}" ] || exit 0
pin=$(sha256sum tools/openvino.txt tools/unpack_openvino.py | sha256sum | cut -d' ' -f1)
if [ "$(cat .deps/openvino.pin 2>/dev/null)" != "$pin" ]; then
    echo "setup: fetching the OpenVINO runtime by pip ($(grep -o 'openvino==[0-9.]*' tools/openvino.txt), 57 MB) into .deps/"
    rm -rf .deps/openvino .deps/wheel
    mkdir -p .deps/wheel
    machine=$(uname -m)
    /usr/bin/python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
        --python-version 3.11 --implementation cp --abi cp311 \
        --platform "manylinux_2_28_$machine" --platform "manylinux_2_31_$machine" --platform "manylinux_2_35_$machine" \
        -d .deps/wheel -r tools/openvino.txt || { echo "setup: the OpenVINO wheel could not be fetched" >&2; exit 1; }
    /usr/bin/python3 tools/unpack_openvino.py .deps/wheel/openvino-*.whl .deps/openvino
    rm -rf .deps/wheel
    echo "$pin" >.deps/openvino.pin
fi
