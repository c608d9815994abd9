# SPDX-License-Identifier: Apache-2.0
"""What breedlens replaces, rebuilt for the benchmark: Flask, Pillow (LANCZOS to 224x224) and a Keras MobileNetV2.

Random weights: the arithmetic is the same, the answers mean nothing.   usage: flask_app.py PORT
"""
import io
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from PIL import Image  # noqa: E402
from waitress import serve  # noqa: E402

app = Flask(__name__)
model = tf.keras.applications.MobileNetV2(weights=None)


@app.get("/health")
def health():
    return jsonify(success=True)


@app.post("/api/petshop/identify-breed")
def identify():
    image = Image.open(io.BytesIO(request.files["image"].read())).convert("RGB").resize((224, 224), Image.LANCZOS)
    batch = tf.keras.applications.mobilenet_v2.preprocess_input(np.asarray(image, np.float32)[None])
    probabilities = model.predict(batch, verbose=0)[0]
    best = probabilities.argsort()[::-1][:5]
    return jsonify(success=True, predictions=[{"class": int(i), "confidence": float(probabilities[i])} for i in best])


model.predict(np.zeros((1, 224, 224, 3), np.float32), verbose=0)
serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=4, max_request_body_size=64 << 20)
