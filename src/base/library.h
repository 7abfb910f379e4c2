/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries that only one role needs. They are not linked but opened when the role starts, before
 * it enters its sandbox: the other roles and the command line start in two thirds of the time, and
 * map nothing that they have no use for. Calls go through pointers that are named like the function
 * with `sym_` in front.
 *
 * A folder lists what it takes from a library once, in its libraries.h:
 *
 *   #define KX_LIBZIP(F) F(zip_fread) F(zip_fclose)
 *   KX_LIBZIP(KX_SYMBOL_DECLARE)
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *name;
    gpointer *pointer;
} KxSymbol;

#define KX_SYMBOL_DECLARE(function) extern __typeof__(function) *sym_##function;
#define KX_SYMBOL_DEFINE(function)  __typeof__(function) *sym_##function;
#define KX_SYMBOL_ROW(function)     {#function, (gpointer *)&sym_##function},

/* For the life of the process. KX_ERR_FAILED if the library or one of the functions is not there.
 */
gboolean kx_library_open(const char *soname, const KxSymbol *symbols, guint n, GError **error);
