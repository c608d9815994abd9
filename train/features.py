# SPDX-License-Identifier: Apache-2.0
"""Features of every photo by the frozen network, cached a view a file.

A view that is done is never done again, so a run that is stopped goes on where
it was, but for the view it was in.
"""
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openvino as ov

import data
import net

CHUNK = 256


def extract(model, size, crop, files, view, workers=2):
    """[len(files), width] float32; view 0 is the centre, others are random crops."""
    core = ov.Core()
    compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    out, started = [], time.time()
    with ThreadPoolExecutor(workers) as pool:
        for at in range(0, len(files), CHUNK):
            part = files[at:at + CHUNK]
            images = pool.map(lambda i: data.view(part[i][0], size, crop, None if view == 0 else (view, at + i)), range(len(part)))
            queue = ov.AsyncInferQueue(compiled)
            rows = [None] * len(part)
            queue.set_callback(lambda request, i: rows.__setitem__(i, request.get_output_tensor().data[0].copy()))
            for i, image in enumerate(images):
                queue.start_async({0: data.normalise(image[None])}, i)
            queue.wait_all()
            out += rows
            done = at + len(part)
            left = (time.time() - started) / done * (len(files) - done)
            print(f"  {done}/{len(files)} photos, {left / 60:.1f} min left", flush=True)
    return np.stack(out)


def cached(cache, kind, blocks, crop, files, split, view):
    path = os.path.join(cache, f"{kind}-{crop:.3f}-{split}-{view}.npy")
    if not os.path.exists(path):
        print(f"features of {split}, view {view}, {kind}", flush=True)
        found = extract(net.to_openvino(blocks, net.SIZES[kind]), net.SIZES[kind], crop, files, view)
        np.save(path + ".part.npy", found.astype(np.float16))
        os.replace(path + ".part.npy", path)
    return np.load(path).astype(np.float32)
