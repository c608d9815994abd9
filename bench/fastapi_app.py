# SPDX-License-Identifier: Apache-2.0
"""What a Python user would build today: FastAPI, uvicorn, Pillow and the very same OpenVINO network.

A request object for each thread and the throughput hint, as OpenVINO's documentation advises.
usage: fastapi_app.py PORT MODEL_DIR
"""
import io
import json
import pathlib
import sys
import threading

import numpy as np
import openvino as ov
import uvicorn
from fastapi import FastAPI, File, UploadFile
from PIL import Image, ImageOps

folder = pathlib.Path(sys.argv[2])
info = json.loads((folder / "model.json").read_text())
size, crop = info["input"]["size"], info["input"]["crop"]
mean, scale = np.float32(info["input"]["mean"]), np.float32(info["input"]["scale"])
rows = [line.split("\t") for line in (folder / "taxonomy.tsv").read_text().splitlines()[1:]]
compiled = ov.Core().compile_model(folder / info["network"], "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
mine = threading.local()
app = FastAPI()


@app.get("/health")
def health():
    return {"success": True}


@app.post("/api/petshop/identify-breed")
def identify(image: UploadFile = File()):
    photo = ImageOps.exif_transpose(Image.open(io.BytesIO(image.file.read()))).convert("RGB")
    side = crop * min(photo.size)
    left, top = (photo.width - side) / 2, (photo.height - side) / 2
    photo = photo.resize((size, size), Image.BICUBIC, box=(left, top, left + side, top + side))
    if not hasattr(mine, "request"):
        mine.request = compiled.create_infer_request()
    batch = ((np.asarray(photo, np.float32) - mean) / scale).transpose(2, 0, 1)[None]
    logits = mine.request.infer({0: batch})[0][0] / info["temperature"]
    p = np.exp(logits - logits.max())
    p /= p.sum()
    return {"success": True, "predictions": [{"breed": rows[i][2], "confidence": float(p[i])} for i in p.argsort()[::-1][:5]]}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
