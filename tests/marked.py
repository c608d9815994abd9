# SPDX-License-Identifier: Apache-2.0
"""Photos that can be found again: marked in their metadata, their bytes and their pixels; and the search for them in a process."""
import io

import images
import numpy as np
from PIL import Image, PngImagePlugin

MARK = b"breedlens-marker-7f3a9c51"       # in every photo's metadata
NAME = b"name-marker-e02b77d4"            # in every file name
SIDE = 292  # px: of the size that the network's crop of 260/292 leaves as it is, so that pixels come through unchanged
MARKED_PIXELS = np.random.default_rng(4711).integers(1, 255, (24, 3)).astype(np.uint8)
WINDOW = 24


def exif():
    block = Image.Exif()
    block[0x010E] = MARK.decode()
    block[0x0112] = 1
    block.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return block.tobytes()


def picture(seed, width=SIDE, height=SIDE):
    pixels = np.asarray(images.photo(width, height, seed)).copy()
    for y in range(height // 2 - 20, height // 2 + 20, 8):  # within the crop, in several rows
        pixels[y, width // 2 - 12:width // 2 + 12] = MARKED_PIXELS
    return Image.fromarray(pixels)


def save(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def photos():
    """{name: file} of every format and kind, each unlike the others."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", MARK.decode())
    note = images.chunk(b"tEXt", b"Comment\0" + MARK) + images.chunk(b"eXIf", exif()[6:])

    def jpeg(seed, **options):
        return save(picture(seed), "JPEG", quality=93, exif=exif(), comment=MARK, **options)

    def png(seed, depth, **options):
        rgb = np.asarray(picture(seed)).astype(np.int64)
        return images.png_file(rgb * 257 if depth == 16 else rgb, depth, images.PNG_RGB, before=note, **options)
    return {
        "baseline.jpg": jpeg(1), "progressive.jpg": jpeg(2, progressive=True),
        "gray.jpg": save(picture(3).convert("L"), "JPEG", quality=93, exif=exif(), comment=MARK),
        "cmyk.jpg": save(picture(4).convert("CMYK"), "JPEG", quality=93, exif=exif(), comment=MARK),
        "large.jpg": save(picture(5, 1600, 1200), "JPEG", quality=93, exif=exif(), comment=MARK),
        "rgb.png": png(6, 8), "deep.png": png(7, 16), "interlaced.png": png(8, 8, interlaced=True),
        "palette.png": save(picture(9).quantize(200), "PNG", pnginfo=text, exif=exif()),
        "alpha.png": save(picture(10).convert("RGBA"), "PNG", pnginfo=text, exif=exif()),
        "lossy.webp": save(picture(11), "WEBP", quality=90, exif=exif(), xmp=MARK),
        "lossless.webp": save(picture(12), "WEBP", lossless=True, exif=exif(), xmp=MARK),
        "large.webp": save(picture(13, 1600, 1200), "WEBP", quality=90, exif=exif(), xmp=MARK),
    }


def broken(made):
    """The same photos cut short and damaged: what the error paths see."""
    out = {}
    for name, data in made.items():
        out["cut-" + name] = data[:len(data) * 2 // 3]
        middle = len(data) // 2
        out["hurt-" + name] = data[:middle] + bytes(b ^ 0x55 for b in data[middle:middle + 40]) + data[middle + 40:]
    return out


def patterns(made):
    """{what: bytes} to look for: marks, pieces of the files, and the marked pixels in every form they pass through."""
    out = {"metadata": MARK, "metadata in UTF-16": MARK.decode().encode("utf-16-le"), "file name": NAME}
    for name, data in made.items():
        for share in (0.2, 0.5, 0.8):
            at = int(len(data) * share)
            out[f"{name} at {share:.0%}"] = data[at:at + WINDOW]
    p = MARKED_PIXELS
    unit = (p.astype(np.float32) - 127) / 128
    out |= {
        "pixels RGB": p[:8].tobytes(), "pixels RGBA": np.c_[p, np.full(24, 255, np.uint8)][:6].tobytes(),
        "pixels BGR": p[:8, ::-1].tobytes(), "pixels 16 bit": (p.astype(">u2") * 257)[:4].tobytes(),
        "row as floats": np.c_[p, np.zeros(24)].astype(np.float32)[:2].tobytes(),
        "plane of bytes": p[:, 0].tobytes(), "plane of signed bytes": (p[:, 0] ^ 0x80).tobytes(),
        "plane of floats": p[:6, 0].astype(np.float32).tobytes(), "input plane": unit[:6, 0].tobytes(), "input pixels": unit[:2].tobytes(),
        "input plane, green": unit[:6, 1].tobytes(),
    }
    return out


def scan(pid, wanted):
    """[(what, mapping, address)] found in all readable memory of a process, and how many bytes that was."""
    found, total, overlap = [], 0, max(map(len, wanted.values())) - 1
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            where, rights, _, _, _, *name = line.split()
            at, end = (int(x, 16) for x in where.split("-"))
            if "r" not in rights or name[:1] in (["[vvar]"], ["[vsyscall]"], ["[vvar_vclock]"]):
                continue
            tail = b""
            while at < end:
                memory.seek(at)
                try:
                    block = memory.read(min(end - at, 32 << 20))
                except OSError:
                    break  # a guard page, or the rest of a file's last page
                whole = tail + block
                for what, pattern in wanted.items():
                    if (hit := whole.find(pattern)) >= 0:
                        found.append((what, f"{name[0] if name else 'anonymous'} {where}", at - len(tail) + hit))
                at += len(block)
                total += len(block)
                tail = whole[-overlap:]
    return found, total
