/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the values of fields can be: how a text that somebody gave becomes canonical, how it is
 * kept, and how the command line and the API name it. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

/* How a value lies in the structure of its object, and in the database. */
typedef enum {
    KX_CLASS_BOOL,   /* gboolean */
    KX_CLASS_CHOICE, /* guint: the position in the choices of the kind */
    KX_CLASS_NUMBER, /* guint64 */
    KX_CLASS_TEXT,   /* char *, never NULL */
    KX_CLASS_LIST,   /* char **, never NULL */
    KX_CLASS_SECRET, /* not in the structure */
} KxClass;

typedef struct {
    KxClass class;
    const char *placeholder;    /* for usage lines: "yes|no", "SIZE" */
    const char *const *choices; /* of KX_CLASS_CHOICE, the first for an empty value; ends in NULL */
    /* Canonical text of a value that is not empty, or of one entry of a list. NULL with
     * KX_ERR_INVALID. */
    char *(*normalise)(const char *value, GError **error);
    gboolean sorted; /* the order of the list means nothing */
} KxKind;

extern const KxKind kx_kind_bool, kx_kind_text, kx_kind_color, kx_kind_totp, kx_kind_password,
    kx_kind_hash, kx_kind_ip, kx_kind_domain, kx_kind_size, kx_kind_count, kx_kind_days,
    kx_kind_year, kx_kind_own_days, kx_kind_override, kx_kind_level, kx_kind_domains,
    kx_kind_locals, kx_kind_users, kx_kind_groups, kx_kind_addresses, kx_kind_targets,
    kx_kind_ranges, kx_kind_times, kx_kind_lines, kx_kind_language;
extern const KxKind kx_kind_host, kx_kind_port, kx_kind_forward_mode, kx_kind_relay_tls,
    kx_kind_secret, kx_kind_seconds, kx_kind_minutes, kx_kind_interval, kx_kind_clock_times,
    kx_kind_actions, kx_kind_range_name, kx_kind_group_name;
extern const KxKind kx_kind_address, kx_kind_sort_target, kx_kind_header_name,
    kx_kind_fetch_protocol, kx_kind_fetch_tls, kx_kind_fetch_auth;
extern const KxKind kx_kind_directory_type, kx_kind_activate, kx_kind_directory_hosts,
    kx_kind_filter, kx_kind_attributes, kx_kind_source, kx_kind_authentication, kx_kind_realm,
    kx_kind_nt_domain, kx_kind_pam_service;
extern const KxKind kx_kind_oidc_issuer, kx_kind_oidc_audience, kx_kind_oidc_claim,
    kx_kind_oidc_scopes, kx_kind_client_id, kx_kind_client_secret;
extern const KxKind kx_kind_senders, kx_kind_recipients, kx_kind_relay_auth, kx_kind_source_ips;

/* The canonical text of what was given; lists without repetition, in any case. */
char *kx_kind_parse(const KxKind *kind, const char *value, GError **error);

/* One of those, which end in NULL, in its one form; NULL with KX_ERR_INVALID. */
char *kx_kind_parse_choice(const char *const *choices, const char *value, GError **error);
/* The position of a canonical text among the choices of its kind. */
guint kx_kind_choice(const KxKind *kind, const char *text);
