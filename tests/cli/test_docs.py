# SPDX-License-Identifier: Apache-2.0
"""Man pages and completions: they are of this program, well made, and the shells take them."""
import shutil
import subprocess
import sys

import conftest
import pytest

MAN, COMPLETIONS = conftest.ROOT / "docs" / "man", conftest.ROOT / "completions"
MADE = {"man1": MAN / "breedlens.1", "env5": MAN / "breedlens.env.5", "bash": COMPLETIONS / "breedlens.bash", "zsh": COMPLETIONS / "_breedlens",
        "fish": COMPLETIONS / "breedlens.fish"}
PAGES = ["breedlens.1", "breedlens.3", "breedlens.env.5"]


@pytest.mark.parametrize("kind", MADE)
def test_they_are_of_this_program(kind):
    """`make docs` writes them anew."""
    done = conftest.run("--print-docs", kind)
    assert done.returncode == 0 and done.stdout.decode() == MADE[kind].read_text()


def test_the_library_page_is_of_this_header():
    made = subprocess.run([sys.executable, conftest.ROOT / "tools" / "man3.py", conftest.ROOT / "include" / "breedlens.h"], capture_output=True, text=True)
    assert made.returncode == 0 and made.stdout == (MAN / "breedlens.3").read_text()


def test_no_such_document():
    assert conftest.run("--print-docs", "pdf").returncode == 2


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_no_warnings(page):
    assert subprocess.run(["mandoc", "-Tlint", "-Wwarning", MAN / page], capture_output=True, text=True).stdout == ""
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", "-z", MAN / page], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == ""


def test_the_page_names_every_option():
    text = subprocess.run(["mandoc", "-Tascii", MAN / "breedlens.1"], capture_output=True, text=True).stdout
    while "\b" in text:  # bold and underlined, as terminals were told of it
        at = text.index("\b")
        text = text[:at - 1] + text[at + 1:]
    for command in ("identify", "batch", "watch", "backup", "labels", "serve"):
        for line in conftest.run(command, "--help").stdout.decode().splitlines():
            if line.startswith("  --"):
                assert line.split()[0] in text


def bash(*words):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _breedlens; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-uc", script, "-", MADE["bash"], "breedlens", *words], capture_output=True, text=True, cwd=conftest.ROOT)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize("words,answer", [
    (["bat"], ["batch"]), (["batch", "--mo"], ["--move-to", "--model"]), (["batch", "--format", ""], ["table", "csv", "ndjson"]),
    (["batch", "--output", "LIC"], ["LICENSE"]), (["watch", "--model", "exa"], ["examples"]), (["watch", "LIC"], [""]), (["batch", "LIC"], ["LICENSE"]),
    (["serve", "--log-level", "d"], ["debug"]), (["serve", "--po"], ["--port"]), (["batch", "--jobs", ""], [""])])
def test_bash(words, answer):
    assert bash(*words) == answer


def test_bash_completes_names_with_blanks(tmp_path):
    (tmp_path / "two words.jpg").touch()
    assert bash("identify", f"{tmp_path}/two") == [f"{tmp_path}/two words.jpg"]


@pytest.mark.parametrize("line,answers", [("bat", ["batch"]), ("batch --mov", ["--move-to"]), ("batch --format n", ["ndjson"]), ("watch exa", ["examples/"]),
                                          ("serve --log-level d", ["debug"]), ("batch LIC", ["LICENSE"])])
def test_fish(line, answers, tmp_path):
    if not shutil.which("fish"):
        pytest.skip("no fish here")
    script = f'source {MADE["fish"]}; complete -C "breedlens {line}"'
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, cwd=conftest.ROOT, env={**conftest.clean_env(), "HOME": str(tmp_path)})
    assert done.stderr == "" and [answer.split("\t")[0] for answer in done.stdout.splitlines()] == answers


ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1= PROMPT= ; unsetopt zle_bracketed_paste; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $2/dump; bindkey '^I' complete-word; echo ready:"
while zpty -r z line; do [[ $line == *ready:*$'\n' && $line != *echo* ]] && break; done
zpty -w -n z "breedlens $3"$'\t'
sleep 0.2
for i in {1..100}; do zpty -rt z line && print -rn -- "$line"; sleep 0.02; done
"""


@pytest.mark.parametrize("line,answer", [("bat", "breedlens batch"), ("batch --mov", "--move-to"), ("batch --format n", "ndjson"), ("serve --log-level d", "debug")])
def test_zsh(line, answer, tmp_path):
    """In a real interactive zsh, on a terminal of its own."""
    if not shutil.which("zsh"):
        pytest.skip("no zsh here")
    done = subprocess.run(["zsh", "-f", "-c", ZSH, "-", COMPLETIONS, tmp_path, line], capture_output=True, text=True, cwd=conftest.ROOT,
                          env={**conftest.clean_env(), "HOME": str(tmp_path), "TERM": "dumb"}, timeout=60)
    assert answer in done.stdout, done.stdout + done.stderr
