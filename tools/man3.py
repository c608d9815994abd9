# SPDX-License-Identifier: Apache-2.0
"""breedlens(3) in mdoc, from the comments and declarations of include/breedlens.h.

usage: man3.py include/breedlens.h >docs/man/breedlens.3
"""
import re
import sys

DATE = "November 24, 2026"  # of the last change of meaning; a build must not depend on the day


def escape(text):
    text = re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e"), flags=re.M)
    return re.sub(r"[^\x00-\x7f]", lambda c: f"\\[u{ord(c.group()):04X}]", text)


def comment_text(comment):
    body = re.sub(r"^/\*+|\*/$", "", comment.strip())
    return "\n".join(re.sub(r"^ ?\* ?", "", line).rstrip() for line in body.splitlines()).strip("\n")


def prose(text):
    """Paragraphs; what is indented stays as it stands."""
    out = []
    for part in re.split(r"\n\s*\n", text):
        if all(line.startswith("  ") for line in part.splitlines()):
            out += [".Bd -literal", escape(part), ".Ed"]
        else:
            sentences = re.sub(r"(?<=[\w)\]][.?!]) +(?=[A-Z`])", "\n", " ".join(part.split()))
            out += [".Pp", escape(sentences)]
    return out


def main():
    header = open(sys.argv[1]).read()
    version = re.search(r'#define BL_VERSION "(.*)"', header).group(1)
    intro = comment_text(header[:header.index("*/") + 2]).split("\n", 2)[2]
    title, intro = intro.split("\n\n", 1)
    out = ['.\\" Made by `make docs` of include/breedlens.h: do not edit.', '.\\" SPDX-License-Identifier: Apache-2.0',
           f".Dd {DATE}", ".Dt BREEDLENS 3", f'.Os "breedlens {version}"', ".Sh NAME", ".Nm breedlens",
           ".Nd the breed and species of pets in photos, as a library", ".Sh SYNOPSIS", ".In breedlens.h", ".Pp",
           "cc program.c $(pkg-config --cflags --libs breedlens)", ".Sh DESCRIPTION",
           escape(title.removeprefix("breedlens: ").capitalize())]
    out += prose(intro)
    body = header[header.index('extern "C" {'):header.rindex("#ifdef __cplusplus")]
    body = re.sub(r"^#(?!define BL_[A-Z_]* ).*$", "", body, flags=re.M)  # the compiler's matters
    body = re.sub(r"^#define BL_(API|MUST_USE).*$|^extern.*$", "", body, flags=re.M)
    body = body[body.index("enum bl_status"):]
    # A block is what stands between blank lines outside of a comment or a struct: a comment and what it is about.
    for block in re.split(r"\n\s*\n(?=/\*|[a-zA-Z#])", body):
        block = block.strip("\n")
        heading = re.fullmatch(r"/\* -+ (.*?) -+ \*/", block.strip())
        if heading:
            out += [f".Sh {heading.group(1).upper()}"]
            continue
        comment = re.match(r"\s*/\*.*?\*/\s*\n", block, re.S)
        code = block[comment.end():] if comment else block
        code = re.sub(r"BL_API |BL_MUST_USE ?", "", code).strip("\n")
        code = re.sub(r"(enum bl_status)\n", r"\1 ", code)
        if code:
            out += [".Bd -literal", escape(code), ".Ed"]
        if comment:
            out += prose(comment_text(comment.group(0)))
    out += [".Sh SEE ALSO", ".Xr breedlens 1"]
    print("\n".join(out))


main()
