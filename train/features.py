# SPDX-License-Identifier: Apache-2.0
"""What the untrained lower blocks make of every photo, cached a view a file.

The lower blocks stay as ImageNet left them, so their output is computed once a
view (by OpenVINO, in bfloat16 where the processor has it) and read from disk in
every epoch. Beside it lie the pooled features of the whole original network, for
the first head and as the teacher's memory. A run that is stopped goes on at the
chunk it was in.
"""
import os
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import openvino as ov

import data
import net

CHUNK = 256
View = namedtuple("View", "lower pooled")  # [photos, channels, positions] and [photos, 1280], float16, mapped from disk


def run(model, size, crop, files, view, take, precision, workers=2, log=print):
    """Feeds the photos through the model; take(i, outputs) gets each result. View 0 is the centre, others are random."""
    options = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": precision}
    compiled = ov.Core().compile_model(model, "CPU", options)
    queue = ov.AsyncInferQueue(compiled)
    queue.set_callback(lambda request, i: take(i, [tensor.data[0] for tensor in request.output_tensors]))
    started = time.time()
    with ThreadPoolExecutor(workers) as pool:
        for at in range(0, len(files), CHUNK):
            part = range(at, min(at + CHUNK, len(files)))
            for i, image in zip(part, pool.map(lambda i: data.view(*files[i], size, crop, view), part)):
                queue.start_async({0: data.normalise(image[None])}, i)
            queue.wait_all()
            log(f"  {part.stop}/{len(files)} photos, {(time.time() - started) / part.stop * (len(files) - part.stop) / 60:.1f} min left",
                flush=True)


def logits(model, size, crop, photos):
    """[photos, classes] of a whole network on the centre view, in the precision of the C side."""
    rows = [None] * len(photos)
    run(model, size, crop, [(path, 0) for path, _ in photos], 0,
        lambda i, out: rows.__setitem__(i, out[0].copy()), "f32", log=lambda *a, **k: None)
    return np.stack(rows)


def cached(cache, kind, blocks, first, crop, photos, split, view):
    """The View of these photos below block `first`, made if it isn't there."""
    size = net.SIZES[kind]
    shapes = {"lower": net.shape_below(blocks, first, size), "pooled": (blocks[-1].convs[-1].bias.size,)}
    stem = os.path.join(cache, f"{kind}-{first}-{crop:.3f}-{split}-{view}")
    paths = {name: f"{stem}-{name}.npy" for name in shapes}
    mark = f"{stem}.done"
    done = 0
    if os.path.exists(mark):
        with open(mark, encoding="ascii") as f:
            done = int(f.read())
    if done < len(photos):
        print(f"{split}, view {view}, {kind}: from photo {done}", flush=True)
        maps = {name: np.lib.format.open_memmap(paths[name], "r+" if done else "w+", None if done else np.float16,
                                                None if done else (len(photos), *shape)) for name, shape in shapes.items()}
        model = net.to_openvino(blocks, size, tap=[first])
        started, begun = time.time(), done
        for at in range(done, len(photos), 4 * CHUNK):
            part = photos[at:at + 4 * CHUNK]

            def take(i, out, at=at):
                maps["lower"][at + i] = out[0].reshape(shapes["lower"])
                maps["pooled"][at + i] = out[1]

            run(model, size, crop, [(path, at + i) for i, (path, _) in enumerate(part)], view, take, "bf16", log=lambda *a, **k: None)
            for values in maps.values():
                values.flush()
            done = at + len(part)
            with open(mark, "w", encoding="ascii") as f:
                f.write(str(done))
            left = (time.time() - started) / (done - begun) * (len(photos) - done)
            print(f"  {done}/{len(photos)} photos, {left / 60:.1f} min left", flush=True)
    return View(*(np.load(paths[name], mmap_mode="r") for name in View._fields))
