# SPDX-License-Identifier: Apache-2.0
"""The checker of responses takes what the RFCs' examples say, and nothing that is a little wrong."""

import pytest

import imap_grammar
from imap_scanner import GrammarError

GOOD = [
    b"* OK [CAPABILITY IMAP4rev1 IMAP4rev2 AUTH=PLAIN] ready",
    b"* PREAUTH IMAP4rev1 server logged in as Smith",
    b"* BYE [UNAVAILABLE] User exceeded limits",
    b"a1 OK [COPYUID 432432 304,319:320 3956:3958] COPY done",
    b"a1 OK [APPENDUID 38505 3955] APPEND completed",
    b"a1 NO [BADCHARSET (US-ASCII UTF-8)] no",
    b"a1 NO [METADATA MAXSIZE 1024] no",
    b"a1 NO [METADATA TOOMANY] no",
    b"a1 OK [MODIFIED 7,9] Conditional STORE failed",
    b"a1 NO [BADEVENT (MessageNew FlagChange)] no",
    b'* OK [INPROGRESS ("A001" 454 1000)] Still at it',
    b"* OK [INPROGRESS] Still at it",
    b"* OK [PERMANENTFLAGS (\\Deleted \\Seen $Junk \\*)] Limited",
    b"* OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] Ok",
    b"* OK [HIGHESTMODSEQ 715194045007] Highest",
    b"* CAPABILITY STARTTLS IMAP4rev2 QUOTA=RES-STORAGE RIGHTS=kxte",
    b"* ENABLED CONDSTORE", b"* ENABLED",
    b"* FLAGS (\\Answered \\Flagged $Junk)", b"* FLAGS ()",
    b'* LIST (\\Noselect \\HasChildren) "/" ~/Mail/foo',
    b'* LIST () NIL ""',
    b'* LIST (\\Subscribed) "/" "Gr&APw-n" (CHILDINFO ("SUBSCRIBED"))',
    b'* LIST () "/" NewMailbox ("OLDNAME" ("OldMailbox"))',
    b'* LIST () "\\\\" a', b'* LSUB () "." #news.comp.mail.misc', b'* LIST () "/" {3}\r\na b',
    b"* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 SIZE 9000000000)",
    b"* STATUS a (MAILBOXID (F1) APPENDLIMIT NIL DELETED-STORAGE 8)", b"* STATUS a ()",
    b"* SEARCH 2 84 882", b"* SEARCH", b"* SEARCH 2 5 6 (MODSEQ 917162500)", b"* SORT 5 3", b"* SORT",
    b'* ESEARCH (TAG "A282") MIN 2 COUNT 3', b'* ESEARCH (TAG "A285") UID ALL 43,17:19 MODSEQ 7',
    b"* ESEARCH UID COUNT 0", b'* ESEARCH (TAG "1") UID PARTIAL (-1:-100 250:300)',
    b'* ESEARCH (TAG "1") PARTIAL (1:500 NIL)', b'* ESEARCH (TAG "B01") UID ADDTO (0 32768:32769)',
    b'* ESEARCH (TAG "t" MAILBOX "folder1" UIDVALIDITY 1) UID ALL 4001',
    b'* NAMESPACE (("" "/")) NIL NIL',
    b'* NAMESPACE (("" "/")("#mh/" "/" "X-PARAM" ("FLAG1" "FLAG2"))) (("~" "/")) (("#shared/" "/"))',
    b"* ID NIL", b'* ID ("name" "Keryx" "version" NIL)',
    b"* VANISHED (EARLIER) 41,43:116", b"* VANISHED 405",
    b'* UIDBATCHES (TAG "A302") 163886:99703,99696:20351,20350:7830', b'* UIDBATCHES (TAG "A302") 5:1', b'* UIDBATCHES (TAG "A302")',
    b"A302 NO [TOOSMALL] Minimum batch size is 500",
    b'* QUOTA "" (STORAGE 10 512)', b'* QUOTA "#user/alice" (MESSAGE 42 1000 STORAGE 0 5)',
    b'* QUOTAROOT INBOX ""', b"* QUOTAROOT a", b"* ACL INBOX Fred rwipslda -David lr",
    b"* LISTRIGHTS ~/Mail/saved smith la r swicdkxte", b'* LISTRIGHTS a b "" l r', b"* MYRIGHTS INBOX rwiptsldaex",
    b'* METADATA "INBOX" (/private/comment "My comment" /shared/x NIL)', b'* METADATA "" /shared/comment /shared/b',
    b"* METADATA a (/shared/comment {3}\r\nabc)",
    b"* THREAD (2)(3 6 (4 23)(44 7 96))", b"* THREAD ((3)(5))", b"* THREAD",
    b'* LANGUAGE (EN DE "IT")', b"* COMPARATOR i;octet (i;ascii-casemap)",
    b'* GENURLAUTH "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:91354a"',
    b'* URLFETCH "imap://a" {5}\r\nabcde "imap://b" NIL',
    b"* 23 EXISTS", b"* 0 RECENT", b"* 44 EXPUNGE",
    b"* 12 FETCH (FLAGS (\\Seen \\Recent) UID 9 MODSEQ (65402))", b"* 25996 UIDFETCH (FLAGS (\\Seen))",
    b'* 1 FETCH (INTERNALDATE "17-Jul-1996 02:44:25 -0700" SAVEDATE NIL)', b'* 1 FETCH (INTERNALDATE " 1-Jul-1996 02:44:25 -0700")',
    b"* 1 FETCH (EMAILID (M1) THREADID NIL PREVIEW \"hi\")",
    b"* 1 FETCH (BODY[] {4}\r\n\xe4\r\n1 BODY[1.2.MIME] NIL BODY[HEADER.FIELDS (DATE FROM)]<0> \"\" BODY[TEXT] \"\")",
    b"* 1 FETCH (BINARY[1] ~{3}\r\na\0b BINARY.SIZE[] 88 BINARY[1.2]<3> NIL)",
    b"* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))",
    b'* 1 FETCH (ENVELOPE ("d" "s" (("A" NIL "a" "b")) NIL NIL ((NIL NIL "g" NIL)("x" NIL "y" "z")(NIL NIL NIL NIL)) NIL NIL NIL "<i>"))',
    b'* 1 FETCH (BODY ("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 3028 92))',
    b'* 1 FETCH (BODY (("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)("IMAGE" "GIF" NIL "<i>" "d" "BASE64" 5) "MIXED"))',
    b'* 1 FETCH (BODYSTRUCTURE (("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1 NIL ("inline" NIL) ("en" "de") "u") "MIXED" ("BOUNDARY" "x") NIL NIL))',
    b'* 1 FETCH (BODY ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 342 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1) 5))',
    b"+ idling", b"+ ", b"+ dGVzdA==",
]

BAD = [
    b"* OK", b"* OK ", b"* OK [CAPABILITY STARTTLS] no revision", b"* OK [CAPABILITY IMAP4rev1 IMAP4REV1] twice",
    b"* OK [UNHEARDOF] x", b"* OK [UIDNEXT 0] x", b"* OK [UIDNEXT 01] x", b"* OK [UIDNEXT] x", b"* OK [ALERT]", b"* OK [CLOSED]x",
    b"* OK [COPYUID 1 1:2 4] fewer", b"* OK [APPENDUID 1 *] star", b"* OK [PERMANENTFLAGS (\\Seen \\SEEN)] twice",
    b"* OK [HIGHESTMODSEQ 0] zero", b"* OK [HIGHESTMODSEQ 9223372036854775808] big", b"* OK [MODIFIED ] x",
    b"* OK caf\xc3\xa9", b"* OK two\rlines", b"a1 PREAUTH x", b"a1 BYE x", b"a+b OK x", b"a1  OK x", b"*  OK x",
    b"* FLAGS (\\Recent)", b"* FLAGS (a a)", b"* FLAGS (a  b)", b"* FLAGS ( a)", b"* FLAGS (a )", b"* FLAGS \\Seen", b"* FLAGS (a]b)",
    b'* LIST () "/" Gr\xc3\xbcn', b'* LIST () "/" "Gr\xc3\xbcn"', b'* LIST () "/" "a&b"', b'* LIST () "/" "&AGE-"', b'* LIST () "/" "&2D0-"',
    b'* LIST () "/" "&APw-&APw-"', b'* LIST () "/" a b', b'* LIST () "//" a', b'* LIST () / a', b'* LIST (\\HasChildren \\HasNoChildren) "/" a',
    b'* LIST (\\Noselect \\Marked) "/" a', b'* LIST () "/" a ()', b'* LIST () "/" a%b', b'* LIST () "/" a*', b'* LIST () "/"  a',
    b'* LIST () "/" "a', b'* LIST () "/" "a\\b"', b'* LIST () "/" "a"b',
    b"* STATUS a (MESSAGES)", b"* STATUS a (MESSAGES -1)", b"* STATUS a (MESSAGES 1 MESSAGES 1)", b"* STATUS a (UNKNOWN 1)", b"* STATUS a MESSAGES 1",
    b"* SEARCH ", b"* SEARCH 0", b"* SEARCH 1  2", b"* SEARCH 1,2", b"* SEARCH (MODSEQ 3) 1",
    b'* ESEARCH (TAG "a") ALL', b'* ESEARCH (TAG "a") ALL 1:*', b'* ESEARCH (TAG "a") COUNT 1 COUNT 1', b"* ESEARCH TAG a", b'* ESEARCH (TAG "a") MIN 0',
    b'* NAMESPACE (("" "/")) NIL', b'* NAMESPACE () NIL NIL', b'* NAMESPACE (("" "/") ("a" "/")) NIL NIL',
    b'* ID ()x', b'* ID ("name")', b'* ID ("name" "a" "NAME" "b")', b"* VANISHED", b"* VANISHED (LATER) 1", b"* VANISHED 1:*",
    b'* UIDBATCHES 5:1', b'* UIDBATCHES (TAG "a") 1:5', b'* UIDBATCHES (TAG "a") 9:5,5:1', b'* UIDBATCHES (TAG "a") ', b'* UIDBATCHES (TAG "a") 7',
    b"* QUOTA a (STORAGE 1)", b"* ACL a fred RW", b"* ACL a fred", b"* MYRIGHTS a ll", b'* METADATA a (/other "x")', b"* METADATA a ()",
    b"* THREAD (2)(3", b"* THREAD ()", b"* THREAD (1 )", b"* THREAD (1)2", b"* THREAD(1)",
    b"* 01 EXISTS", b"* 0 EXPUNGE", b"* 0 FETCH (UID 1)", b"* 1 FETCH ()", b"* 1 FETCH UID 1", b"* 1 FETCH (UID 0)", b"* 1 FETCH (UID 1 UID 1)",
    b"* 1 FETCH (MODSEQ 5)", b"* 1 FETCH (MODSEQ (0))", b"* 1 FETCH (FLAGS (\\Seen \\Seen))", b"* 1 FETCH (RFC822.SIZE -1)", b"* 1 FETCH (uid 1)",
    b'* 1 FETCH (INTERNALDATE "1-Jul-1996 02:44:25 -0700")', b'* 1 FETCH (INTERNALDATE "17-Jul-1996 24:44:25 -0700")',
    b"* 1 FETCH (BODY[] {4}\r\na\0bc)", b"* 1 FETCH (BODY[] {4}\r\nabc)", b"* 1 FETCH (BODY[] ~{1}\r\na)", b"* 1 FETCH (BODY[MIME] NIL)", b"* 1 FETCH (BODY[0] NIL)",
    b"* 1 FETCH (BODY[HEADER.FIELDS ()] NIL)", b"* 1 FETCH (BODY[1.] NIL)", b"* 1 FETCH (BODY[]<0.5> NIL)", b"* 1 FETCH (BODY[] abc)", b"* 1 FETCH (BINARY[TEXT] NIL)",
    b"* 1 FETCH (ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL))", b"* 1 FETCH (ENVELOPE (NIL NIL () NIL NIL NIL NIL NIL NIL NIL))",
    b'* 1 FETCH (ENVELOPE (NIL NIL ((NIL NIL "a" "b") (NIL NIL "a" "b")) NIL NIL NIL NIL NIL NIL NIL))', b'* 1 FETCH (ENVELOPE (NIL "\xfc" NIL NIL NIL NIL NIL NIL NIL NIL))',
    b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3028))', b'* 1 FETCH (BODY ("TEXT" "PLAIN" () NIL NIL "7BIT" 3028 1))', b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL NIL 3028 1))',
    b'* 1 FETCH (BODY ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3028 1 NIL))', b'* 1 FETCH (BODY ("IMAGE" "GIF" NIL NIL NIL "BASE64" 5 5))', b'* 1 FETCH (BODY ("MIXED"))',
    b'* 1 FETCH (BODY (("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1) "MIXED" ("A" "b")))', b'* 1 FETCH (BODY ("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 342))',
    b"* 1 UNKNOWN", b"* UNKNOWN 1", b"* 1", b"*", b"", b"+", b"* CAPABILITY", b"* OK x\n",
]


@pytest.mark.parametrize("line", GOOD)
def test_accepts(line):
    imap_grammar.check(line + b"\r\n", imap_grammar.Mode())


@pytest.mark.parametrize("line", BAD)
def test_refuses(line):
    with pytest.raises(GrammarError):
        imap_grammar.check(line + b"\r\n", imap_grammar.Mode())


@pytest.mark.parametrize("capability", ["IMAP4rev2", "UTF8=ACCEPT"])
def test_knows_what_utf8_changes(capability):
    mode = imap_grammar.Mode()
    name = b'* LIST () "/" "Gr\xc3\xbcn & a"\r\n'
    with pytest.raises(GrammarError):
        imap_grammar.check(name, mode)
    imap_grammar.check(f"* ENABLED {capability}\r\n".encode(), mode)
    imap_grammar.check(name, mode)
    with pytest.raises(GrammarError):
        imap_grammar.check(b'* LIST () "/" "Gr\xfcn"\r\n', mode)


@pytest.mark.parametrize("line", [b"* SEARCH 1", b"* 0 RECENT", b"* STATUS a (RECENT 1)", b"* 1 FETCH (FLAGS (\\Recent))"])
def test_knows_what_imap4rev2_ends(line):
    mode = imap_grammar.Mode()
    imap_grammar.check(line + b"\r\n", mode)
    imap_grammar.check(b"* ENABLED IMAP4rev2\r\n", mode)
    with pytest.raises(GrammarError):
        imap_grammar.check(line + b"\r\n", mode)


def test_wants_crlf():
    with pytest.raises(GrammarError):
        imap_grammar.check(b"* OK x\n", imap_grammar.Mode())
