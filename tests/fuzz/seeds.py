# SPDX-License-Identifier: Apache-2.0
"""Small valid inputs for a fuzz target to start from: seeds.py TARGET DIR"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import images  # noqa: E402


def image():
    small = images.photo(48, 36)
    yield images.jpeg(small, 6, quality=60)
    yield images.jpeg(small, progressive=True, quality=60)
    yield images.jpeg(small.convert("L"), restart_marker_rows=1)
    yield images.jpeg_ycck(small)
    for color, depths in images.DEPTHS.items():
        for depth in depths:
            for interlaced in (False, True):
                yield images.png(small, color, depth, interlaced, transparent=True, orientation=3)[0]
    alpha = small.convert("RGBA")
    alpha.putalpha(small.convert("L"))
    yield images.webp(small, 5)
    yield images.webp(alpha)
    yield images.webp(small, lossless=True)
    yield images.webp(small, save_all=True, append_images=[images.photo(48, 36, seed=2)], duration=100)


def exif():
    for orientation in images.ORIENTATIONS:
        yield images.exif(orientation)
        yield images.exif(orientation)[6:]


target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
for i, data in enumerate({"image": image, "exif": exif}[target]()):
    (folder / f"seed-{i:03}").write_bytes(data)
