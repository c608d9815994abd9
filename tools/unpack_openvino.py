# SPDX-License-Identifier: Apache-2.0
"""Unpack of an OpenVINO wheel what a C program runs with: about 80 MB of its 230.

usage: unpack_openvino.py WHEEL DIR
"""
import fnmatch
import os
import sys
import zipfile

WANTED = (
    "openvino/include/openvino/c/*",
    "openvino/libs/libopenvino.so.*",
    "openvino/libs/libopenvino_c.so.*",
    "openvino/libs/libopenvino_intel_cpu_plugin.so",
    "openvino/libs/libopenvino_arm_cpu_plugin.so",
    "openvino/libs/libopenvino_ir_frontend.so.*",
    "openvino/libs/libtbb.so.*",
    "openvino/libs/libtbbmalloc.so.*",
    "openvino/libs/libtbbbind*.so.*",
    "openvino/libs/libhwloc.so.*",
    "*.dist-info/licenses/*",
)

wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for item in archive.infolist():
        if item.is_dir() or not any(fnmatch.fnmatch(item.filename, pattern) for pattern in WANTED):
            continue
        archive.extract(item, target)
        if ".so" in item.filename:
            os.chmod(os.path.join(target, item.filename), 0o755)
