# SPDX-License-Identifier: Apache-2.0
"""A bundle's model.json."""
import hashlib
import json
import os


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def read(folder):
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as f:
        return json.load(f)


def write(folder, info):
    """Writes it, with the digests of the files that it names as they lie in the folder now."""
    files = [info["network"], info["weights"], info["taxonomy"]] + ([info["explain"]["network"]] if "explain" in info else [])
    info["sha256"] = {name: sha256(os.path.join(folder, name)) for name in files}
    with open(os.path.join(folder, "model.json"), "w", encoding="utf-8") as f:
        json.dump(info, f, indent=2)
        f.write("\n")
