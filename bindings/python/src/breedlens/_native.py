# SPDX-License-Identifier: Apache-2.0
"""The C library, by cffi in ABI mode: declared by its own header, never by a copy that could differ."""
from __future__ import annotations

import os
import pathlib
import re

import cffi

PACKAGE = pathlib.Path(__file__).resolve().parent


def declarations(header: str) -> str:
    """What cffi understands of breedlens.h: no comments, no preprocessor, the constants in their places."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    constants = dict(re.findall(r"^#define (BL_[A-Z0-9_]+) (\d+)\s*$", text, re.M))
    text = re.sub(r'^#.*$|^extern "C" \{$|^\}$', "", text, flags=re.M)
    text = re.sub(r"\b(BL_API|BL_MUST_USE)\b", "", text)
    for name, value in constants.items():
        text = re.sub(rf"\b{name}\b", value, text)
    return "typedef struct _IO_FILE FILE; struct timespec { long tv_sec; long tv_nsec; }; void free(void *);" + text


def _candidates() -> list[str]:
    named = os.environ.get("BREEDLENS_LIBRARY")
    ours = PACKAGE / "lib" / "libbreedlens.so.0"
    return [named] if named else [str(ours)] if ours.exists() else ["libbreedlens.so.0"]


def _header() -> str:
    for place in (PACKAGE / "include" / "breedlens.h", PACKAGE.parents[3] / "include" / "breedlens.h"):
        if place.exists():
            return place.read_text()
    raise ImportError("breedlens: breedlens.h is missing from the package")


_text = _header()
ffi = cffi.FFI()
ffi.cdef(declarations(_text))
(_path,) = _candidates()
try:
    lib = ffi.dlopen(_path)
except OSError as error:
    raise ImportError(f"breedlens: the library cannot be loaded: {error}") from None
version = re.search(r'#define BL_VERSION "(.*)"', _text).group(1)  # type: ignore[union-attr]
if ffi.string(lib.bl_version()).decode() != version:
    raise ImportError(f"breedlens: {_path} is version {ffi.string(lib.bl_version()).decode()}, this package is for {version}")
