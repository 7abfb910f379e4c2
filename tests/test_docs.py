# SPDX-License-Identifier: Apache-2.0
"""Generated documents are what the sources say, and links between documents lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def test_the_feature_table_is_fresh():
    done = subprocess.run([sys.executable, ROOT / "tools" / "spec-coverage", "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_settings_manual_is_fresh(keryx_binary):
    done = subprocess.run([keryx_binary, "config", "manual"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == done.stdout, "run make docs"


def test_every_dependency_is_explained():
    linked = set(re.findall(r"dependency\('([a-z]+)", (ROOT / "meson.build").read_text()))
    names = {"glib": "GLib", "gio": "GIO", "libevent": "libevent", "openssl": "OpenSSL",
             "sqlite": "SQLite", "icu": "ICU"}
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    for name in linked - {"threads"}:
        assert names.get(name, name) in text, f"{name} is not in docs/dependencies.md"


PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
