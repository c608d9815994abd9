# SPDX-License-Identifier: Apache-2.0
"""What schemathesis sends where the API's description asks for a photo: real ones, in every format and a few sizes."""
import pathlib
import sys

import schemathesis
from hypothesis import strategies

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import images  # noqa: E402

SIZES = ((64, 48), (33, 90), (1, 1))
ENCODERS = {"image/jpeg": images.jpeg, "image/png": lambda image: images.png(image)[0], "image/webp": images.webp}

for kind, encode in ENCODERS.items():
    schemathesis.openapi.media_type(kind, strategies.sampled_from([encode(images.photo(*size)) for size in SIZES]))


@schemathesis.hook
def before_load_schema(context, description):
    """schemathesis 4.32 puts one of the photos above in the place of a whole list of files, and then takes that for a body
    that it has spoiled on purpose. So a batch is sent what schemathesis makes up itself: each file then has its own error, in an answer of 200."""
    form = description["paths"]["/api/petshop/batch-identify"]["post"]["requestBody"]["content"]["multipart/form-data"]
    del form["encoding"]["images"]["contentType"]


@schemathesis.hook
def filter_body(context, body):
    """Of wrong types only those that a form can carry. It has but text: a `false` arrives as a word, and may be a right one;
    a list is the field repeated, of which the last counts, or no field at all."""
    form = getattr(body, "body", body)
    if not isinstance(form, dict):
        return True
    return not isinstance(form.get("top_k"), list) and all(isinstance(form.get(name, ""), str) for name in ("species", "upload_to_cloudinary", "explain"))
