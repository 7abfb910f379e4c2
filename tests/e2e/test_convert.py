# SPDX-License-Identifier: Apache-2.0
"""Attachments become text in a process of its own: what it makes of documents, and what hostile ones get."""

import base64
import io
import os
import re
import signal
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest

import kx

WORD = ('<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="urn:w"><w:body>{}</w:body></w:document>')


def archive(**entries):
    """A ZIP file; in names, __ stands for a slash and the suffix is .xml."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in entries.items():
            whole.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def zeros(size):
    """So many zeros, compressed."""
    packer = zlib.compressobj()
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def pdf(contents):
    """One page with a compressed content stream (bytes, or a number of zeros); all other objects are in a
    compressed object stream."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F 4 0 R>>>>>>",
               "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"]
    head, body = "", ""
    for number, text in enumerate(objects, 1):
        head += f"{number} {len(body)} "
        body += text + " "
    out = b"%PDF-1.5\n"
    places = []

    def add(keys, data):
        nonlocal out
        places.append(len(out))
        packed = zlib.compress(data) if isinstance(data, bytes) else zeros(data)
        out += b"%d 0 obj\n<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream\nendobj\n" % (
            4 + len(places), len(packed), keys, packed)

    add(b"", contents)
    add(b"/Type/ObjStm/N 4/First %d" % len(head), (head + body).encode())
    table = bytes(5) + b"".join(bytes([2, 0, 0, 6, i]) for i in range(4))
    table += b"".join(b"\1" + place.to_bytes(3, "big") + b"\0" for place in (*places, len(out)))
    at = len(out)
    add(b"/Type/XRef/Size 8/W[1 3 1]/Root 1 0 R", table)
    return out + b"startxref\n%d\n%%%%EOF\n" % at


@pytest.fixture
def text_of(server, tmp_path):
    """text_of(name, content) returns the CompletedProcess of keryx search text."""

    def run(name, content, *options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return server.run("search", "text", path, *options, timeout=120)

    return run


DOCUMENTS = {
    "a.txt": ("plain \u00e4 text\n", "plain \u00e4 text"),
    "a.html": ("<!DOCTYPE html><title>T</title><script>no()</script><p>one<p>two &euro;", "T\none\ntwo \u20ac"),
    "a.rtf": (rb"{\rtf1\ansi\ansicpg1252 caf\'e9\par next}", "caf\u00e9\nnext"),
    "a.ics": ("BEGIN:VCALENDAR\nSUMMARY:Tea\nEND:VCALENDAR\n", "BEGIN:VCALENDAR\nSUMMARY:Tea\nEND:VCALENDAR"),
    "a.vcf": ("BEGIN:VCARD\nFN:Ann\nEND:VCARD\n", "BEGIN:VCARD\nFN:Ann\nEND:VCARD"),
    "a.docx": (archive(word__document=WORD.format("<w:p><w:t>Hello</w:t></w:p><w:p><w:t>w\u00f6rld</w:t></w:p>")),
               "Hello\nw\u00f6rld"),
    "a.xlsx": (archive(xl__workbook="<w/>", xl__sharedStrings="<sst><si><t>Cell</t></si></sst>"), "Cell"),
    "a.pptx": (archive(ppt__presentation="<p/>", ppt__slides__slide1="<s><p><t>Slide</t></p></s>"), "Slide"),
    "a.odt": (archive(content="<c><body><p>Open</p><h>Text</h></body></c>"), "Open\nText"),
    "a.pdf": (pdf(b"BT /F 12 Tf 72 700 Td (Hello) Tj 0 -14 Td [(caf\\351)-400(w)10(ord)] TJ ET"), "Hello\ncaf\u00e9 word"),
}


# One page, encrypted with AES-256 (ISO 32000-2), that everybody may open and nobody may change.
RESTRICTED = base64.b64decode(
    "JVBERi0xLjcKJb/3ov4KMSAwIG9iago8PCAvRXh0ZW5zaW9ucyA8PCAvQURCRSA8PCAvQmFzZVZlcnNpb24gLzEuNyAvRXh0ZW5zaW9uTGV2"
    "ZWwgOCA+PiA+PiAvUGFnZXMgMyAwIFIgL1R5cGUgL0NhdGFsb2cgPj4KZW5kb2JqCjIgMCBvYmoKPDwgL1R5cGUgL09ialN0bSAvTGVuZ3Ro"
    "IDIwOCAvRmlsdGVyIC9GbGF0ZURlY29kZSAvTiAzIC9GaXJzdCAxNSA+PgpzdHJlYW0KbRVikclU+9ov5+N3Ef4/L5v8QGUQhQQQ0IZfNRyh"
    "WwI3Iq3lcEUrGFe4nMj1C5wBnVsomXGAK6QYIx2pSRWDxTw/G5CWNV5u1elDx1hjt5AkE59Dd1DOAOxjr4DgdKPQKc1qGLLgu9ITpQSaF45C"
    "9mfK9lpPAii7/qIz9gcIruwsjanjTrcxiayoeFhOpMTd29uU6II3CyHFD3M2XuTH6M44/lKYe5kQBvvpcsuJJnJNPPIhK5N5irrdI7DbkGLy"
    "7MXLFt4+mJHIbG3QWmAzkWVuZHN0cmVhbQplbmRvYmoKNiAwIG9iago8PCAvRmlsdGVyIC9GbGF0ZURlY29kZSAvTGVuZ3RoIDgwID4+CnN0"
    "cmVhbQpGGYaJhis0zBnd7qHVyVOSSzLwSSq5QlZyGukYhIWub7PTRE57DavpU0rprq2Dz7OtkJMRAN0ZpTLk/TJJRGW3/7h/LbAM/8Hl0HQ8"
    "z4s532VuZHN0cmVhbQplbmRvYmoKNyAwIG9iago8PCAvQ0YgPDwgL1N0ZENGIDw8IC9BdXRoRXZlbnQgL0RvY09wZW4gL0NGTSAvQUVTVjMg"
    "L0xlbmd0aCAzMiA+PiA+PiAvRmlsdGVyIC9TdGFuZGFyZCAvTGVuZ3RoIDI1NiAvTyA8MTE0YTgxNjkyNDY0YTJiMzdmZDliNGZiZTg5ZjFi"
    "MGVlYTIzNzg0MTUyZDY0YTJhNzVmMzkxMGJlMWQ1NThmYjZkZWE1OGU3MTg3NTg1ZDA4NDI1YWMyMmMzYmE4ZTA3PiAvT0UgPDgxYTdkNTk3"
    "NzUzYzYyNTc4NWI4NmU2NGE4YWNmY2Y2YjVkYmQzODMxYmU4YmNhYzcwMDBiMWUyZjhhZjMyMTY+IC9QIC0zMzkyIC9QZXJtcyA8YjAzNWE0"
    "MmU2NzE5N2U1NWU5MDAxNTYzMDlhMTAzZTM+IC9SIDYgL1N0bUYgL1N0ZENGIC9TdHJGIC9TdGRDRiAvVSA8NDk2ZTc3NTcwMTg4OTZjM2Qz"
    "ZGRkZWM4M2JlMTc2NzEwMGI0ZDg4NTA0OWE0YzQyNGZkN2ZiNGFmNWZiZjQwZjEwZDFhYWJhZDVjMDFlM2RhMDJjOTQxYTE0ZDVmYmRkPiAv"
    "VUUgPGYwZGE4Njg1ZWNlNDBhZDI5ODc3ZGM0OTU2NzA2Nzc3NmQ5NzJiNGFhMWFjYmUxM2QzYmRmMDFkMGQ2MjMxMmY+IC9WIDUgPj4KZW5k"
    "b2JqCjggMCBvYmoKPDwgL1R5cGUgL1hSZWYgL0xlbmd0aCA0MiAvRmlsdGVyIC9GbGF0ZURlY29kZSAvRGVjb2RlUGFybXMgPDwgL0NvbHVt"
    "bnMgNCAvUHJlZGljdG9yIDEyID4+IC9XIFsgMSAyIDEgXSAvUm9vdCAxIDAgUiAvU2l6ZSA5IC9JRCBbPDdiYjNjNTAzMDIyMDk3MDI5Mzg5"
    "MTllNGMxYzMwOTFkPjw3YmIzYzUwMzAyMjA5NzAyOTM4OTE5ZTRjMWMzMDkxZD5dIC9FbmNyeXB0IDcgMCBSID4+CnN0cmVhbQp4nGNiAAIm"
    "RgZ+BiYGhmIQqwHEYmCEEP8Zt/xjYmCcBhRjUmMAAEYwBIoKZW5kc3RyZWFtCmVuZG9iagpzdGFydHhyZWYKMTEzOAolJUVPRgo=")


def test_a_pdf_that_opens_without_a_password_has_text(text_of):
    done = text_of("a.pdf", RESTRICTED)
    assert (done.returncode, done.stdout.strip()) == (0, "restricted"), done.stderr


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_text(text_of, name):
    content, wanted = DOCUMENTS[name]
    done = text_of(name, content)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip("\n") == wanted


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.rtf"])
def test_the_name_does_not_matter(text_of, name):
    content, wanted = DOCUMENTS[name]
    assert text_of("x.bin", content, "--type", "image/png").stdout.rstrip("\n") == wanted


def test_a_declared_charset_counts(text_of):
    done = text_of("a.txt", b"\xb3\xf3d\xbc", "--type", "text/plain; charset=iso-8859-2")
    assert done.stdout.strip() == "\u0142\u00f3d\u017a"


OTHERS = {"a.png": b"\x89PNG\r\n\x1a\n", "a.zip": archive(readme="hello"), "a.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}


@pytest.mark.parametrize("name", OTHERS)
def test_other_content_has_no_text(text_of, name):
    done = text_of(name, OTHERS[name])
    assert done.returncode == 1
    assert "no text in this type" in done.stderr


def test_a_large_file_is_refused(text_of):
    done = text_of("a.txt", bytes(1024 * 1024))
    assert done.returncode == 1 and "larger than" in done.stderr


# --- hostile documents

LAUGHS = ("<!DOCTYPE d [<!ENTITY a0 'ha'>"
          + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)) + "]><d><t>&a9;</t></d>")


def page_tree_without_end():
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 99999999>>",
               "<</Type/Pages/Kids[2 0 R]/Count 1>>"]
    return b"%PDF-1.4\n" + b"".join(f"{n} 0 obj\n{o}\nendobj\n".encode() for n, o in enumerate(objects, 1)) + (
        b"trailer\n<</Root 1 0 R>>\n")


def page_tree_without_bottom():
    deep = b"".join(b"%d 0 obj\n<</Type/Pages/Kids[%d 0 R]/Count 1>>\nendobj\n" % (n, n + 1) for n in range(2, 9000))
    return b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n" + deep + b"trailer\n<</Root 1 0 R>>\n"


HOSTILE = {
    "bomb.docx": lambda: archive(word__document=WORD.format("<w:t>" + " " * 60_000_000 + "</w:t>")),
    "laughs.docx": lambda: archive(word__document=LAUGHS),
    "deep.docx": lambda: archive(word__document=WORD.format("<a>" * 300_000)),
    "outside.docx": lambda: archive(
        word__document='<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><d><t>&e;</t></d>'),
    "tree.pdf": page_tree_without_end,
    "deep-tree.pdf": page_tree_without_bottom,
    "deep.pdf": lambda: b"%PDF-1.4\n1 0 obj\n" + b"[" * 400_000 + b"\nendobj\ntrailer\n<</Root 1 0 R>>\n",
    "deep.rtf": lambda: rb"{\rtf1" + b"{" * 400_000,
    "cut.pdf": lambda: b"%PDF-1.7\n%\n1 0 obj\n<</Type/Cat",
    "cut.docx": lambda: DOCUMENTS["a.docx"][0][:200],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_get_an_error(server, text_of, name):
    before = {role: server.role_pids(role) for role in ("keeper", "core", "edge", "courier")}
    done = text_of(name, HOSTILE[name]())
    if name == "deep-tree.pdf":  # there is no page in it
        assert (done.returncode, done.stdout.strip()) == (0, "")
    else:
        assert done.returncode == 1
        assert re.fullmatch(r"keryx: .{10,200}\n", done.stderr), done.stderr
    assert "root:" not in done.stdout
    assert text_of("fine.txt", "fine").stdout.strip() == "fine"
    assert before == {role: server.role_pids(role) for role in before}


def test_a_stream_that_claims_a_gigabyte_ends_where_it_ends(text_of):
    lie = DOCUMENTS["a.pdf"][0].replace(b"/Length ", b"/Length 1073741824 %", 1)
    done = text_of("lie.pdf", lie)
    assert done.returncode in (0, 1) and len(done.stdout) < 1000


def test_memory_stays_bounded(server, text_of):
    """While a document unfolds to almost a thousand times its size, in its process and all others."""
    seen = {}
    over = threading.Event()

    def watch():
        while not over.is_set():
            for pid, size in server.memory_kb().items():
                seen[pid] = max(size, seen.get(pid, 0))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    done = text_of("bomb.pdf", pdf(450 << 20))
    over.set()
    watcher.join()
    assert done.returncode == 1 and re.fullmatch(r"keryx: .{10,200}\n", done.stderr), done.stderr
    assert text_of("fine.txt", "fine").stdout.strip() == "fine"
    if not os.environ.get("KERYX_SANITIZED"):
        assert max(seen.values()) < 700 * 1024


# --- its process

def converters(server):
    return [row for row in server.roles("convert") if row["pid"] > 0]


def some_converter(server, text_of):
    """The process number of one that is there now."""

    def get():
        text_of("a.txt", "a")
        rows = converters(server)
        return rows and rows[0]["pid"]

    return kx.wait_until(get, 30, "a process that converts")


def test_none_runs_while_there_is_nothing_to_do(server, text_of):
    some_converter(server, text_of)
    kx.wait_until(lambda: not converters(server), 30, "the end of the idle process")
    assert "convert" not in {row["role"] for row in server.roles()}
    assert not [pid for pid in server.pids() if "convert" in Path(f"/proc/{pid}/comm").read_text()]
    assert "convert" not in server.log("error")
    assert text_of("a.txt", "again").stdout.strip() == "again"


def test_at_most_two_at_a_time(server, text_of):
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(text_of(f"{n}.txt", f"text {n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(converters(server)))
    for thread in threads:
        thread.join()
    assert sorted(done.stdout.strip() for done in results) == [f"text {n}" for n in range(8)]
    assert most <= 2


def test_one_serves_fifty_and_is_replaced(fresh_server, tmp_path):
    server = fresh_server()
    path = tmp_path / "a.txt"
    path.write_text("words")
    for _ in range(55):
        assert server.cli("search", "text", path).strip() == "words"
    assert server.status()["conversions"] == {"done": 55, "failed": 0, "waiting": 0}
    assert "convert" not in server.log("error") + server.log("warning") + server.stderr()


def test_a_process_that_stands_still_is_killed(fresh_server, tmp_path):
    """What makes it stand still here is a signal; the caller gets an error, the content is not tried again."""
    server = fresh_server()
    large = tmp_path / "large.docx"
    large.write_bytes(archive(word__document=WORD.format("".join(f"<w:t>{n:07}</w:t> " for n in range(60_000)))))
    first = tmp_path / "first.txt"
    first.write_text("first")

    def stop_one():
        server.cli("search", "text", first)
        for row in converters(server):
            os.kill(row["pid"], signal.SIGSTOP)
            return row["pid"]
        return None

    pid = kx.wait_until(stop_one, 30, "a process to stop")
    started = time.monotonic()
    done = server.run("search", "text", large, timeout=120)
    assert done.returncode == 1 and "took too long" in done.stderr, done.stderr
    assert time.monotonic() - started >= 19
    kx.wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="its end")
    server.wait_log("warning", r"attachment 'large.docx' of type \S+ \(\d+ bytes, SHA-256 \w+\): .*took too long")
    again = server.run("search", "text", large)
    assert again.returncode == 1 and "not tried again" in again.stderr
    assert len(re.findall("large.docx", server.log("warning"))) == 1
    assert server.cli("search", "text", first).strip() == "first"
    assert server.status()["conversions"]["failed"] == 1


def test_the_core_can_die_meanwhile(fresh_server, tmp_path):
    server = fresh_server()
    path = tmp_path / "a.txt"
    path.write_text("words")
    server.cli("search", "text", path)
    server.wait_roles(gone=server.kill_role("core"))
    assert server.cli("search", "text", path).strip() == "words"
    assert server.stop() == 0


def test_it_holds_nothing(server, text_of):
    if os.geteuid() != 0:
        pytest.skip("only root may look at the roles' descriptors")

    def look():
        pid = some_converter(server, text_of)
        try:
            return [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            return None

    targets = kx.wait_until(look, 30, "a look at its descriptors")
    assert not [target for target in targets if target.startswith(str(server.base / "data"))]
    assert len([target for target in targets if target.startswith("socket:")]) <= 2
