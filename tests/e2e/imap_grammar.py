# SPDX-License-Identifier: Apache-2.0
"""A strict checker of everything an IMAP server says, by the formal syntax of RFC 9051, RFC 3501 and the extensions.

check(octets, mode) takes one response, literals and final CRLF included, and raises GrammarError if no rule
allows it. What is not in a table here is an error: a new extension adds its row.

Besides syntax it holds what a client relies on: no item, flag, capability or mailbox attribute twice, sets of
COPYUID of equal size, no obsolete data once IMAP4rev2 is enabled.
"""

import re

from imap_fetch_grammar import message_data
from imap_scanner import GrammarError, Scanner


class Mode:
    """What the client has enabled; it changes with the ENABLED responses that check() sees."""

    def __init__(self):
        self.enabled = set()

    @property
    def rev2(self):
        return "IMAP4REV2" in self.enabled

    @property
    def utf8(self):
        return bool(self.enabled & {"IMAP4REV2", "UTF8=ACCEPT"})


# --- response codes (RFC 9051 section 7.1 and the IANA registry)

def nothing(_):
    pass


def code_capability(scan):
    scan.space()
    capabilities(scan, b"]")


def code_badcharset(scan):
    if scan.accept(b" "):
        scan.list_of(scan.astring)


def code_flags(scan):
    scan.space()
    scan.unique(scan.list_of(lambda: b"\\*" if scan.accept(b"\\*") else scan.flag(), 0), "flag")


def code_number(scan):
    scan.space()
    scan.nz_number()


def code_modseq(scan):
    scan.space()
    scan.modseq()


def code_appenduid(scan):
    code_number(scan)
    scan.space()
    scan.known_set()


def code_copyuid(scan):
    code_number(scan)
    scan.space()
    source = scan.known_set()
    scan.space()
    if scan.known_set() != source:
        scan.fail("as many UIDs of copies as of messages before this")


def code_set(scan):
    scan.space()
    scan.known_set()


def code_objectid(scan):
    scan.space()
    scan.objectid()


def code_string(scan):
    scan.space()
    scan.quoted()


def code_astring(scan):
    scan.space()
    scan.astring()


def code_text(scan):
    scan.space()
    scan.match(rb"[^\x00\r\n\]\x80-\xff]+", "text of a response code")


def code_atoms(scan):
    scan.space()
    scan.list_of(scan.atom, 0)


def code_metadata(scan):
    """RFC 5464 section 5."""
    scan.space()
    word = scan.word()
    if word in (b"LONGENTRIES", b"MAXSIZE"):
        scan.space()
        scan.number64()
    elif word not in (b"TOOMANY", b"NOPRIVATE"):
        scan.fail("code of METADATA before this")


def code_inprogress(scan):
    """RFC 9585 section 4."""
    if scan.accept(b" ("):
        if not scan.nil():
            scan.quoted()
        for _ in range(2):
            scan.space()
            if not scan.nil():
                scan.number()
        scan.expect(b")")


def code_messagelimit(scan):
    """RFC 9738 section 5."""
    code_number(scan)
    if scan.accept(b" "):
        scan.nz_number()


def code_urlmech(scan):
    """RFC 4467 section 7."""
    scan.expect(b" INTERNAL")
    while scan.accept(b" "):
        scan.atom()


CODES = {
    b"BADCHARSET": code_badcharset, b"CAPABILITY": code_capability, b"PERMANENTFLAGS": code_flags,
    b"UIDNEXT": code_number, b"UIDVALIDITY": code_number, b"UNSEEN": code_number,
    b"HIGHESTMODSEQ": code_modseq, b"APPENDUID": code_appenduid, b"COPYUID": code_copyuid,
    b"MODIFIED": code_set, b"MAILBOXID": code_objectid, b"NOUPDATE": code_string, b"BADURL": code_string,
    b"BADEVENT": code_atoms, b"METADATA": code_metadata, b"INPROGRESS": code_inprogress,
    b"MESSAGELIMIT": code_messagelimit, b"SAVELIMIT": code_number, b"UNDEFINED-FILTER": code_astring,
    b"REFERRAL": code_text, b"URLMECH": code_urlmech,
} | dict.fromkeys((
    b"ALERT", b"ALREADYEXISTS", b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"BADCOMPARATOR", b"CANNOT",
    b"CLIENTBUG", b"CLOSED", b"COMPRESSIONACTIVE", b"CONTACTADMIN", b"CORRUPTION", b"EXPIRED",
    b"EXPUNGEISSUED", b"HASCHILDREN", b"INUSE", b"LIMIT", b"NOMODSEQ", b"NONEXISTENT", b"NOPERM",
    b"NOTIFICATIONOVERFLOW", b"NOTSAVED", b"OVERQUOTA", b"PARSE", b"PRIVACYREQUIRED", b"READ-ONLY",
    b"READ-WRITE", b"SERVERBUG", b"TEMPFAIL", b"TOOBIG", b"TOOSMALL", b"TRYCREATE", b"UIDNOTSTICKY", b"UIDREQUIRED",
    b"UNAVAILABLE", b"UNKNOWN-CTE", b"USEATTR"), nothing)


def resp_text(scan):
    """A text is always there: RFC 3501 wants one, and clients show it."""
    if scan.accept(b"["):
        word = scan.word()
        if word not in CODES:
            scan.fail(f"known response code before this, not {word!r},")
        CODES[word](scan)
        scan.expect(b"]")
        scan.space()
    text = scan.match(rb"[^\x00\r\n\[][^\x00\r\n]*", "text")
    if not scan.utf8 and any(octet > 0x7f for octet in text):
        scan.fail("text in ASCII before this")
    text.decode()
    scan.end()


# --- untagged data

def capabilities(scan, stop=b""):
    words = [scan.atom()]
    while not scan.at_end() and not (stop and scan.peek(stop)):
        scan.space()
        words.append(scan.atom())
    scan.unique(words, "capability")
    if not {b"IMAP4REV1", b"IMAP4REV2"} & {word.upper() for word in words}:
        scan.fail("IMAP4rev1 or IMAP4rev2 before this")


def capability_data(scan, _):
    scan.space()
    capabilities(scan)


def enabled_data(scan, mode):
    mode.enabled |= {word.decode().upper() for word in scan.spaced(scan.atom)}


def flags_data(scan, mode):
    scan.space()
    flags = scan.unique(scan.list_of(scan.flag, 0), "flag")
    if b"\\RECENT" in {flag.upper() for flag in flags}:
        scan.fail("no \\Recent before this")


def delimiter(scan):
    if not scan.nil() and len(scan.quoted()) != 1:
        scan.fail("delimiter of one character before this")


SELECTABILITY = {b"\\NOSELECT", b"\\MARKED", b"\\UNMARKED"}


def list_data(scan, mode):
    scan.space()
    attributes = {word.upper() for word in scan.unique(scan.list_of(scan.flag, 0), "attribute")}
    if len(attributes & SELECTABILITY) > 1 or {b"\\HASCHILDREN", b"\\HASNOCHILDREN"} <= attributes:
        scan.fail(f"attributes that go together before this, not {attributes!r},")
    scan.space()
    delimiter(scan)
    scan.space()
    scan.mailbox()
    if scan.accept(b" "):
        scan.list_of(lambda: list_extended(scan))
    scan.end()


def list_extended(scan):
    """RFC 9051 section 9, mbox-list-extended-item; CHILDINFO of RFC 5258, OLDNAME of RFC 9051 section 7.3.1."""
    tag = scan.astring().upper()
    scan.space()
    if tag == b"CHILDINFO":
        scan.list_of(scan.quoted)
    elif tag == b"OLDNAME":
        scan.expect(b"(")
        scan.mailbox()
        scan.expect(b")")
    else:
        scan.fail(f"known extended data item before this, not {tag!r},")



STATUS_ITEMS = {
    b"MESSAGES": Scanner.number, b"RECENT": Scanner.number, b"UIDNEXT": Scanner.nz_number,
    b"UIDVALIDITY": Scanner.nz_number, b"UNSEEN": Scanner.number, b"DELETED": Scanner.number,
    b"SIZE": Scanner.number64, b"HIGHESTMODSEQ": Scanner.number64, b"MAILBOXID": Scanner.objectid,
    b"DELETED-STORAGE": Scanner.number64,
    b"APPENDLIMIT": lambda scan: None if scan.nil() else scan.number(),
}


def status_data(scan, mode):
    scan.space()
    scan.mailbox()
    scan.space()

    def item():
        word = scan.word()
        if word not in STATUS_ITEMS or (word == b"RECENT" and mode.rev2):
            scan.fail(f"known STATUS item before this, not {word!r},")
        scan.space()
        STATUS_ITEMS[word](scan)
        return word

    scan.unique(scan.list_of(item, 0), "STATUS item")
    scan.end()


def search_data(scan, mode):
    """RFC 3501's SEARCH with RFC 7162's MODSEQ."""
    if mode.rev2:
        scan.fail("ESEARCH, as IMAP4rev2 is enabled,")
    numbers_data(scan, mode)


def numbers_data(scan, _):
    while not scan.at_end():
        scan.space()
        if scan.accept(b"(MODSEQ "):
            scan.modseq()
            scan.expect(b")")
            break
        scan.nz_number()
    scan.end()


def esearch_correlator(scan):
    """RFC 4466 section 2.6.2; RFC 7377 section 2.1."""
    scan.expect(b"(TAG ")
    scan.astring()
    if scan.accept(b" MAILBOX "):
        scan.mailbox()
        scan.space()
        scan.expect(b"UIDVALIDITY ")
        scan.nz_number()
    scan.expect(b")")


def esearch_partial(scan):
    """RFC 9394 section 5."""
    scan.match(rb"\((?:[1-9]\d*:[1-9]\d*|-[1-9]\d*:-[1-9]\d*) ", "range of PARTIAL")
    if not scan.nil():
        scan.known_set()
    scan.expect(b")")


def esearch_update(scan):
    """RFC 5267 section 4.3."""
    def pair():
        scan.number()
        scan.space()
        scan.known_set()
    scan.list_of(pair)


ESEARCH_ITEMS = {
    b"MIN": Scanner.nz_number, b"MAX": Scanner.nz_number, b"COUNT": Scanner.number, b"ALL": Scanner.known_set,
    b"MODSEQ": Scanner.modseq, b"PARTIAL": esearch_partial, b"ADDTO": esearch_update,
    b"REMOVEFROM": esearch_update,
    b"RELEVANCY": lambda scan: scan.list_of(lambda: scan.number(1, 100), 0),
}


def esearch_data(scan, _):
    if scan.peek(b" ("):
        scan.space()
        esearch_correlator(scan)
    scan.accept(b" UID")
    seen = []
    while not scan.at_end():
        scan.space()
        word = scan.word()
        if word not in ESEARCH_ITEMS:
            scan.fail(f"known item of ESEARCH before this, not {word!r},")
        scan.space()
        ESEARCH_ITEMS[word](scan)
        if word not in (b"ADDTO", b"REMOVEFROM"):
            seen.append(word)
    scan.unique(seen, "ESEARCH item")


def namespace_descriptor(scan):
    scan.expect(b"(")
    scan.mailbox()
    scan.space()
    delimiter(scan)
    while scan.accept(b" "):
        scan.string()
        scan.space()
        scan.list_of(scan.string)
    scan.expect(b")")


def namespace_data(scan, _):
    """RFC 2342: descriptors stand side by side, without a space."""
    for _ in range(3):
        scan.space()
        if scan.nil():
            continue
        scan.expect(b"(")
        namespace_descriptor(scan)
        while scan.peek(b"("):
            namespace_descriptor(scan)
        scan.expect(b")")
    scan.end()


def id_data(scan, _):
    """RFC 2971 section 3.3: 30 pairs, 30 octets of a field's name, 1024 of its value."""
    scan.space()
    if scan.nil():
        return
    scan.expect(b"(")
    names = []
    while not scan.accept(b")"):
        if names:
            scan.space()
        names.append(scan.string())
        scan.space()
        if len(scan.nstring() or b"") > 1024 or len(names[-1]) > 30:
            scan.fail("shorter field of ID before this")
    if len(scan.unique(names, "field of ID")) > 30:
        scan.fail("fewer fields of ID before this")


def vanished_data(scan, _):
    """RFC 7162 section 3.2.10."""
    scan.accept(b" (EARLIER)")
    scan.space()
    scan.known_set()


def uidbatches_data(scan, _):
    """RFC 10022: ranges of UIDs from the highest to the lowest, none inside another."""
    scan.expect(b" (TAG ")
    scan.quoted()
    scan.expect(b")")
    above = 2 ** 32
    while scan.accept(b" " if above == 2 ** 32 else b","):
        high = scan.nz_number()
        scan.expect(b":")
        low = scan.nz_number()
        if not low <= high < above:
            scan.fail("descending ranges before this")
        above = low


def quota_data(scan, _):
    """RFC 9208 section 4.2."""
    def resource():
        scan.atom()
        scan.space()
        scan.number64()
        scan.space()
        scan.number64()
    scan.space()
    scan.astring()
    scan.space()
    scan.list_of(resource, 0)


def quotaroot_data(scan, _):
    scan.space()
    scan.mailbox()
    scan.spaced(scan.astring)


def acl_data(scan, _):
    scan.space()
    scan.mailbox()
    while not scan.at_end():
        scan.space()
        scan.astring()
        scan.space()
        rights(scan)


def rights(scan):
    letters = scan.astring()
    if not re.fullmatch(rb"[a-z0-9]*", letters) or len(set(letters)) != len(letters):
        scan.fail("rights before this")


def listrights_data(scan, _):
    scan.space()
    scan.mailbox()
    scan.space()
    scan.astring()
    scan.space()
    rights(scan)
    scan.spaced(lambda: rights(scan))


def myrights_data(scan, _):
    scan.space()
    scan.mailbox()
    scan.space()
    rights(scan)


def metadata_data(scan, _):
    """RFC 5464 section 5: entries with values, or the names of changed ones."""
    def entry():
        name = scan.astring()
        if not name.startswith((b"/private/", b"/shared/")):
            scan.fail(f"entry before this, not {name!r},")
        return name

    def entry_value():
        name = entry()
        scan.space()
        if scan.peek(b"~{"):
            scan.literal(binary=True)
        else:
            scan.nstring()
        return name

    scan.space()
    scan.mailbox()
    scan.space()
    if scan.peek(b"("):
        scan.unique(scan.list_of(entry_value), "entry")
    else:
        entry()
        scan.spaced(entry)


def thread_members(scan):
    """RFC 5256: "(" members [SP nested] ")" without recursion, as threads may be deep."""
    depth = 0
    while True:
        if scan.accept(b"("):
            depth += 1
            after = b"("
        elif scan.accept(b")"):
            if after in (b"(", b" "):
                scan.fail("member of a thread")
            depth -= 1
            after = b")"
        elif scan.accept(b" "):
            if after != b"1":
                scan.fail("member of a thread")
            after = b" "
        else:
            if after not in (b"(", b" "):
                scan.fail("parenthesis of a thread")
            scan.nz_number()
            after = b"1"
        if depth == 0:
            return


def thread_data(scan, _):
    if not scan.at_end():
        scan.space()
        while not scan.at_end():
            if not scan.peek(b"("):
                scan.fail("thread")
            thread_members(scan)


def language_data(scan, _):
    """RFC 5255 section 3.3."""
    scan.space()
    scan.list_of(scan.astring)


def comparator_data(scan, _):
    """RFC 5255 section 4.8."""
    scan.space()
    scan.astring()
    if scan.accept(b" "):
        scan.list_of(scan.astring)


def urlfetch_data(scan, _):
    """RFC 4467 section 9, RFC 5524 section 3."""
    while not scan.at_end():
        scan.space()
        scan.astring()
        scan.space()
        if not scan.peek(b"("):
            scan.nstring()
            continue
        while True:  # each item in parentheses of its own
            scan.expect(b"(")
            urlfetch_item(scan)
            scan.expect(b")")
            if not scan.peek(b" ("):
                break
            scan.space()


def urlfetch_item(scan):
    word = scan.word()
    if word not in (b"BODYPARTSTRUCTURE", b"BODY", b"BINARY"):
        scan.fail("item of URLFETCH before this")
    scan.space()
    if word == b"BODYPARTSTRUCTURE":
        from imap_fetch_grammar import body
        body(scan, True)
    elif scan.peek(b"~{"):
        scan.literal(binary=True)
    else:
        scan.nstring()


def genurlauth_data(scan, _):
    if not scan.spaced(scan.astring):
        scan.fail("URL")


DATA = {
    b"CAPABILITY": capability_data, b"ENABLED": enabled_data, b"FLAGS": flags_data, b"LIST": list_data,
    b"LSUB": list_data, b"STATUS": status_data, b"SEARCH": search_data, b"SORT": numbers_data,
    b"ESEARCH": esearch_data, b"NAMESPACE": namespace_data, b"ID": id_data, b"VANISHED": vanished_data,
    b"UIDBATCHES": uidbatches_data, b"QUOTA": quota_data, b"QUOTAROOT": quotaroot_data, b"ACL": acl_data, b"LISTRIGHTS": listrights_data,
    b"MYRIGHTS": myrights_data, b"METADATA": metadata_data, b"THREAD": thread_data,
    b"LANGUAGE": language_data, b"COMPARATOR": comparator_data, b"URLFETCH": urlfetch_data,
    b"GENURLAUTH": genurlauth_data,
}
STATES = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH")


def numbered(scan, mode):
    number = scan.number()
    scan.space()
    word = scan.word()
    if word in (b"EXISTS", b"RECENT"):
        if word == b"RECENT" and mode.rev2:
            scan.fail("no RECENT before this")
    elif number == 0:
        scan.fail("message number before this")
    elif word in (b"FETCH", b"UIDFETCH"):
        message_data(scan, mode)
    elif word != b"EXPUNGE":
        scan.fail(f"known data about a message before this, not {word!r},")


def untagged(scan, mode):
    if scan.octets[2:3].isdigit():
        numbered(scan, mode)
        scan.end()
        return
    word = scan.word()
    if word in STATES:
        scan.space()
        resp_text(scan)
    elif word in DATA:
        DATA[word](scan, mode)
        scan.end()
    else:
        scan.fail(f"known response before this, not {word!r},")


def check(octets, mode):
    """Checks one response and notes in `mode` what it enables."""
    if not octets.endswith(b"\r\n"):
        raise GrammarError(f"no CRLF at the end of {octets[-80:]!r}")
    scan = Scanner(octets[:-2], mode.utf8)
    if scan.accept(b"* "):
        untagged(scan, mode)
    elif scan.accept(b"+ "):
        if not re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", scan.octets[2:]):
            resp_text(scan)
    else:
        scan.match(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+", "tag")
        scan.space()
        if scan.word() not in STATES[:3]:
            scan.fail("OK, NO or BAD before this")
        scan.space()
        resp_text(scan)
