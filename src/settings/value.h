/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a setting: reading it from text and writing it back in canonical form.
 * Folder-private. */
#pragma once

#include "settings/settings.h"

/* Which member counts follows from the row's type. */
typedef struct {
    gint64 number; /* BOOL (0 or 1), INT, SIZE, DURATION */
    char *text;    /* TEXT, CHOICE */
    char **list;   /* LIST */
} KxSettingValue;

/* Reads and checks; the error starts with the setting's name. */
gboolean kx_setting_value_parse(const KxSettingRow *row, const char *text,
                                KxSettingValue *ret_value, GError **error);
/* A KX_SETTING_SIZE or KX_SETTING_DURATION in the same form that is no setting; 0 or more. */
gboolean kx_setting_amount_parse(KxSettingType type, const char *text, gint64 *ret_number,
                                 GError **error);
char *kx_setting_value_format(const KxSettingRow *row, const KxSettingValue *value);
void kx_setting_value_copy(KxSettingValue *to, const KxSettingValue *from);
gboolean kx_setting_value_equal(const KxSettingValue *a, const KxSettingValue *b);
void kx_setting_value_clear(KxSettingValue *value);
