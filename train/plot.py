# SPDX-License-Identifier: Apache-2.0
"""Small line charts as SVG, so that training needs no plotting library. As a program, the two of the model card:

    python train/plot.py training METRICS.csv OUT.svg
    python train/plot.py reliability OUT.svg NAME=REPORT.json ...    (reports of tools/accuracy.py --json)
"""
import csv
import json
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 460, 340, 56, 46, 30, 16
COLOURS = ("#1f6f8b", "#d1603d", "#5b8e3e", "#7a5195")


def chart(path, title, x_label, y_label, lines, x_range, y_range, diagonal=False):
    """lines: {name: [(x, y), ...]}"""
    def at(x, y):
        return (LEFT + (x - x_range[0]) / (x_range[1] - x_range[0]) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - (y - y_range[0]) / (y_range[1] - y_range[0]) * (HEIGHT - BOTTOM - TOP))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{WIDTH / 2}" y="18" text-anchor="middle">{title}</text>']
    for i in range(6):
        x, y = (r[0] + (r[1] - r[0]) * i / 5 for r in (x_range, y_range))
        (px, _), (_, py) = at(x, y_range[0]), at(x_range[0], y)
        out.append(f'<path d="M{px:.1f} {TOP}V{HEIGHT - BOTTOM}M{LEFT} {py:.1f}H{WIDTH - RIGHT}" stroke="#ddd" fill="none"/>')
        out.append(f'<text x="{px:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>')
        out.append(f'<text x="{LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{round(y, 4):g}</text>')
    out.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>')
    out.append(f'<text transform="translate(14 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">{y_label}</text>')
    if diagonal:
        (x0, y0), (x1, y1) = at(x_range[0], y_range[0]), at(x_range[1], y_range[1])
        out.append(f'<path d="M{x0} {y0}L{x1} {y1}" stroke="#999" stroke-dasharray="4 3"/>')
    for i, (name, points) in enumerate(lines.items()):
        places = [at(x, min(max(y, y_range[0]), y_range[1])) for x, y in points]
        colour = COLOURS[i % len(COLOURS)]
        out.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" stroke="{colour}" stroke-width="2" fill="none"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        out.append(f'<text x="{WIDTH - RIGHT - 8}" y="{HEIGHT - BOTTOM - 10 - 16 * i}" text-anchor="end" fill="{colour}">{name}</text>')
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join([*out, "</svg>", ""]))


def training(metrics, path):
    with open(metrics, encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    lines = {name: [(i, float(row[name])) for i, row in enumerate(rows)] for name in ("top1", "species")}
    chart(path, "Training: on val, moving average of the weights", "epoch; a stage's mean with its start counts as one", "share right", lines,
          (0, max(len(rows) - 1, 1)), (0.8, 1))


def reliability(path, reports):
    lines = {}
    for report in reports:
        name, _, source = report.partition("=")
        with open(source, encoding="utf-8") as f:
            # a bin with a handful of photos says nothing but noise
            lines[name] = [(c, a) for c, a, n in json.load(f)["reliability"] if n >= 8]
    chart(path, "Reliability on val, photos of known breed", "confidence", "share right", lines, (0, 1), (0, 1), diagonal=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["training"] and len(sys.argv) == 4:
        training(*sys.argv[2:])
    elif sys.argv[1:2] == ["reliability"] and len(sys.argv) > 3:
        reliability(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(__doc__)
