# SPDX-License-Identifier: Apache-2.0
"""The generated pages of the command line are what the tables say, and the guide's commands exist."""

import re
import subprocess

import pytest

import kx

PAGES = {
    "docs/cli.md": ("help", "--markdown"),
    "docs/settings.md": ("config", "manual"),
    "docs/man/keryx.1": ("help", "--man"),
    "docs/api-reference.md": ("help", "--api"),
    "docs/man/keryx-config.5": ("config", "manual", "--man"),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_current(keryx_binary, page):
    done = subprocess.run([keryx_binary, *PAGES[page]], capture_output=True, text=True, check=True)
    assert (kx.ROOT / page).read_text(encoding="utf-8") == done.stdout, "run make docs"


def test_the_guide_names_commands_that_exist(keryx_binary):
    known = set(re.findall(r"### `keryx ([a-z -]+?)(?: [A-Z[][^`]*)?`", (kx.ROOT / "docs/cli.md").read_text()))
    guide = (kx.ROOT / "docs/admin-guide.md").read_text()
    used = re.findall(r"^    keryx ([a-z][a-z -]*[a-z])", guide, re.M)
    assert used
    for words in used:
        assert any(words == name or words.startswith(name + " ") for name in known), words
