/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about objects of the directory share: options made from the field table, the
 * commands that are the same for all kinds, and mailboxes. */
#pragma once

#include "admin/command.h"

/* For a command with `object` and options from the field table. What is added or changed is also
 * the result. */
json_t *kx_object_run_add(const KxCall *call, GError **error);
json_t *kx_object_run_set(const KxCall *call, GError **error);
/* The same for all that a search finds, as one change; --dry-run only checks. What is changed is
 * the result. */
json_t *kx_object_run_set_found(const KxCall *call, GError **error);
json_t *kx_object_run_remove(const KxCall *call, GError **error);
json_t *kx_object_run_rename(const KxCall *call, GError **error);
json_t *kx_object_run_show(const KxCall *call, GError **error);
json_t *kx_object_run_list(const KxCall *call, GError **error);

/* One object, by the names of its fields. */
json_t *kx_object_json(KxObject object, const KxRecord *record);

/* Of kx_object_run_list(). */
#define KX_OBJECT_LIST_OPTIONS                                                                     \
    {"search", KX_OPTION_TEXT, "TEXT", "Only what has this text in its name or another field."},   \
        {"count", KX_OPTION_FLAG, NULL, "Only says how many there are."},                          \
        {"offset", KX_OPTION_INT, "N", "Leaves out the first N.", G_MAXINT32},                     \
    {                                                                                              \
        "limit", KX_OPTION_INT, "N", "Lists N at most.", G_MAXINT32                                \
    }

/* Of kx_object_run_set(), _remove() and _rename(). */
#define KX_OBJECT_CHANGE_OPTIONS                                                                   \
    {                                                                                              \
        "generation", KX_OPTION_INT, "N",                                                          \
            "Only if the object still has this generation, which show tells.", G_MAXUINT32         \
    }

/* The account of a user, but only if it has a directory: looking must not make one.
 * KX_ERR_NOT_FOUND. */
KxAccount *kx_call_account(const KxCall *call, const KxUser *user, GError **error);

/* An account that is there, by the name of a user or as kx_account_name() has it: public folders,
 * the archive, and mailboxes of users who are gone too. KX_ERR_NOT_FOUND. */
KxAccount *kx_call_any_account(const KxCall *call, const char *name, GError **error);

/* A list of texts; NULL counts as empty. */
json_t *kx_json_strings(char *const *texts);

/* For the options: one row of KX_FIELD becomes one KxOption. */
#define KX_OPTION_OF_bool           KX_OPTION_BOOL, "yes|no"
#define KX_OPTION_OF_override       KX_OPTION_TEXT, "yes|no"
#define KX_OPTION_OF_totp           KX_OPTION_SECRET, "SECRET"
#define KX_OPTION_OF_color          KX_OPTION_TEXT, "COLOR"
#define KX_OPTION_OF_level          KX_OPTION_TEXT, "none|read|full"
#define KX_OPTION_OF_text           KX_OPTION_TEXT, "TEXT"
#define KX_OPTION_OF_lines          KX_OPTION_LINES, "TEXT"
#define KX_OPTION_OF_domains        KX_OPTION_LIST, "DOMAIN,..."
#define KX_OPTION_OF_domain         KX_OPTION_TEXT, "DOMAIN"
#define KX_OPTION_OF_language       KX_OPTION_TEXT, "LANGUAGE"
#define KX_OPTION_OF_ip             KX_OPTION_TEXT, "ADDRESS"
#define KX_OPTION_OF_password       KX_OPTION_SECRET, "SECRET"
#define KX_OPTION_OF_hash           KX_OPTION_SECRET, "HASH"
#define KX_OPTION_OF_locals         KX_OPTION_LIST, "NAME,..."
#define KX_OPTION_OF_users          KX_OPTION_LIST, "USER,..."
#define KX_OPTION_OF_groups         KX_OPTION_LIST, "GROUP,..."
#define KX_OPTION_OF_targets        KX_OPTION_LIST, "TARGET,..."
#define KX_OPTION_OF_ranges         KX_OPTION_LIST, "ENTRY,..."
#define KX_OPTION_OF_times          KX_OPTION_LIST, "TIME,..."
#define KX_OPTION_OF_size           KX_OPTION_NUMBER, "SIZE"
#define KX_OPTION_OF_count          KX_OPTION_NUMBER, "NUMBER"
#define KX_OPTION_OF_days           KX_OPTION_NUMBER, "DAYS"
#define KX_OPTION_OF_secret         KX_OPTION_SECRET, "SECRET"
#define KX_OPTION_OF_address        KX_OPTION_TEXT, "ADDRESS"
#define KX_OPTION_OF_sort_target    KX_OPTION_TEXT, "ADDRESS"
#define KX_OPTION_OF_host           KX_OPTION_TEXT, "HOST"
#define KX_OPTION_OF_header_name    KX_OPTION_TEXT, "NAME"
#define KX_OPTION_OF_port           KX_OPTION_NUMBER, "PORT"
#define KX_OPTION_OF_minutes        KX_OPTION_NUMBER, "MINUTES"
#define KX_OPTION_OF_seconds        KX_OPTION_NUMBER, "SECONDS"
#define KX_OPTION_OF_fetch_protocol KX_OPTION_TEXT, "pop3|imap"
#define KX_OPTION_OF_fetch_tls      KX_OPTION_TEXT, "tls|starttls|none"
#define KX_OPTION_OF_fetch_auth                                                                    \
    KX_OPTION_TEXT, "auto|user|plain|login|cram-md5|apop|xoauth2|oauthbearer"
#define KX_OPTION_OF_year     KX_OPTION_NUMBER, "DAYS"
#define KX_OPTION_OF_own_days KX_OPTION_TEXT, "DAYS"

/* of the flow of mail */
#define KX_OPTION_OF_forward_mode KX_OPTION_TEXT, "online|etrn|schedule"
#define KX_OPTION_OF_relay_tls    KX_OPTION_TEXT, "may|never|must|verify|wrap"
#define KX_OPTION_OF_secret       KX_OPTION_SECRET, "SECRET"
#define KX_OPTION_OF_seconds      KX_OPTION_NUMBER, "SECONDS"
#define KX_OPTION_OF_interval     KX_OPTION_NUMBER, "INTERVAL"
#define KX_OPTION_OF_clock_times  KX_OPTION_LIST, "HH:MM,..."
#define KX_OPTION_OF_actions      KX_OPTION_LIST, "ACTION,..."
#define KX_OPTION_OF_range_name   KX_OPTION_TEXT, "RANGE"
#define KX_OPTION_OF_group_name   KX_OPTION_TEXT, "GROUP"
#define KX_OPTION_OF_addresses    KX_OPTION_LIST, "ADDRESS,..."
#define KX_OPTION_OF_patterns     KX_OPTION_LIST, "PATTERN,..."
#define KX_OPTION_OF_senders      KX_OPTION_LIST, "PATTERN,..."
#define KX_OPTION_OF_recipients   KX_OPTION_LIST, "PATTERN,..."
#define KX_OPTION_OF_relay_auth   KX_OPTION_TEXT, "smtp|pop3"
#define KX_OPTION_OF_source_ips   KX_OPTION_LIST, "ADDRESS,..."

/* of directories elsewhere */
#define KX_OPTION_OF_directory_type                                                                \
    KX_OPTION_TEXT, "none|active-directory|openldap|freeipa|edirectory"
#define KX_OPTION_OF_activate        KX_OPTION_TEXT, "all|chosen"
#define KX_OPTION_OF_directory_hosts KX_OPTION_LIST, "HOST[:PORT],..."
#define KX_OPTION_OF_filter          KX_OPTION_TEXT, "FILTER"
#define KX_OPTION_OF_attributes      KX_OPTION_LIST, "WHAT=ATTRIBUTE,..."
#define KX_OPTION_OF_source          KX_OPTION_TEXT, "internal|ldap|gone|gone-disabled|inactive"
#define KX_OPTION_OF_authentication  KX_OPTION_TEXT, "password|kerberos|pam"
#define KX_OPTION_OF_realm           KX_OPTION_TEXT, "REALM"
#define KX_OPTION_OF_nt_domain       KX_OPTION_TEXT, "NAME"
#define KX_OPTION_OF_pam_service     KX_OPTION_TEXT, "NAME"

/* of providers of tokens */
#define KX_OPTION_OF_oidc_issuer   KX_OPTION_TEXT, "URL"
#define KX_OPTION_OF_oidc_audience KX_OPTION_LIST, "AUDIENCE,..."
#define KX_OPTION_OF_oidc_claim    KX_OPTION_TEXT, "CLAIM"
#define KX_OPTION_OF_oidc_scopes   KX_OPTION_LIST, "SCOPE,..."
#define KX_OPTION_OF_client_id     KX_OPTION_TEXT, "ID"
#define KX_OPTION_OF_client_secret KX_OPTION_SECRET, "SECRET"

#define KX_FIELD_OPTION(object, id, name, logged, flags, kind, member, spec, manual)               \
    {name, KX_OPTION_OF_##kind, manual},
