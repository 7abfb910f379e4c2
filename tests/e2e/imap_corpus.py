# SPDX-License-Identifier: Apache-2.0
"""Messages and questions for two IMAP servers: what SEARCH, SORT and THREAD have to tell apart, drawn at random."""

PEOPLE = [
    "ann@example.com", "Ann <ann@example.com>", '"Zoe, Dr." <zoe@example.org>', "=?utf-8?q?J=C3=B6rg?= <joerg@example.de>",
    "bob@Example.COM", "Friends: ann@example.com, Bob <bob@example.com>;", "undisclosed-recipients:;",
    '"quoted \\"name\\"" <q.n@example.net>', "=?iso-8859-1?b?6W1pbGU=?= <emile@example.fr>", "postmaster@[192.0.2.1]",
    "aaron@example.com (Aaron A.)", "<bare@example.com>",
]
SUBJECTS = [
    "report", "Report", "Re: report", "RE: Re: report", "Fwd: report", "[list] report", "Re: [list] report (fwd)", "fw: report",
    "=?utf-8?q?=C3=84pfel?=", "=?utf-8?q?Re=3A_=C3=84pfel?=", "apples", "Re: apples", "", "Re:", "zebra", "  zebra", "a [list] b",
    "[a] [b] c", "Re[2]: c", "report  two", "report two", "[fwd: report]", "=?koi8-r?b?79TexdQ=?=", "10", "9", "_under",
]
WORDS = ["alpha", "Bravo", "charlie delta", "echo", "café", "naïve", "Отчет", "zulu"]
ZONES = ["+0000", "-0500", "+1400", "-1200", "+0530"]
FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Work", "Private"]
SYSTEM = ["SEEN", "ANSWERED", "FLAGGED", "DELETED", "DRAFT"]
MONTHS = ["Jan", "Feb", "Mar", "Apr"]
CHARSETS = ["utf-8", "iso-8859-1", "koi8-r"]


def moment(draw):
    """Days around the ends of months, hours around midnight."""
    return (draw.choice([1, 2, 15, 27, 28]), draw.choice(MONTHS), draw.choice(["00:00:00", "00:30:01", "12:00:00", "23:59:59"]),
            draw.choice(ZONES))


def body(draw):
    """(fields, octets) of a text that its encoding hides or does not."""
    words = " ".join(draw.choices(WORDS, k=draw.randrange(1, 6)))
    charset = draw.choice(CHARSETS)
    try:
        octets = words.encode(charset)
    except UnicodeEncodeError:
        charset, octets = "utf-8", words.encode()
    if draw.random() < 0.4:
        octets = "".join(f"={octet:02X}" for octet in octets).encode()
        encoding = "quoted-printable"
    else:
        encoding = "8bit"
    padding = b"\r\n" + b"x" * draw.choice([0, 10, 200, 900])
    return f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n", octets + padding


def messages(draw, count):
    """Yields (flags and date as APPEND takes them, content); some answer others, also in circles and out of order."""
    for number in range(count):
        day, month, time, zone = moment(draw)
        fields = [f"From: {draw.choice(PEOPLE)}", f"Date: {day} {month} 2024 {time} {zone}", f"Message-ID: <m{number}@example.com>",
                  f"Subject: {draw.choice(SUBJECTS)}"]
        fields += [f"{name}: {', '.join(draw.sample(PEOPLE, draw.randrange(1, 3)))}" for name in ("To", "Cc", "Bcc") if draw.random() < 0.6]
        if draw.random() < 0.5:
            known = [f"<m{draw.randrange(count + 3)}@example.com>" for _ in range(draw.randrange(1, 4))]
            fields.append("References: " + " ".join(known))
            if draw.random() < 0.3:
                fields.append(f"In-Reply-To: <m{draw.randrange(count)}@example.com>")
        elif draw.random() < 0.3:
            fields.append(f"In-Reply-To: <m{draw.randrange(count)}@example.com> of yesterday")
        if draw.random() < 0.3:
            fields.append(f"X-Mark: {draw.choice(['', 'one', 'one two'])}")
        type_fields, octets = body(draw)
        day, month, time, zone = moment(draw)
        flags = " ".join(flag for flag in FLAGS if draw.random() < 0.3)
        yield (f'({flags}) "{day:2}-{month}-2024 {time} {zone}"', "\r\n".join(fields + [type_fields]).encode() + b"\r\n" + octets + b"\r\n")


def date(draw):
    return f"{draw.choice([1, 2, 14, 15, 16, 27, 28])}-{draw.choice(MONTHS)}-2024"


def number(draw, count):
    return draw.choice([1, 2, draw.randrange(1, count + 1), draw.randrange(1, count + 1), count, "*"])


def sequence(draw, count):
    parts = [f"{number(draw, count)}:{number(draw, count)}" if draw.random() < 0.5 else str(number(draw, count))
             for _ in range(draw.randrange(1, 4))]
    return ",".join(parts)


def text(draw):
    return draw.choice(["alpha", "BRAVO", "charlie delta", "ECHO", "café", "CAFÉ", "naïve", "отчет", "zulu", "lie de", "xxxx",
                        "nothing"])


def key(draw, count, depth=2):
    """A search key."""
    leaves = [
        lambda: draw.choice(["ALL", "NOT ALL"]),
        lambda: draw.choice(["", "UN"]) + draw.choice(SYSTEM),
        lambda: f"{draw.choice(['', 'UN'])}KEYWORD {draw.choice(['$Work', '$work', 'Private', 'None'])}",
        lambda: f"{draw.choice(['BEFORE', 'ON', 'SINCE', 'SENTBEFORE', 'SENTON', 'SENTSINCE'])} {date(draw)}",
        lambda: f"{draw.choice(['LARGER', 'SMALLER'])} {draw.choice([0, 300, 400, 500, 1000, 4294967295])}",
        lambda: f'{draw.choice(["FROM", "TO", "CC", "BCC"])} "{draw.choice(["ann", "EXAMPLE.COM", "jörg", "zoe, dr", "friends", "joerg@", "zz"])}"',
        lambda: f'SUBJECT "{draw.choice(["report", "RE:", "äpfel", "ÄPFEL", "[list]", "отчет", "a [list", "nothing"])}"',
        lambda: f'HEADER {draw.choice(["X-Mark", "x-mark", "Message-ID", "References"])} "{draw.choice(["", "one", "m1", "<m2@"])}"',
        lambda: f'{draw.choice(["BODY", "TEXT"])} "{text(draw)}"',
        lambda: sequence(draw, count),
        lambda: f"UID {sequence(draw, count)}",
    ]
    if depth and draw.random() < 0.4:
        one, two = key(draw, count, depth - 1), key(draw, count, depth - 1)
        return draw.choice([f"NOT ({one})", f"OR ({one}) ({two})", f"({one} {two})", f"{one} {two}"])
    return draw.choice(leaves)()


def order(draw):
    """Criteria of SORT without texts: of messages whose texts are equal, Dovecot 2.3 does not keep the order of the numbers."""
    chosen = draw.sample(["ARRIVAL", "DATE", "SIZE"], draw.randrange(1, 4))
    return " ".join(draw.choice(["", "REVERSE "]) + each for each in chosen)
