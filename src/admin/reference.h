/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of the command line and of the settings, made from the tables. Texts are the
 * caller's. */
#pragma once

#include "admin/command.h"

char *kx_reference_markdown(void); /* docs/cli.md */
char *kx_reference_man(void);      /* keryx(1) */
char *kx_reference_api(void);      /* docs/api-reference.md */
char *kx_settings_man(void);       /* keryx-config(5) */
