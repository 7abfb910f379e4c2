/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of the directory's objects, one row each. No include guard: the file is included once
 * per use. KX_FIELD(object, id, name, logged, flags, normalise, spec, manual)
 *
 * `name` is what the command line and the API say, `logged` what the Config log says (LOG-24).
 */
/* clang-format off */
KX_FIELD(DOMAIN, PRIMARY, "primary", "Primary", 0, kx_field_bool, "DOM-07",
    "yes makes this the primary domain, whose users sign in with their bare name; the old one loses it.")
KX_FIELD(DOMAIN, DESCRIPTION, "description", "Description", 0, kx_field_text, "DOM-05",
    "Free text.")
KX_FIELD(DOMAIN, ALIASES, "aliases", "Aliases", 0, kx_field_domains, "DOM-20",
    "Further domains whose mail is delivered to this one, separated by commas.")
KX_FIELD(DOMAIN, BOUND_IP, "bound-ip", "Bound_ip", 0, kx_field_ip, "DOM-27",
    "Address of this server on which the users of the domain sign in with their bare name.")

KX_FIELD(USER, DISABLED, "disabled", "Account_enabled", KX_FIELD_INVERTED, kx_field_bool, "USR-16",
    "yes blocks the account without removing it.")
KX_FIELD(USER, PASSWORD, "password", "Password", KX_FIELD_SECRET, kx_field_password, "USR-14",
    "Password of the account; an account without one cannot sign in.")
KX_FIELD(USER, NAME, "name", "Full_name", 0, kx_field_text, "USR-12",
    "First name and surname.")
KX_FIELD(USER, DESCRIPTION, "description", "Description", 0, kx_field_text, "USR-13",
    "Free text.")
KX_FIELD(USER, ADDRESSES, "addresses", "Addresses", 0, kx_field_locals, "USR-22",
    "Further addresses in the domain (the part before @), separated by commas.")
KX_FIELD(USER, QUOTA, "quota", "Quota", 0, kx_field_size, "USR-29",
    "Most bytes the mailbox may hold, all kinds of items together; may carry K, M or G. 0 means no limit.")
KX_FIELD(USER, QUOTA_ITEMS, "quota-items", "Quota_items", 0, kx_field_count, "USR-29",
    "Most items the mailbox may hold: messages, events, contacts, tasks and notes together. 0 means no limit.")
KX_FIELD(USER, PUBLIC_FOLDERS, "public-folders", "Public_folders_rights", 0, kx_field_bool, "PUB-09 PUB-14 USR-27",
    "yes gives the account all rights to the public folders of its domain: it makes, shares and removes them.")
KX_FIELD(USER, ARCHIVE_FOLDERS, "archive-folders", "Archive_folders_rights", 0, kx_field_bool, "ARC-20",
    "yes gives the account all rights to the archive, which holds mail of all users.")
KX_FIELD(USER, FULL_LISTING, "imap-full-listing", "Imap_full_listing", 0, kx_field_bool, "AMAIL-02",
    "yes or no decides for this account whether IMAP shows calendars, contacts, tasks and notes; empty leaves it to imap.full-listing.")

KX_FIELD(IP_GROUP, DESCRIPTION, "description", "Description", 0, kx_field_text, "SMTP-15",
    "Free text.")
KX_FIELD(IP_GROUP, ENTRIES, "entries", "Entries", 0, kx_field_ranges, "SMTP-15",
    "Hosts (192.0.2.1), networks (192.0.2.0/24, 192.0.2.0/255.255.255.0, 2001:db8::/32) and ranges (192.0.2.1-192.0.2.9), separated by commas.")
/* clang-format on */
