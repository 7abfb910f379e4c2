/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as a document: {"keryx": "<version>", "settings": {"smtp.max-size": "25M", ...}}. Values
 * are texts (numbers, truth values and lists of texts are taken too); null means the default. Pure
 * and thread-safe.
 */
#pragma once

#include "admin/command.h"

/* Finds a setting; the error suggests one of a similar name. */
gboolean kx_config_find(const char *name, KxSettingId *ret_id, GError **error);

/* A value as text; with `typed` as truth value, number or list where it is one. */
json_t *kx_config_value(const KxSettings *settings, KxSettingId id, gboolean typed);

typedef struct {
    gboolean all;     /* also what is at its default */
    gboolean typed;   /* as kx_config_value() */
    gboolean secrets; /* otherwise they are left out */
} KxConfigWish;

/* A new reference. */
json_t *kx_config_document(const KxSettings *settings, const KxConfigWish *wish);

/* The same for the same values of all settings, and only for these. */
char *kx_config_fingerprint(const KxSettings *settings);

typedef struct {
    KxSettings *before, *after;
    GArray *changes;  /* KxSettingChange, only what really differs */
    json_t *document; /* owns the texts of the changes */
    GPtrArray *texts; /* those that are not in the document as they stand */
} KxConfigDiff;
void kx_config_diff_free(KxConfigDiff *diff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxConfigDiff, kx_config_diff_free)

/* KX_ERR_INVALID: not such a document, an unknown setting, or a value that is not allowed. With
 * `exact` settings that it does not name go back to their defaults. */
KxConfigDiff *kx_config_diff(KxSettings *settings, const char *text, gboolean exact,
                             GError **error);
