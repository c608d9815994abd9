# SPDX-License-Identifier: Apache-2.0
"""Lets a bundle explain its answers: explain.py BUNDLE

Writes explain.xml, the bundle's network with its last feature map as a second
output (the weights are the same file), and says in model.json where in the
weights the head lies: an int8 row a class and a float32 scale a row. The program
makes class activation maps of the two. A network of its own because an output that
nobody asked for would cost every photo about a hundredth of its time.
"""
import os
import sys
import xml.etree.ElementTree as xml

import manifest

NETWORK = "explain.xml"


def producer(net, layer, port):
    """(layer id, port id) that feeds an input port."""
    edge = next(e for e in net.find("edges") if (e.get("to-layer"), e.get("to-port")) == (layer.get("id"), port))
    return edge.get("from-layer"), edge.get("from-port")


def constant_behind(net, layer, port, kind):
    """The constant of a type from which an input comes, by way of anything that converts or scales it."""
    layers = {one.get("id"): one for one in net.find("layers")}
    waiting = [producer(net, layer, port)[0]]
    while waiting:
        one = layers[waiting.pop()]
        if one.get("type") == "Const" and one.find("data").get("element_type") == kind:
            return one
        waiting += [producer(net, one, p.get("id"))[0] for p in one.findall("input/port")]
    raise SystemExit(f"explain: the head has no {kind} constant")


def add_output(net, pool):
    """The pool's input as a second result of the network."""
    layers, edges = net.find("layers"), net.find("edges")
    port = pool.find("input/port")
    source, source_port = producer(net, pool, port.get("id"))
    number = str(max(int(one.get("id")) for one in layers) + 1)
    result = xml.SubElement(layers, "layer", id=number, name="features", type="Result", version="opset1", output_names="features")
    entry = xml.SubElement(xml.SubElement(result, "input"), "port", id="0", precision="FP32")
    sides = [dim.text for dim in port.findall("dim")]
    for side in sides:
        xml.SubElement(entry, "dim").text = side
    xml.SubElement(edges, "edge", {"from-layer": source, "from-port": source_port, "to-layer": number, "to-port": "0"})
    return [int(side) for side in sides]


def explain(bundle):
    info = manifest.read(bundle)
    tree = xml.parse(os.path.join(bundle, info["network"]))
    net = tree.getroot()
    pool = next(one for one in net.find("layers") if one.get("type") == "ReduceMean")
    head = [one for one in net.find("layers") if one.get("type") == "MatMul"][-1]
    weight, scale = (constant_behind(net, head, "1", kind) for kind in ("i8", "f32"))
    _, channels, height, width = add_output(net, pool)
    tree.write(os.path.join(bundle, NETWORK))
    info["explain"] = {"network": NETWORK, "channels": channels, "height": height, "width": width,
                       "head_offset": int(weight.find("data").get("offset")), "scale_offset": int(scale.find("data").get("offset"))}
    manifest.write(bundle, info)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    explain(sys.argv[1])
