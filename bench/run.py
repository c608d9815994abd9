# SPDX-License-Identifier: Apache-2.0
"""The benchmark: breedlens beside its own limit and beside what it replaces, in one run on loopback.

Every figure is the median of ROUNDS rounds; within a round the contestants take
turns, so that a machine whose speed drifts is unfair to none of them. Prints
the report and writes it to docs/BENCHMARK.md.   usage: run.py [--seconds S] [--rounds N] [--out FILE]
"""
import argparse
import datetime
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH, BUILD = ROOT / "bench", ROOT / "build"
MODEL = ROOT / "model" / "accurate"
START_S = 120
OF_EACH = 3  # photos of each kind, sent in turn
FLASK_CLIENTS = 4

sys.path.insert(0, str(ROOT / "tests"))
import images  # noqa: E402

KINDS = {
    "500×375 JPEG": lambda seed: (images.jpeg(images.photo(500, 375, seed), quality=85), "jpg"),
    "12 MP JPEG": lambda seed: (images.jpeg(images.photo(4000, 3000, seed), quality=88), "jpg"),
    "2 MP WebP": lambda seed: (images.webp(images.photo(1632, 1224, seed), quality=80), "webp"),
    "2 MP PNG": lambda seed: (images.encode(images.photo(1632, 1224, seed), "PNG"), "png"),
}
EXPLAINED = "limit, with explanations"
SMALL, LARGE = "500×375 JPEG", "12 MP JPEG"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Contestant:
    """A server that listens on loopback; its peak memory is that of its process."""

    def __init__(self, name, command, connections):
        self.name, self.connections, self.port = name, connections, free_port()
        env = {**os.environ, "FLASK_HOST": "127.0.0.1", "PORT": str(self.port), "LOG_LEVEL": "error",
               "MAX_INFLIGHT_MB": "1024"}  # 64 large PNGs at once are more than the default admits
        self.process = subprocess.Popen([str(part).replace("PORT", str(self.port)) for part in command], env=env,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5)
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise SystemExit(f"bench: {name} did not start") from None
                time.sleep(0.1)

    def load(self, photos, connections, seconds):
        """(photos/s, p50 ms, p99 ms)"""
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "--latency", "-s", BENCH / "post.lua",
                               f"http://127.0.0.1:{self.port}", "--", *photos], capture_output=True, text=True, check=True)
        requests, micros, p50, p99, errors = re.search(r"RESULT (\d+) (\d+) (\S+) (\S+) (\d+)", done.stdout).groups()
        if int(errors):
            raise SystemExit(f"bench: {self.name}: {errors} errors\n{done.stdout}")
        return int(requests) / int(micros) * 1e6, float(p50), float(p99)

    def peak_mb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", text).group(1)) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def limit(photos, seconds, *options):
    done = subprocess.run([BUILD / "bench" / "limit", *options, str(seconds), *photos], capture_output=True, text=True, check=True)
    rate, peak_kb = done.stdout.split()
    return float(rate), int(peak_kb) / 1024


def ready_seconds(runs=9):
    """From exec to the ready line."""
    took = []
    for _ in range(runs):
        begun = time.monotonic()
        process = subprocess.Popen([BUILD / "breedlens", "serve", "--host", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdout.readline()
        took.append(time.monotonic() - begun)
        process.terminate()
        process.wait()
    return statistics.median(took)


def make_photos(folder):
    photos = {}
    for kind, make in KINDS.items():
        photos[kind] = []
        for seed in range(1, OF_EACH + 1):
            data, suffix = make(seed)
            photos[kind].append(folder / f"{len(photos)}-{seed}.{suffix}")
            photos[kind][-1].write_bytes(data)
    return photos


def contestants():
    python = sys.executable
    return [Contestant("breedlens", [BUILD / "breedlens", "serve"], (1, 8, 64)),
            Contestant("Flask, TensorFlow", [python, BENCH / "flask_app.py", "PORT"], (FLASK_CLIENTS,)),
            Contestant("FastAPI, OpenVINO", [python, BENCH / "fastapi_app.py", "PORT", MODEL], (8,))]


def measure(photos, seconds, rounds):
    """{(kind, name, connections): [(rate, p50, p99), ...]}, peaks in MB by name."""
    results, peaks = {}, {}
    everyone = contestants()
    try:
        for one in everyone:
            one.load(photos[SMALL], 4, 1)  # warm-up
        for i in range(rounds):
            for kind, files in photos.items():
                print(f"round {i + 1} of {rounds}: {kind}", flush=True)
                rate, peak = limit(files, seconds)
                results.setdefault((kind, "limit", 0), []).append((rate, 0, 0))
                peaks["limit"] = max(peak, peaks.get("limit", 0))
                if kind == SMALL:
                    results.setdefault((kind, EXPLAINED, 0), []).append((limit(files, seconds, "--explain")[0], 0, 0))
                for one in everyone:
                    for connections in one.connections:
                        results.setdefault((kind, one.name, connections), []).append(one.load(files, connections, seconds))
        peaks.update({one.name: one.peak_mb() for one in everyone})
    finally:
        for one in everyone:
            one.stop()
    return {key: tuple(statistics.median(column) for column in zip(*rows)) for key, rows in results.items()}, peaks


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    isa = next((word for word in ("amx_int8", "avx512_vnni", "avx_vnni", "avx2") if word in flags), "no int8 instructions")
    return f"{model}, {os.cpu_count()} cores, {isa}, Linux {platform.release()}"


def rate_table(results, photos):
    yield "| photos | contestant | connections | photos/s | p50 ms | p99 ms | of the limit |"
    yield "|---|---|---|---|---|---|---|"
    for kind in photos:
        top = results[kind, "limit", 0][0]
        for (k, name, connections), (rate, p50, p99) in results.items():
            if k == kind and name == "limit":
                yield f"| {kind} | the library in a bare loop (the limit) | – | {rate:.1f} | – | – | 1.00 |"
            elif k == kind and name == EXPLAINED:
                yield f"| {kind} | the same, each answer explained | – | {rate:.1f} | – | – | {rate / top:.2f} |"
            elif k == kind:
                yield f"| {kind} | {name} | {connections} | {rate:.1f} | {p50:.1f} | {p99:.1f} | {rate / top:.2f} |"


def targets(results, peaks, decode, ready, inflight_mb):
    """(what, reached, wanted, met)"""
    def rate(kind, name, connections):
        return results[kind, name, connections][0]
    for connections in (8, 64):
        share = rate(SMALL, "breedlens", connections) / rate(SMALL, "limit", 0)
        yield f"server ÷ limit, 500×375, {connections} connections", share, "≥ 0.90", share >= 0.9
    for kind, over_flask, over_fastapi in ((SMALL, 10, 1.3), (LARGE, 10, 3)):
        best = max(rate(kind, "breedlens", c) for c in (8, 64))
        for name, connections, wanted in (("Flask, TensorFlow", FLASK_CLIENTS, over_flask), ("FastAPI, OpenVINO", 8, over_fastapi)):
            ratio = best / rate(kind, name, connections)
            yield f"server ÷ {name}, {kind}", ratio, f"≥ {wanted}", ratio >= wanted
    cost = rate(SMALL, "limit", 0) / rate(SMALL, EXPLAINED, 0)
    yield "time of an explained answer ÷ of a plain one", cost, "≤ 1.10", cost <= 1.1
    yield "12 MP JPEG to the tensor ÷ libjpeg-turbo's scaled decode", decode[0] / decode[1], "≤ 1.2", decode[0] / decode[1] <= 1.2
    yield "ready after exec, seconds", ready, "≤ 0.6", ready <= 0.6
    most = 150 + inflight_mb
    yield f"peak RSS, MB (150 + {inflight_mb:.0f} of uploads in flight)", peaks["breedlens"], f"≤ {most:.0f}", peaks["breedlens"] <= most


def last_line(*command):
    """Of a benchmark that is a program of its own; what its exit status thinks of the figure is for the reader to see."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else f"failed: {done.stderr.strip()[-300:]}"


def where_it_goes(results, decode_ms):
    """What the ratio to another program with the same network can be at all."""
    whole_ms = os.cpu_count() / results[SMALL, "limit", 0][0] * 1e3
    other_ms = os.cpu_count() / results[SMALL, "FastAPI, OpenVINO", 8][0] * 1e3
    yield "\n## Where the time goes\n"
    yield f"Of the {whole_ms:.1f} ms of processor time that a 500×375 photo takes, {decode_ms:.1f} are decoding and resizing; the rest is the network."
    yield f"FastAPI with the same network takes {other_ms:.1f} ms: whoever did all but the network for nothing would be {other_ms / (whole_ms - decode_ms):.2f} times as fast."


def report(results, peaks, decode, small_ms, ready, photos, beside, args):
    version = subprocess.run([BUILD / "breedlens", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")
    inflight_mb = 64 * max(path.stat().st_size for files in photos.values() for path in files) / 2 ** 20
    yield "# Benchmark\n"
    yield "Made by `make bench`; everything was measured side by side in one run on loopback, the load generator (`wrk`, one"
    yield "thread) sharing the cores. Quote ratios: the machine is a shared one, and its absolute speed means little.\n"
    yield f"- machine: {machine()}\n- versions: {'; '.join(line for line in version if line)}"
    yield f"- when: {datetime.date.today().isoformat()}, {args.rounds} rounds of {args.seconds} s a figure, medians\n"
    yield "## Targets\n\n| what | reached | wanted | |\n|---|---|---|---|"
    for what, reached, wanted, met in targets(results, peaks, decode, ready, inflight_mb):
        yield f"| {what} | {reached:.2f} | {wanted} | {'met' if met else '**not met**'} |"
    yield "\n## Photos a second\n"
    yield from rate_table(results, photos)
    yield "\n## Memory and decoding\n"
    yield "| contestant | peak RSS, MB |\n|---|---|"
    for name, peak in peaks.items():
        yield f"| {name} | {peak:.0f} |"
    yield f"\nA 12 MP JPEG to the network's input: {decode[0]:.1f} ms on one core; libjpeg-turbo's own decode at the same scale (1/8,"
    yield f"as `djpeg -scale 1/8`, default settings): {decode[1]:.1f} ms."
    yield "\n## Besides\n"
    for what, line in beside.items():
        yield f"- {what}: {line}"
    yield from where_it_goes(results, small_ms)
    yield "\nThe contestants: `bench/flask_app.py` (Flask under waitress with 4 threads, Pillow, Keras MobileNetV2 at 224 px),"
    yield "`bench/fastapi_app.py` (FastAPI under uvicorn, Pillow, the same OpenVINO network). Photos are synthetic, made by"
    yield "`tests/images.py`; " + ", ".join(f"{kind}: {statistics.mean(p.stat().st_size for p in files) / 1e3:.0f} kB" for kind, files in photos.items()) + "."


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--seconds", type=int, default=5)
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--out", type=pathlib.Path, default=ROOT / "docs" / "BENCHMARK.md")
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = make_photos(pathlib.Path(folder))
        ready = ready_seconds()
        decode = subprocess.run([BUILD / "bench" / "decode", "31", "1/8", photos[LARGE][0]], capture_output=True, text=True, check=True)
        small_ms = float(subprocess.run([BUILD / "bench" / "decode", "101", "1/1", photos[SMALL][0]], capture_output=True, text=True, check=True).stdout.split()[0])
        results, peaks = measure(photos, args.seconds, args.rounds)
        beside = {"`breedlens batch` against the bare loop, processor time (`bench/batch.py`)": last_line(sys.executable, BENCH / "batch.py", BUILD, *photos[SMALL]),
                  "others while backups hang (`bench/hanging_backup.py`)": last_line(ROOT / ".venv" / "bin" / "python", BENCH / "hanging_backup.py", BUILD, args.rounds)}
        text = "\n".join(report(results, peaks, tuple(map(float, decode.stdout.split())), small_ms, ready, photos, beside, args)) + "\n"
    print(text)
    args.out.write_text(text)


if __name__ == "__main__":
    main()
