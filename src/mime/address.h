/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address lists as in From, To, Cc: RFC 5322 section 3.4 with the obsolete forms of section 4.4
 * (routes, empty elements, comments anywhere), RFC 6854 groups and RFC 6532 UTF-8. The parser is
 * linear, never fails and never drops an address it can make any sense of.
 *
 * Names keep their encoded words (RFC 2047); quoted strings and comments lose their quoting. If an
 * address has no display name, a comment after it serves as one.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_ADDRESS_MAILBOX,
    KX_ADDRESS_GROUP_START, /* name holds the group's name */
    KX_ADDRESS_GROUP_END,   /* all strings NULL */
} KxAddressKind;

typedef struct KxAddress {
    KxAddressKind kind;
    const char *name;    /* NULL if none */
    const char *route;   /* "@a,@b" (RFC 5322 obs-route), NULL if none */
    const char *mailbox; /* local part without quoting; "" if missing */
    const char *host;    /* "" if missing */
} KxAddress;

typedef struct KxAddressList {
    const KxAddress *items;
    unsigned n;
    struct KxMimeArena *arena;
} KxAddressList;

#define KX_ADDRESS_MAX 10000

/* Reads at most `max` elements (at most KX_ADDRESS_MAX); `value` is a raw header value, folds
 * included. Every GROUP_START in the list has its GROUP_END, for which the list
 * may grow past the cap by two. Never NULL. */
KxAddressList *kx_address_parse(const char *value, size_t len, unsigned max);
void kx_address_list_free(KxAddressList *list);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxAddressList, kx_address_list_free)
