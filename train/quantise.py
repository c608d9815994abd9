# SPDX-License-Identifier: Apache-2.0
"""Post-training int8 quantisation, as a program of its own: quantise.py IN.xml IMAGES.npy OUT.xml

IMAGES: float32 [n, 1, 3, S, S], normalised. NNCF looks for torch and insists on a
newer one than Debian's, though it needs none for OpenVINO models: here there is none.
"""
import sys

sys.modules["torch"] = None

import nncf  # noqa: E402
import numpy as np  # noqa: E402
import openvino as ov  # noqa: E402

source, images, target = sys.argv[1:]
images = np.load(images)
model = ov.Core().read_model(source)
model = nncf.quantize(model, nncf.Dataset(list(images)), preset=nncf.QuantizationPreset.MIXED,
                      subset_size=len(images), fast_bias_correction=True)
ov.save_model(model, target, compress_to_fp16=True)
