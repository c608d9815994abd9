# SPDX-License-Identifier: Apache-2.0
"""breedlens: a pet photo in, a breed, a species and calibrated confidences out.

    with breedlens.open() as lens:
        print(lens.identify("rex.jpg").breed)
"""
from __future__ import annotations

import builtins
import collections
import concurrent.futures
import dataclasses
import datetime
import json
import os
import threading
from typing import Any, BinaryIO, Iterable, Iterator, Optional, Tuple, Union

from . import _pixels
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._native import version as __version__

__all__ = ["open", "Lens", "Result", "Prediction", "Label", "Error", "PhotoError", "__version__"]

Photo = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, BinaryIO, Any]
_PHOTO_FAULTS = (_lib.BL_E_EMPTY, _lib.BL_E_FORMAT, _lib.BL_E_CORRUPT, _lib.BL_E_TOO_LARGE)


class Error(Exception):
    """What the library refused; `status` is its short name for the reason."""

    def __init__(self, text: str, status: str) -> None:
        super().__init__(text)
        self.status = status


class PhotoError(Error, ValueError):
    """The photo's own fault: no image, damaged, or too large."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    breed: str
    species: str
    confidence: float
    class_id: str
    raw_class: str


@dataclasses.dataclass(frozen=True)
class Label:
    """One class that can be answered."""

    breed: str
    species: str
    class_id: str
    raw_class: str
    aliases: Tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Result:
    breed: str  # of the best prediction; "Unknown" when there is none
    confidence: float  # of that breed
    species: str  # the likeliest, "Unknown" when there is no pet
    species_confidence: float  # the sum over its breeds
    predictions: Tuple[Prediction, ...]  # best first, over the threshold
    best: Tuple[Prediction, ...]  # the best five whatever the threshold
    format: str  # "jpeg", "png" or "webp"
    width: int
    height: int
    decode_s: float
    total_s: float
    finished: datetime.datetime
    model: str
    model_version: str
    json: str = dataclasses.field(repr=False)  # as the HTTP service answers it

    def to_dict(self) -> "dict[str, Any]":
        return json.loads(self.json)


def _text(pointer: Any) -> str:
    return _ffi.string(pointer).decode("utf-8", "replace")


def _check(status: int, error: Any) -> None:
    if status:
        raise (PhotoError if status in _PHOTO_FAULTS else Error)(_text(error.text) if error else "failed", _text(_lib.bl_status_name(status)))


def _prediction(p: Any) -> Prediction:
    return Prediction(_text(p.breed), _text(p.species), p.confidence, _text(p.class_id), _text(p.raw_class))


def _result(r: Any) -> Result:
    text = _ffi.new("char **")
    _check(_lib.bl_result_json(r, text), None)
    try:
        as_json = _text(text[0])
    finally:
        _lib.free(text[0])
    finished = datetime.datetime.fromtimestamp(r.finished.tv_sec, datetime.timezone.utc)
    return Result(_text(r.primary_breed), r.confidence, _text(r.species), r.species_confidence,
                  tuple(_prediction(r.predictions[i]) for i in range(r.count)), tuple(_prediction(r.best[i]) for i in range(r.best_count)),
                  _text(_lib.bl_format_name(r.format)), r.width, r.height, r.decode_s, r.total_s,
                  finished.replace(microsecond=r.finished.tv_nsec // 1000), _text(r.model), _text(r.model_version), as_json)


class Lens:
    """An open model and its workers. Any thread may call any method."""

    def __init__(self, model: Any, limits: Any, max_bytes: int) -> None:
        self._model, self._limits, self._max_bytes = model, limits, max_bytes
        info = _lib.bl_model_get_info(model)
        self.name, self.version = _text(info.name), _text(info.version)
        self.input_side_px, self.workers = info.input_side_px, info.workers
        self._changed = threading.Condition()
        self._idle: "list[Any]" = []
        self._made = 0
        self._closed = False
        self._threads: Optional[concurrent.futures.ThreadPoolExecutor] = None

    # ---- workers ----

    def _take_worker(self) -> Any:
        with self._changed:
            while not self._closed and not self._idle and self._made == self.workers:
                self._changed.wait()
            if self._closed:
                raise Error("the model is closed", "bad-argument")
            if self._idle:
                return self._idle.pop()
            worker, error = _ffi.new("struct bl_worker **"), _ffi.new("struct bl_error *")
            _check(_lib.bl_worker_new(self._model, self._limits, worker, error), error)
            self._made += 1
            return worker[0]

    def _give_back(self, worker: Any) -> None:
        with self._changed:
            self._idle.append(worker)
            self._changed.notify_all()

    def close(self) -> None:
        """Waits for the photos in hand. Twice is allowed."""
        with self._changed:
            was_closed, self._closed = self._closed, True
            self._changed.notify_all()
            while len(self._idle) < self._made:
                self._changed.wait()
            for worker in self._idle:
                _lib.bl_worker_free(worker)
            self._idle, self._made = [], 0
        if self._threads:
            self._threads.shutdown()
        if not was_closed:
            _lib.bl_model_close(self._model)

    def __enter__(self) -> "Lens":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self.close()

    # ---- identifying ----

    def _encoded(self, photo: Photo) -> Any:
        """The photo's bytes, without a copy where they are bytes already."""
        if isinstance(photo, (str, os.PathLike)):
            with builtins.open(photo, "rb") as file:
                photo = file.read(self._max_bytes + 1)
        elif hasattr(photo, "getbands") and hasattr(photo, "tobytes"):
            return _pixels.from_pil(photo)
        elif hasattr(photo, "__array_interface__") and len(photo.shape) != 1:
            return _pixels.from_array(photo)
        elif hasattr(photo, "read"):
            photo = photo.read(self._max_bytes + 1)
        view = memoryview(photo)
        if view.nbytes > self._max_bytes:
            raise PhotoError(f"larger than {self._max_bytes} bytes", "too-large")
        return photo if view.c_contiguous else bytes(view)

    def identify(self, photo: Photo, *, top_k: int = 5, threshold: float = 0.1, species: Optional[str] = None) -> Result:
        """Identify one photo: a path, the bytes of a JPEG, PNG or WebP, an open file, a PIL image, or a numpy array of
        pixels. Raises PhotoError for what is no photo, OSError for a file that cannot be read."""
        data = _ffi.from_buffer(self._encoded(photo))
        options, result, error = _ffi.new("struct bl_options *"), _ffi.new("struct bl_result *"), _ffi.new("struct bl_error *")
        name = _ffi.NULL if species is None else _ffi.new("char[]", species.encode())
        options.top_k, options.threshold, options.species = top_k, threshold, name
        worker = self._take_worker()
        try:
            _check(_lib.bl_identify(worker, data, len(data), options, result, error), error)  # cffi lets the GIL go here
            return _result(result)  # its texts are the model's, which stays open while the worker is out
        finally:
            self._give_back(worker)

    def identify_many(self, photos: Iterable[Photo], **options: Any) -> "Iterator[Union[Result, Error, OSError]]":
        """Identify many on all workers, answered in order. What fails with one photo is yielded in its place."""
        with self._changed:
            if not self._threads:
                self._threads = concurrent.futures.ThreadPoolExecutor(self.workers, "breedlens")
        begun: "collections.deque[concurrent.futures.Future[Any]]" = collections.deque()

        def answer(photo: Photo) -> "Union[Result, Error, OSError]":
            try:
                return self.identify(photo, **options)
            except (Error, OSError) as error:
                return error

        try:
            for photo in photos:
                begun.append(self._threads.submit(answer, photo))
                if len(begun) > self.workers * 4:  # no more in memory than keeps the workers busy
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()

    @property
    def labels(self) -> Tuple[Label, ...]:
        """What can be answered."""
        found = (_lib.bl_model_label(self._model, i) for i in range(_lib.bl_model_label_count(self._model)))
        return tuple(Label(_text(x.breed), _text(x.species), _text(x.class_id), _text(x.raw_class), tuple(filter(None, _text(x.aliases).split(";"))))
                     for x in found)


def open(model: "Union[str, os.PathLike[str], None]" = None, *, type: str = "accurate", workers: int = 0, max_bytes: int = 10 << 20,
         max_pixels: int = 64_000_000) -> Lens:
    """Open a model: a bundle's folder, or the installed one of a type ("accurate" or "fast").

    `workers` photos are identified at once (0: one a core); an encoded photo may have `max_bytes`, its pixels number
    `max_pixels`.
    """
    options, out, error = _ffi.new("struct bl_model_options *"), _ffi.new("struct bl_model **"), _ffi.new("struct bl_error *")
    kind = _ffi.new("char[]", type.encode())
    options.workers, options.type = workers, kind
    folder = _ffi.NULL if model is None else _ffi.new("char[]", os.fsencode(model))
    _check(_lib.bl_model_open(folder, options, out, error), error)
    limits = _ffi.new("struct bl_limits *", _lib.bl_limits_default())
    limits.max_pixels = max_pixels
    limits.max_bytes = max(max_bytes, max_pixels * 4 + (max_pixels >> 3) + (1 << 20))  # pixels come as a PNG without compression
    return Lens(out[0], limits, max_bytes)
