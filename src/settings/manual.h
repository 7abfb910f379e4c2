/* SPDX-License-Identifier: Apache-2.0 */
/* The reference manual of the settings, made from the table. Thread-safe. */
#pragma once

#include <glib.h>

/* The whole page (docs/settings.md) as Markdown. */
char *kx_settings_manual(void);
