/* SPDX-License-Identifier: Apache-2.0 */
/* Reading parameters into an arena. Private to src/mime. */
#pragma once

#include "mime/arena-private.h"
#include "mime/lex-private.h"
#include "mime/params.h"

/* Reads ";name=value" until the end of `lex`. `scratch` is any string; its content is lost. */
void kx_mime_params_parse(KxMimeArena *arena, KxLex *lex, GString *scratch,
                          KxMimeParams *ret_params);
