#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the breedlens program on a folder of labelled photos:

    python3 tools/accuracy.py --data ../shared/pets/val --labels ../shared/pets/labels.tsv

DATA/<label>/* are the photos. LABELS is a tab-separated table with a header:

    label          the folder's name                                              required
    species        Dog, Cat, ...; - where the photos show no pet                  required
    level          breed; species (only the species is known); other (animals     optional: breed where
                   that are no pets); none (no animal)                            there is a species, else none
    wordnet_id     the class that is right, where it is ImageNet's                optional
    class_id       the class that is right, as `breedlens identify` names it      optional

A label without wordnet_id and class_id is looked up in the bundle's taxonomy: as the
raw class, or as a breed's name or alias. SOURCES, if given or if files.tsv lies beside LABELS, is a
tab-separated table of file (relative to the folder above DATA, as val/beagle/0001.webp)
and source; figures are then printed by source as well. Needs nothing but Python.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
UNKNOWN = "Unknown"
BINS = 15
AT_ONCE = 200  # photos a program run


def table(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def plain(name):
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def right_classes(entry, taxonomy):
    """The class_ids that are right for a label of level breed."""
    for key in ("class_id", "wordnet_id"):
        if entry.get(key):
            return {entry[key]}
    want = plain(entry["label"])
    for names in (lambda row: [row["raw_class"]], lambda row: [row["breed"], *row["aliases"].split(";")]):
        found = {row["class_id"] for row in taxonomy if row["species"] == entry["species"] and want in map(plain, names(row))}
        if found:
            return found
    sys.exit(f"accuracy: the bundle's taxonomy has no breed for the label {entry['label']}")


def read_labels(path, taxonomy):
    """{label: (species or Unknown, level, right class_ids)}"""
    labels = {}
    for entry in table(path):
        species = entry["species"].strip("-") or UNKNOWN
        level = entry.get("level") or ("none" if species == UNKNOWN else "breed")
        labels[entry["label"]] = (species, level, right_classes(entry, taxonomy) if level == "breed" else set())
    return labels


def find_photos(data, labels):
    """[(path, label)] of the folders that LABELS names; the others are told of."""
    photos = []
    for label in sorted(os.listdir(data)):
        folder = os.path.join(data, label)
        if not os.path.isdir(folder):
            continue
        if label not in labels:
            print(f"accuracy: {label}/ is left out: no such label in LABELS", file=sys.stderr)
            continue
        photos += [(os.path.join(folder, name), label) for name in sorted(os.listdir(folder)) if name.lower().endswith(SUFFIXES)]
    if not photos:
        sys.exit(f"accuracy: no photos in the label folders of {data}")
    return photos


def identify(program, model, paths, jobs):
    """The program's answer to each photo, in order; None where it could not read one."""
    answers = {}
    command = [program, "identify", "--json", "--threshold", "0", "--top-k", "5", "--model", model, *(["--jobs", str(jobs)] if jobs else [])]
    for at in range(0, len(paths), AT_ONCE):
        done = subprocess.run([*command, *paths[at:at + AT_ONCE]], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"accuracy: {program} ended with status {done.returncode}")
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            answers[answer["file"]] = answer if answer["success"] else None
        if sys.stderr.isatty():
            print(f"\r{min(at + AT_ONCE, len(paths))}/{len(paths)}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return [answers.get(path) for path in paths]


def judge(photo, label, answer):
    """One photo's result as a flat record."""
    species, level, right = label
    guesses = answer["predictions"]
    ids = [guess["class_id"] for guess in guesses]
    return {
        "label": photo[1], "level": level, "pet": species != UNKNOWN, "species_right": answer["primary_species"] == species,
        "said": answer["primary_species"], "refused": not guesses, "top1": bool(set(ids[:1]) & right), "top5": bool(set(ids) & right),
        "seconds": float(answer["processing_time"].rstrip("s")), "confidence": answer["confidence"], "breed": guesses[0]["breed"] if guesses else UNKNOWN,
    }


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def calibration(records):
    """(expected calibration error, [(mean confidence, share right, photos)] a bin)."""
    bins = defaultdict(list)
    for r in records:
        bins[min(int(r["confidence"] * BINS), BINS - 1)].append(r)
    points = [(mean(r["confidence"] for r in b), mean(r["top1"] for r in b), len(b)) for _, b in sorted(bins.items())]
    return (sum(abs(c - a) * n for c, a, n in points) / len(records) if records else None), points


def figures(records):
    breed = [r for r in records if r["level"] == "breed"]
    by_class = defaultdict(list)
    for r in breed:
        by_class[r["label"]].append(r["top1"])
    pets = [r for r in records if r["pet"]]
    objects = [r for r in records if r["level"] == "none"]
    wild = [r for r in records if r["level"] == "other"]
    return {
        "photos": len(records), "breed_photos": len(breed),
        "top1": mean(r["top1"] for r in breed), "top5": mean(r["top5"] for r in breed),
        "mean_per_class": mean(mean(v) for v in by_class.values()),
        "species": mean(r["species_right"] for r in pets),
        "pets_refused": mean(r["refused"] for r in pets),
        "objects_accepted": mean(not r["refused"] for r in objects),
        "wild_accepted": mean(not r["refused"] for r in wild),
        "wild_called_dog_or_cat": mean(r["said"] in ("Dog", "Cat") for r in wild),
        "calibration_error": calibration(breed)[0],
    }


def per_class(records):
    groups = defaultdict(list)
    for r in records:
        groups[r["label"]].append(r)
    rows = []
    for label, group in sorted(groups.items()):
        level = group[0]["level"]
        wrong = Counter(r["breed"] for r in group if not (r["top1"] if level == "breed" else r["species_right"] or not r["pet"] and r["refused"]))
        rows.append({"label": label, "level": level, "photos": len(group),
                     "top1": mean(r["top1"] for r in group) if level == "breed" else None,
                     "top5": mean(r["top5"] for r in group) if level == "breed" else None,
                     "species": mean(r["species_right"] for r in group) if group[0]["pet"] else None,
                     "refused": mean(r["refused"] for r in group),
                     "mistaken_for": ", ".join(f"{name} {n}" for name, n in wrong.most_common(3))})
    return rows


def shown(value):
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def print_text(report):
    names = list(report["all"])
    columns = {"all": report["all"], **report["by_source"]}
    width = max(map(len, columns))
    heads = {"breed_photos": "breeds", "mean_per_class": "per class", "pets_refused": "pets ref.", "objects_accepted": "obj. acc.",
             "wild_accepted": "wild acc.", "wild_called_dog_or_cat": "w. as pet", "calibration_error": "ECE"}
    print(f"{'':{width}} " + " ".join(f"{heads.get(name, name):>9}" for name in names))
    for source, values in columns.items():
        print(f"{source:{width}} " + " ".join(f"{shown(values[name]):>9}" for name in names))
    print("\nTop-1, top-5, per class and ECE: photos whose breed is known. pets ref.: pets answered Unknown. obj. acc., wild acc.:")
    print("photos without a pet that were given one; w. as pet: wild and farm animals called Dog or Cat.")
    print("\nThe ten worst classes:")
    for row in report["worst_classes"]:
        print(f"  {row['label']:32} {row['top1']:.3f} of {row['photos']:3}  {row['mistaken_for']}")
    print("\nThe twenty commonest confusions:")
    for row in report["confusions"]:
        print(f"  {row['count']:3}  {row['label']:32} -> {row['breed']}")
    print(f"\n{report['model']} {report['model_version']}, {report['seconds']:.1f} s in all, {report['milliseconds_a_photo']} ms a photo (median)")
    for path in report["unreadable"]:
        print(f"not readable: {path}")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", required=True, help="folder of label folders")
    args.add_argument("--labels", required=True, help="table of labels")
    args.add_argument("--sources", help="table of sources (default: files.tsv beside LABELS, if it is there)")
    args.add_argument("--model", default=os.environ.get("BREEDLENS_MODEL", "model/accurate"), help="the bundle (default: %(default)s)")
    args.add_argument("--program", default="build/breedlens", help="default: %(default)s")
    args.add_argument("--jobs", type=int, help="photos at once")
    args.add_argument("--json", action="store_true", help="print one JSON object")
    args.add_argument("--classes", metavar="FILE", help="write a table of figures by label, too")
    args = args.parse_args()

    labels = read_labels(args.labels, table(os.path.join(args.model, "taxonomy.tsv")))
    photos = find_photos(args.data, labels)
    beside = os.path.join(os.path.dirname(args.labels), "files.tsv")
    sources = args.sources or (beside if os.path.exists(beside) else None)
    source_of = {entry["file"]: entry["source"] for entry in table(sources)} if sources else {}
    above = os.path.dirname(os.path.abspath(args.data))

    started = time.time()
    answers = identify(args.program, args.model, [path for path, _ in photos], args.jobs)
    seconds = time.time() - started
    records, groups, unreadable, last = [], defaultdict(list), [], None
    for photo, answer in zip(photos, answers):
        if answer is None:
            unreadable.append(photo[0])
            continue
        last = answer
        records.append(judge(photo, labels[photo[1]], answer))
        source = source_of.get(os.path.relpath(os.path.abspath(photo[0]), above).replace(os.sep, "/"))
        if source:
            groups[source].append(records[-1])
    if not records:
        sys.exit("accuracy: no photo could be read")
    classes = per_class(records)
    confusions = Counter((r["label"], r["breed"]) for r in records if r["level"] == "breed" and not r["top1"])
    report = {
        "model": last["model"], "model_version": last["model_version"], "seconds": round(seconds, 1),
        "milliseconds_a_photo": round(1000 * statistics.median(r["seconds"] for r in records), 1),
        "all": figures(records), "by_source": {name: figures(group) for name, group in sorted(groups.items())},
        "worst_classes": sorted((row for row in classes if row["top1"] is not None and row["photos"] >= 3), key=lambda row: row["top1"])[:10],
        "confusions": [{"label": label, "breed": breed, "count": n} for (label, breed), n in confusions.most_common(20)],
        "reliability": calibration([r for r in records if r["level"] == "breed"])[1],
        "unreadable": unreadable,
    }
    if args.classes:
        with open(args.classes, "w", encoding="utf-8") as f:
            f.write("\t".join(classes[0]) + "\n")
            f.writelines("\t".join(shown(value) for value in row.values()) + "\n" for row in classes)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        print_text(report)


if __name__ == "__main__":
    main()
