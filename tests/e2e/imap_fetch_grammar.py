# SPDX-License-Identifier: Apache-2.0
"""The grammar of FETCH responses (RFC 9051 section 7.5.2): envelopes, body structures, sections, and the items of extensions.

Structures of a hostile message may be nested deeper than Python's stack usually allows: body() raises its limit for a while.
"""

import sys

DEEPEST = 20000


def flags(scan, mode):
    found = scan.unique(scan.list_of(scan.flag, 0), "flag")
    if mode.rev2 and b"\\RECENT" in {flag.upper() for flag in found}:
        scan.fail("no \\Recent before this")


def address(scan):
    scan.expect(b"(")
    for place in range(4):
        if place:
            scan.space()
        scan.nstring()
    scan.expect(b")")


def addresses(scan):
    """NIL or at least one address; no space between them."""
    if scan.nil():
        return
    scan.expect(b"(")
    address(scan)
    while not scan.accept(b")"):
        address(scan)


def envelope(scan):
    scan.expect(b"(")
    scan.nstring()
    scan.space()
    scan.nstring()
    for _ in range(6):
        scan.space()
        addresses(scan)
    for _ in range(2):
        scan.space()
        scan.nstring()
    scan.expect(b")")


def parameters(scan):
    if scan.nil():
        return
    scan.expect(b"(")
    while True:
        scan.string()
        scan.space()
        scan.string()
        if scan.accept(b")"):
            return
        scan.space()


def disposition(scan):
    if scan.nil():
        return
    scan.expect(b"(")
    scan.string()
    scan.space()
    parameters(scan)
    scan.expect(b")")


def language(scan):
    if scan.peek(b"("):
        scan.list_of(scan.string)
    else:
        scan.nstring()


def extension(scan):
    if scan.peek(b"("):
        scan.list_of(lambda: extension(scan))
    elif scan.octets[scan.at:scan.at + 1].isdigit():
        scan.number64()
    else:
        scan.nstring()


def tail(scan, first):
    """Extension data: each only with those before it."""
    for rule in (first, disposition, language, lambda scan: scan.nstring()):
        if not scan.accept(b" "):
            return
        rule(scan)
    while scan.accept(b" "):
        extension(scan)


def single_part(scan, extended):
    media = scan.string().upper()
    scan.space()
    subtype = scan.string().upper()
    scan.space()
    parameters(scan)
    for _ in range(2):
        scan.space()
        scan.nstring()
    scan.space()
    scan.string()
    scan.space()
    scan.number64()
    if media == b"TEXT":
        scan.space()
        scan.number64()
    elif media == b"MESSAGE" and subtype in (b"RFC822", b"GLOBAL"):
        scan.space()
        envelope(scan)
        scan.space()
        any_part(scan, extended)
        scan.space()
        scan.number64()
    if extended:
        tail(scan, lambda scan: scan.nstring())


def multipart(scan, extended):
    any_part(scan, extended)
    while not scan.accept(b" "):
        any_part(scan, extended)
    scan.string()
    if extended:
        tail(scan, parameters)


def any_part(scan, extended):
    scan.expect(b"(")
    if scan.peek(b"("):
        multipart(scan, extended)
    else:
        single_part(scan, extended)
    scan.expect(b")")


def body(scan, extended):
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPEST)
    try:
        any_part(scan, extended)
    finally:
        sys.setrecursionlimit(limit)


def section_part(scan):
    return scan.match(rb"(?:[1-9]\d*(?:\.[1-9]\d*)*)?", "section")


def section(scan):
    """After "[" up to and with "]": a part, a text of it, or both."""
    part = section_part(scan)
    if part and scan.accept(b"]"):
        return
    if part:
        scan.expect(b".")
    for text in (b"HEADER.FIELDS.NOT ", b"HEADER.FIELDS "):
        if scan.accept(text):
            scan.list_of(scan.astring)
            break
    else:
        if not scan.accept(b"HEADER") and not scan.accept(b"TEXT") and not (part and scan.accept(b"MIME")):
            if part:
                scan.fail("text of a section")
    scan.expect(b"]")


def content(scan):
    section(scan)
    if scan.accept(b"<"):
        scan.number64()
        scan.expect(b">")
    scan.space()
    scan.nstring()


def binary(scan):
    section_part(scan)
    scan.expect(b"]")
    if scan.accept(b"<"):
        scan.number64()
        scan.expect(b">")
    scan.space()
    if scan.peek(b"~{"):
        scan.literal(binary=True)
    else:
        scan.nstring()


def binary_size(scan):
    section_part(scan)
    scan.expect(b"] ")
    scan.number64()


def modseq(scan):
    scan.expect(b"(")
    scan.modseq()
    scan.expect(b")")


def nil_or(rule):
    return lambda scan: None if scan.nil() else rule(scan)


SIMPLE = {
    b"ENVELOPE": envelope, b"INTERNALDATE": lambda scan: scan.date_time(),
    b"SAVEDATE": nil_or(lambda scan: scan.date_time()), b"RFC822": lambda scan: scan.nstring(),
    b"RFC822.HEADER": lambda scan: scan.nstring(), b"RFC822.TEXT": lambda scan: scan.nstring(),
    b"RFC822.SIZE": lambda scan: scan.number64(), b"UID": lambda scan: scan.nz_number(),
    b"BODY": lambda scan: body(scan, False), b"BODYSTRUCTURE": lambda scan: body(scan, True),
    b"MODSEQ": modseq, b"EMAILID": lambda scan: scan.objectid(),
    b"THREADID": nil_or(lambda scan: scan.objectid()), b"PREVIEW": lambda scan: scan.nstring(),
}
SECTIONED = ((b"BINARY.SIZE[", binary_size), (b"BINARY[", binary), (b"BODY[", content))


def item(scan, mode):
    """Returns the item as it was named, without its value."""
    start = scan.at
    for name, rule in SECTIONED:
        if scan.accept(name):
            rule(scan)
            return scan.octets[start:scan.octets.index(b"]", start)]
    word = scan.match(rb"[A-Z0-9.]+", "FETCH item in capitals")
    scan.space()
    if word == b"FLAGS":
        flags(scan, mode)
    elif word in SIMPLE:
        SIMPLE[word](scan)
    else:
        scan.fail(f"known FETCH item before this, not {word!r},")
    return word


def message_data(scan, mode):
    """What follows "* 1 FETCH"."""
    scan.space()
    names = scan.list_of(lambda: item(scan, mode))
    simple = [name for name in names if b"[" not in name]
    if len(set(simple)) != len(simple):
        scan.fail(f"each item once before this, not {names!r},")
