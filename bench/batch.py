# SPDX-License-Identifier: Apache-2.0
"""What `breedlens batch` adds to the library's bare loop, in processor time a photo (so that a busy machine does not matter).

Each program runs for short and for long; the difference leaves out what it takes to start.
usage: batch.py BUILD_DIR PHOTO...      (64 photos at most; they are read again and again)
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROUNDS, SHORT, LONG = 3, 4, 20  # batch: repetitions of the photos; the bare loop: seconds


def processor_s(*args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(args, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, out


def bare(build, photos):
    (short_s, short), (long_s, long) = (processor_s(build / "bench" / "limit", str(s), *photos) for s in (SHORT, LONG))
    return (long_s - short_s) / (LONG * float(long.split()[0]) - SHORT * float(short.split()[0]))


def batch(build, photos):
    spent = []
    for times in (SHORT, LONG):
        with tempfile.TemporaryDirectory() as folder:
            for i in range(times):
                for n, photo in enumerate(photos):
                    os.symlink(os.path.abspath(photo), f"{folder}/{i:03}-{n:03}{pathlib.Path(photo).suffix}")
            spent.append(processor_s(build / "breedlens", "batch", "--output", f"{folder}/out.ndjson", folder)[0])
    return (spent[1] - spent[0]) / ((LONG - SHORT) * len(photos))


build, photos = pathlib.Path(sys.argv[1]), sys.argv[2:66]
for _ in range(ROUNDS):
    loop, ours = bare(build, photos), batch(build, photos)
    print(f"bare loop {loop * 1e3:.3f} ms a photo, batch {ours * 1e3:.3f} ms: {(ours / loop - 1) * 100:+.1f} %", flush=True)
