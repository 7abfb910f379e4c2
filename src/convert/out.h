/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where converters put their text: valid UTF-8 of at most KX_CONVERT_TEXT_MAX bytes, without
 * control characters, white space collapsed, lines apart by one line feed. Not thread-safe.
 */
#pragma once

#include <glib.h>

typedef struct KxTextOut {
    GString *text;
    char gap;      /* ' ' or '\n' due before the next character; 0: none */
    gboolean full; /* nothing more is taken: a converter may stop */
} KxTextOut;

void kx_text_out_init(KxTextOut *out);
void kx_text_out_clear(KxTextOut *out);

/* Bytes that are no UTF-8 become U+FFFD. FALSE when full. */
gboolean kx_text_out_append(KxTextOut *out, const char *text, size_t len);
gboolean kx_text_out_char(KxTextOut *out, gunichar c);

/* Two words, two lines; several at once are one, and a line wins. */
void kx_text_out_space(KxTextOut *out);
void kx_text_out_line(KxTextOut *out);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxTextOut, kx_text_out_clear)
