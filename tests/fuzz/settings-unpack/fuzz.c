/* SPDX-License-Identifier: Apache-2.0 */
/* Packed settings from another role: anything is refused or gives settings that pack and unpack
 * alike. */
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) settings = kx_settings_unpack(data, size, &error);
    if (settings == NULL) {
        g_assert_nonnull(error);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return 0;
    }
    size_t len;
    g_autoptr(GBytes) packed = kx_settings_pack(settings, G_MAXUINT);
    const void *bytes = g_bytes_get_data(packed, &len);
    g_autoptr(KxSettings) again = kx_settings_unpack(bytes, len, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        if (kx_setting_row((KxSettingId)i)->flags == 0)
            continue;
        g_autofree char *first = kx_settings_format(settings, (KxSettingId)i);
        g_autofree char *second = kx_settings_format(again, (KxSettingId)i);
        g_assert_cmpstr(first, ==, second);
    }
    return 0;
}
