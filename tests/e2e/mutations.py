# SPDX-License-Identifier: Apache-2.0
"""Messages that are hard to read: the examples of the MIME RFCs, what breaks their rules, and random mutations of both."""

import random

CRLF = b"\r\n"


def wire(text):
    """Text with LF as it goes over the wire; str is Latin-1 here, so that any octet can be written."""
    if isinstance(text, str):
        text = text.encode("latin-1")
    return text.replace(b"\n", CRLF)


def deep(levels, kind="multipart"):
    """A message nested that deep."""
    out = []
    if kind == "multipart":
        for level in range(levels):
            out.append(f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")
        out.append("\ninnermost\n")
        out += [f"--b{level}--\n" for level in reversed(range(levels))]
    else:
        out += ["Content-Type: message/rfc822\n\n"] * levels
        out.append("Subject: innermost\n\ntext\n")
    return wire("".join(out))


def wide(parts):
    """A multipart of that many parts."""
    return wire("Subject: wide\nContent-Type: multipart/mixed; boundary=w\n\n" + "--w\n\nx\n" * parts + "--w--\n")


SEEDS = {
    # RFC 2046
    "rfc2046 5.1.1": """From: Nathaniel Borenstein <nsb@bellcore.com>
To: Ned Freed <ned@innosoft.com>
Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)
Subject: Sample message
MIME-Version: 1.0
Content-type: multipart/mixed; boundary="simple boundary"

This is the preamble.  It is to be ignored, though it
is a handy place for composition agents to include an
explanatory note to non-MIME conformant readers.

--simple boundary

This is implicitly typed plain US-ASCII text.
It does NOT end with a linebreak.
--simple boundary
Content-type: text/plain; charset=us-ascii

This is explicitly typed plain US-ASCII text.
It DOES end with a linebreak.

--simple boundary--

This is the epilogue.  It is also to be ignored.
""",
    "rfc2046 5.1.5 digest": """From: Moderator-Address
To: Recipient-List
Date: Mon, 22 Mar 1994 13:34:51 +0000
Subject: Internet Digest, volume 42
MIME-Version: 1.0
Content-Type: multipart/mixed;
              boundary="---- main boundary ----"

------ main boundary ----

  ...Introductory text or table of contents...

------ main boundary ----
Content-Type: multipart/digest;
              boundary="---- next message ----"

------ next message ----

From: someone-else
Date: Fri, 26 Mar 1993 11:13:32 +0200
Subject: my opinion

  ...body goes here ...

------ next message ----

From: someone-else-again
Date: Fri, 26 Mar 1993 10:07:13 -0500
Subject: my different opinion

  ... another body goes here ...

------ next message ------

------ main boundary ------
""",
    "rfc2046 5.2.2.2 partial": """X-Weird-Header-1: Foo
From: Bill@host.com
To: joe@otherhost.com
Date: Fri, 26 Mar 1993 12:59:38 -0500 (EST)
Subject: Audio mail (part 2 of 2)
MIME-Version: 1.0
Message-ID: <id2@host.com>
Content-type: message/partial; id="ABC@host.com"; number=2; total=2

... second half of encoded audio data goes here ...
""",
    "rfc2046 5.2.3 external": """From: Whomever
To: Someone
Date: Whenever
Subject: whatever
MIME-Version: 1.0
Message-ID: <id1@host.com>
Content-Type: multipart/alternative; boundary=42
Content-ID: <id001@guppylake.bellcore.com>

--42
Content-Type: message/external-body; name="BodyFormats.ps";
              site="thumper.bellcore.com"; mode="image";
              access-type=ANON-FTP; directory="pub";
              expiration="Fri, 14 Jun 1991 19:13:14 -0400 (EDT)"

Content-type: application/postscript
Content-ID: <id42@guppylake.bellcore.com>

--42
Content-Type: message/external-body; access-type=local-file;
              name="/u/nsb/writing/rfcs/RFC-MIME.ps";
              site="thumper.bellcore.com";

Content-type: application/postscript
Content-ID: <id42@guppylake.bellcore.com>

--42--
""",
    "rfc2046 A complex": """MIME-Version: 1.0
From: Nathaniel Borenstein <nsb@nsb.fv.com>
To: Ned Freed <ned@innosoft.com>
Date: Fri, 07 Oct 1994 16:15:05 -0700 (PDT)
Subject: A multipart example
Content-Type: multipart/mixed;
              boundary=unique-boundary-1

This is the preamble area of a multipart message.

--unique-boundary-1

  ... Some text appears here ...

--unique-boundary-1
Content-type: text/plain; charset=US-ASCII

This could have been part of the previous part, but
illustrates explicit versus implicit typing of body parts.

--unique-boundary-1
Content-Type: multipart/parallel; boundary=unique-boundary-2

--unique-boundary-2
Content-Type: audio/basic
Content-Transfer-Encoding: base64

aGVsbG8gd29ybGQ=

--unique-boundary-2
Content-Type: image/jpeg
Content-Transfer-Encoding: base64

/9j/4AAQSkZJRg==

--unique-boundary-2--

--unique-boundary-1
Content-type: text/enriched

This is <bold><italic>enriched.</italic></bold>
<smaller>as defined in RFC 1896</smaller>

--unique-boundary-1
Content-Type: message/rfc822

From: (mailbox in US-ASCII)
To: (address in US-ASCII)
Subject: (subject in US-ASCII)
Content-Type: Text/plain; charset=ISO-8859-1
Content-Transfer-Encoding: Quoted-printable

  ... Additional text in ISO-8859-1 goes here ...

--unique-boundary-1--
""",
    # RFC 2231
    "rfc2231": """Subject: parameters
Content-Type: multipart/mixed; boundary*0="ab"; boundary*1="cd"

--abcd
Content-Type: message/external-body; access-type=URL;
 URL*0="ftp://";
 URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"

Content-Type: application/x-stuff

--abcd
Content-Type: application/x-stuff;
 title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A

a
--abcd
Content-Type: application/x-stuff;
 title*0*=us-ascii'en'This%20is%20even%20more%20;
 title*1*=%2A%2A%2Afun%2A%2A%2A%20;
 title*2="isn't it!"
Content-Disposition: attachment; filename*1="second"; filename*0="first "; filename=plain

b
--abcd
Content-Type: text/plain; charset*=''utf-8; name*=utf-8''%e2%82%ac%20rates; name="euro rates"
Content-Disposition: inline; filename="a\\"b\\\\c"; x; =y; z=
Content-Language: en, de-AT , fr
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Location: http://example.com/a
 b

c
--abcd--
""",
    # broken multiparts
    "no end": "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\nContent-Type: image/gif\n\ntwo\n",
    "no parts": "Content-Type: multipart/mixed; boundary=x\n\nno part at all\n",
    "end only": "Content-Type: multipart/mixed; boundary=x\n\n--x--\n",
    "end at once": "Content-Type: multipart/mixed; boundary=x\n\n--x\n--x--\n",
    "no boundary": "Content-Type: multipart/mixed\n\n--x\n\none\n--x--\n",
    "empty boundary": "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----\n",
    "prefix": """Content-Type: multipart/mixed; boundary=ab

--ab
Content-Type: multipart/mixed; boundary=abc

--abc

inner
--abc--
--ab
Content-Type: multipart/mixed; boundary=a

--a

inner again
--a--
--ab--
""",
    "white space": "Content-Type: multipart/mixed; boundary=\"x \"\n\n--x \n\none\n--x  \t \n\ntwo\n--x -- \ntail\n",
    "white space after": "Content-Type: multipart/mixed; boundary=x\n\n--x \t\n\none\n--x\t\n\ntwo\n--x-- \t\ntail\n",
    "outer ends inner": """Content-Type: multipart/mixed; boundary=o

--o
Content-Type: multipart/mixed; boundary=i

--i

one
--o

two
--o--
""",
    "twice the same": """Content-Type: multipart/mixed; boundary=s

--s
Content-Type: multipart/mixed; boundary=s

--s

one
--s--
--s--
""",
    "after the end": "Content-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x--\n--x\n\ntwo\n--x--\n",
    "header only parts": "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html\n--x\nA: b\n--x--\n",
    "mixed case": "CONTENT-TYPE: MultiPart/MIXED; BOUNDARY=X\n\n--X\ncontent-TYPE: Text/HTML; CharSet=UTF-8\n\none\n--X--\n",
    "digest": """Content-Type: multipart/digest; boundary=d

--d

Subject: default is a message

text
--d
Content-Type: text/plain

but not here
--d

--d
Content-Type: message/rfc822

--d--
""",
    # messages in messages
    "message": """Subject: outer
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: message/rfc822

--m
Content-Type: message/rfc822
Content-Transfer-Encoding: base64

U3ViamVjdDogaGlkZGVuDQoNCnRleHQNCg==
--m
Content-Type: message/rfc822

Subject: header only
--m
Content-Type: message/rfc822
Content-Disposition: attachment; filename=x.eml

From: a@b
Content-Type: message/rfc822

To: c@d
Content-Type: multipart/alternative; boundary=n

--n

x
--n--
--m
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

--m
Content-Type: text/rfc822-headers

Subject: s
--m--
""",
    "global": "Subject: outer\nContent-Type: message/global\n\nFrom: J\xc3\xb6rg <j\xc3\xb6rg@ex\xc3\xa4mple.com>\nSubject: Gr\xc3\xbc\xc3\x9fe\n\nt\xc3\xa4xt\n",
    # headers
    "no header": "\nonly a body\n",
    "empty": "",
    "one line end": "\n",
    "two line ends": "\n\n",
    "header only": "Subject: no body\n",
    "header without line end": "Subject: no line end",
    "no separator": "Subject: s\nthis is no field\nTo: a@b\n\nbody\n",
    "space before colon": "Subject : spaced\nFrom\t: a@b\nTo:c@d\n\nbody\n",
    "folded": "Subject:\n folded\n\tagain \n  and again\nFrom: \"a\n b\" <x@\n y>\nTo:\n\n",
    "duplicates": "Subject: one\nSubject: two\nFrom: a@b\nFrom: c@d\nDate: 1\nDate: 2\nContent-Type: text/html\nContent-Type: text/plain\nTo: a@a\nCc: b@b\nTo: c@c\nMessage-ID: <1@a>\nMessage-ID: <2@a>\nContent-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: base64\n\nx\n",
    "latin-1": "Subject: caf\xe9\nFrom: \"J\xf6rg\" <a@b>\nTo: caf\xe9@example.com\n\ncaf\xe9\n",
    "utf-8": "Subject: caf\xc3\xa9\nFrom: J\xc3\xb6rg <j\xc3\xb6rg@ex\xc3\xa4mple.com>\n\ncaf\xc3\xa9\n",
    "rfc2047": """Subject: =?iso-8859-1?q?a?= =?utf-8?b?w7w=?=
 =?utf-8?q?=C3?= =?utf-8?q?=BC?= =?utf-8?b?broken!?= =?x-unknown?q?a?= =?utf-8?x?a?= =?utf-8?q?with space?=
From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>
To: "=?utf-8?q?quoted?=" <a@b>, =?utf-8?q?a=2Cb?= <c@d>, (=?utf-8?q?comment?=) e@f
Comments: =?a?=

x
""",
    # addresses
    "groups": """From: A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;
To: Undisclosed recipients:;
Cc: a:;, b@c, d:e@f;
Bcc: unfinished: a@b, c@d

x
""",
    "routes": "From: <@a.test,@b.test:c@d.test>\nTo: Name <@relay:me@here>\nSender: <>\nReply-To: \"x y\"@z\nCc: a@[192.0.2.1], \"a b\" <\"c d\"@[IPv6:::1]>\n\nx\n",
    "no from": "Subject: s\nSender: a@b\nTo: c@d\n\nx\n",
    "from only": "From: a@b\n\nx\n",
    "empty reply-to": "From: a@b\nReply-To:\nSender: \n\nx\n",
    "comments": "From: (c) Joe (d) <joe(e)@(f)example.com> (g)\nTo: pete(his account)@silly.test(his host)\nCc: joe@example.com (Joe Q. Public)\nDate: Fri (day), 21 Nov\n 1997 09(comment):   55  :  06 -0600\n\nx\n",
    "odd addresses": "From: Joe Q. Public <john.q.public@example.com>\nTo: a@b c@d, ,, e, <f>, g@, @h, <i@j, k\nCc: \"Joe \\\"Q\\\" \\\\\" <a@b>, a b c <d@e>, f <g> <h@i>\nBcc: a;b@c, d@e;\n\nx\n",
    "obsolete": "From: a . b @ c . d\nTo: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\nMessage-ID  : <1234   @   local(blah)  .machine .example>\nIn-Reply-To: (c) <a@b>\n <c@d> text\n\nx\n",
    # content
    "bad type": "Content-Type: text\n\nx\n",
    "bad type 2": "Content-Type: /plain; a=b\n\nx\n",
    "bad type 3": "Content-Type: text/\n\nx\n",
    "bad type 4": "Content-Type: text/plain charset=x\n\nx\n",
    "bad type 5": "Content-Type: \n\nx\n",
    "bad type 6": "Content-Type: text/plain; charset\n\nx\n",
    "comment in type": "Content-Type: text(c)/(d)html(e);(f)charset(g)=(h)utf-8(i)\n\nx\n",
    "bad encoding": "Content-Transfer-Encoding: x-odd (comment)\nContent-Type: image/png\n\nx\n",
    "base64": "Content-Transfer-Encoding: base64\n\naGVsbG8g\nd29ybGQh\n!!!\nYQ==\n",
    "quoted-printable": "Content-Transfer-Encoding: quoted-printable\n\nsoft =\nbreak=20\n=XX =3D= \nend=",
    "encoded multipart": "Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n--x\n\none\n--x--\n",
    "long field": "Subject: " + "a" * 70000 + "\nX-Long: " + "b\n " * 5000 + "\n\nx\n",
    "many fields": "".join(f"X-{n}: {n}\n" for n in range(2000)) + "\nx\n",
    "long line": "Subject: s\n\n" + "a" * 1048576 + "\n",
}

# Line endings and octets that RFC 5322 forbids, as they are.
RAW = {
    "bare lf": b"Subject: s\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x--\n",
    "bare cr": b"Subject: a\rb\r\n\r\nc\rd\r\r\n\r\n",
    "mixed line ends": b"Subject: s\r\nTo: a@b\nCc: c@d\r\n\nbody\nbody\r\n",
    "nul": b"Subject: a\0b\r\nFrom: a\0 <b@c>\r\n\r\nx\0y\r\n",
    "controls": bytes(range(1, 32)).join([b"Subject: ", b"\r\n\r\n"]) + b"\r\n",
    "8 bit everywhere": bytes(range(128, 256)) + b": x\r\n\r\n" + bytes(range(128, 256)),
    "binary": b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" + bytes(range(1, 256)) * 8,
    "no last line end": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--",
}


def corpus():
    """{name: octets}, as they are appended."""
    return {name: wire(text) for name, text in SEEDS.items()} | RAW


SPLICES = [b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\"", b"\\", b"(", b")", b"<", b">", b"@", b",", b";", b":", b"=", b"--", b"=?", b"?=",
           b"Content-Type: ", b"multipart/mixed; boundary=x", b"message/rfc822", b"--x\r\n", b"--x--\r\n", b"\xe9", b"\xc3\xa9", b"*0*=", b"'",
           b"%41", b"\r\n ", b"/", b".", b"[", b"]", b"Content-Transfer-Encoding: base64\r\n"]


def mutate(content, generator):
    """One to four small changes: octets cut, doubled, moved, replaced, or put in."""
    out = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        at = generator.randint(0, len(out))
        to = min(len(out), at + generator.choice((1, 1, 2, 5, 20, 80)))
        change = generator.randint(0, 4)
        if change == 0:
            del out[at:to]
        elif change == 1:
            out[at:at] = generator.choice(SPLICES)
        elif change == 2:
            out[at:to] = generator.choice(SPLICES)
        elif change == 3:
            out[at:at] = out[at:to]
        else:
            place = generator.randint(0, len(out))
            out[place:place] = out[at:to]
    return bytes(out)


def mutations(count, seed):
    """`count` mutations of short messages of the corpus, the same for the same seed.

    They say that they are MIME: without, some readers look at no encoding.
    """
    generator = random.Random(seed)
    short = [content for content in corpus().values() if len(content) < 4000]
    return [b"MIME-Version: 1.0\r\n" + mutate(generator.choice(short), generator) for _ in range(count)]
