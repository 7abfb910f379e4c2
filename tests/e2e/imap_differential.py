# SPDX-License-Identifier: Apache-2.0
"""What two IMAP servers say about the same message, item by item, and where they differ.

Both get the message by APPEND; its structure, envelope and every section that its structure names are fetched.
"""

import re


def bare(value):
    """Atoms and strings alike, as bytes; the case of what MIME takes in any case does not count."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    return value.encode("latin-1") if isinstance(value, str) else value


def parts_of(structure, prefix=""):
    """Section numbers of a BODYSTRUCTURE: {"1": structure, ...}."""
    found = {}
    if isinstance(structure[0], list):
        for number, part in enumerate(each for each in structure if isinstance(each, list) and each and is_part(each)):
            found.update(part_at(part, f"{prefix}{number + 1}"))
    elif not prefix:
        found.update(part_at(structure, "1"))
    return found


def is_part(value):
    return isinstance(value[0], list) or (len(value) >= 7 and isinstance(value[1], bytes))


def part_at(structure, number):
    found = {number: structure}
    if isinstance(structure[0], list):
        found.update(parts_of(structure, f"{number}."))
    elif is_message(structure):
        inner = structure[8]
        if isinstance(inner[0], list):
            found.update(parts_of(inner, f"{number}."))
        else:
            found.update(part_at(inner, f"{number}.1"))
    return found


def is_message(structure):
    return (structure[0].upper(), structure[1].upper()) in ((b"MESSAGE", b"RFC822"), (b"MESSAGE", b"GLOBAL")) \
        and len(structure) > 9


WHOLE = ["RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822.HEADER", "RFC822.TEXT", "BODY.PEEK[HEADER]",
         "BODY.PEEK[TEXT]", "BODY.PEEK[]", "BODY.PEEK[]<3.9>", "BODY.PEEK[TEXT]<99999999.5>",
         "BODY.PEEK[HEADER.FIELDS (Subject TO x-none)]", "BODY.PEEK[HEADER.FIELDS.NOT (subject From)]"]


def sections(structure):
    """What to ask about each part."""
    found = parts_of(structure)
    items = []
    for number, part in list(found.items())[:12]:
        items += [f"BODY.PEEK[{number}]", f"BODY.PEEK[{number}.MIME]", f"BODY.PEEK[{number}]<2.7>"]
        if not isinstance(part[0], list):
            items += [f"BINARY.PEEK[{number}]", f"BINARY.SIZE[{number}]"]
            if is_message(part):
                items += [f"BODY.PEEK[{number}.HEADER]", f"BODY.PEEK[{number}.TEXT]",
                          f"BODY.PEEK[{number}.HEADER.FIELDS (Subject)]", f"BODY.PEEK[{number}.HEADER.FIELDS.NOT (Subject)]"]
    return items + ["BODY.PEEK[9.9]", "BODY.PEEK[1.9.MIME]"]


def ask(client, uid, items):
    """{item: value}; an item that is refused has its response code as its value."""
    answer = client.command(f"UID FETCH {uid} ({' '.join(items)})")
    if answer.status != "OK":
        if len(items) == 1:
            return {items[0]: answer.status}
        half = len(items) // 2
        return ask(client, uid, items[:half]) | ask(client, uid, items[half:])
    (row,) = [values[2] for values in answer.untagged if values[1] == "FETCH"]
    got = {name.upper(): value for name, value in zip(row[::2], row[1::2])}
    return {item: bare(got.get(re.sub(r"<(\d+)\.\d+>", r"<\1>", item.replace(".PEEK", "")).upper(), "missing")) for item in items}


def append(client, content):
    answer = client.command("APPEND INBOX () ", content)
    return int(answer.code.split()[2]) if answer.status == "OK" else None


def differences(first, second, content):
    """Yields (item, what the first says, what the second says)."""
    uids = []
    for client in (first, second):
        uids.append(append(client, content))
        client.ok("SELECT INBOX")
    if None in uids:
        if uids[0] != uids[1]:
            yield "APPEND", *uids
        return
    got = [ask(client, uid, WHOLE) for client, uid in zip((first, second), uids)]
    same = normal("BODYSTRUCTURE", got[0]["BODYSTRUCTURE"]) == normal("BODYSTRUCTURE", got[1]["BODYSTRUCTURE"])
    if same:
        items = sections(got[0]["BODYSTRUCTURE"])
        for index, client in enumerate((first, second)):
            got[index].update(ask(client, uids[index], items))
    for item, value in got[0].items():
        if normal(item, value) != normal(item, got[1][item]):
            yield item, value, got[1][item]


def normal(item, value):
    if "[" in item and not value:  # of a part that is not there, Dovecot says that it is empty, we say NIL
        return b""
    if item in ("BODY", "BODYSTRUCTURE"):
        return folded(value)
    return value


def folded(value):
    if isinstance(value, list):
        return [folded(each) for each in value]
    return value.lower() if value else value
