# SPDX-License-Identifier: Apache-2.0
"""The law of CONTRIBUTING.md "Layers", and what every source file must obey, checked over the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

# The only uses between neighbours on one line.
NEIGHBOURS = {("net", "ipc"), ("store", "directory")}
# A protocol's half that runs in edge is what may use net: files named edge*.
EDGE_ONLY = {("smtp", "net"), ("imap", "net"), ("pop3", "net"), ("http", "net")}
MAX_LINES = 1000
FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SPDX = "SPDX-License-Identifier: Apache-2.0"
OWN_CODE = ("src", "tests", "tools", "bench", ".ci")
SOURCE_SUFFIXES = {".c", ".h", ".py"}



def read_layers():
    """The indented list under "Layers" in CONTRIBUTING.md, from the top down: {folder: line}."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("\n## Layers\n")[1]
    lines = re.findall(r"^    (.+)$", section.split("\n## ")[0], re.M)
    return {folder: rank for rank, line in enumerate(lines) for folder in line.split()}


RANK = read_layers()


def c_files():
    return sorted(path for path in SRC.rglob("*") if path.suffix in (".c", ".h"))


def own_sources():
    """Every program text of the project: by suffix, or a script by its first line."""
    for top in OWN_CODE:
        for path in sorted((ROOT / top).rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts or "corpus" in path.parts:
                continue
            if path.suffix in SOURCE_SUFFIXES or (not path.suffix and path.read_bytes()[:2] == b"#!"):
                yield path


def breaches(folder, name, text):
    """What the file `name` in `folder` includes against the law."""
    for target in INCLUDE.findall(text):
        if "/" not in target:
            yield f"{target} (include paths start at src/)"
            continue
        used = target.split("/")[0]
        if used not in RANK:
            yield f"{target} (no such layer)"
        elif used == folder:
            continue
        elif target.endswith("-private.h"):
            yield f"{target} (private to its folder)"
        elif RANK[used] <= RANK[folder] and (folder, used) not in NEIGHBOURS:
            yield target
        elif (folder, used) in EDGE_ONLY and not name.startswith("edge"):
            yield f"{target} (only edge*.c may use net here)"


def test_every_folder_has_a_layer():
    folders = {path.name for path in SRC.iterdir() if path.is_dir()}
    assert folders == set(RANK)


def test_folders_include_only_what_lies_below():
    wrong = []
    for path in c_files():
        relative = path.relative_to(SRC)
        if len(relative.parts) == 1:
            continue  # main.c stands above all layers
        text = path.read_text(encoding="utf-8")
        wrong += [f"src/{relative}: {what}" for what in breaches(relative.parts[0], path.name, text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder, name, include, allowed", [
    ("imap", "cmd-fetch.c", "store/store.h", True),
    ("imap", "cmd-fetch.c", "imap/parser.h", True),
    ("imap", "cmd-fetch.c", "pop3/pop3.h", False),
    ("imap", "cmd-fetch.c", "net/tls.h", False),
    ("imap", "edge.c", "net/tls.h", True),
    ("store", "store.c", "directory/user.h", True),
    ("directory", "user.c", "store/store.h", False),
    ("net", "loop.c", "ipc/channel.h", True),
    ("ipc", "channel.c", "net/loop.h", False),
    ("base", "buf.c", "db/db.h", False),
    ("store", "store.c", "convert/convert.h", True),
    ("convert", "pdf.c", "store/store.h", False),
    ("flow", "queue.c", "store/store-private.h", False),
    ("store", "store.c", "store-private.h", False),
])
def test_the_law_itself(folder, name, include, allowed):
    assert (not list(breaches(folder, name, f'#include "{include}"\n'))) == allowed


def test_every_source_names_its_licence():
    wrong = [str(path.relative_to(ROOT)) for path in own_sources()
             if SPDX not in "\n".join(path.read_text(encoding="utf-8").split("\n")[:3])]
    assert not wrong, wrong


def test_no_file_is_too_long():
    wrong = [f"{path.relative_to(ROOT)}: {count}" for path in own_sources()
             if (count := path.read_text(encoding="utf-8").count("\n")) >= MAX_LINES]
    assert not wrong, wrong


def test_nothing_is_left_for_later():
    wrong = [f"{path.relative_to(ROOT)}: {match.group(0)}" for path in own_sources()
             if path != Path(__file__).resolve()
             for match in FORBIDDEN.finditer(path.read_text(encoding="utf-8"))]
    assert not wrong, wrong
