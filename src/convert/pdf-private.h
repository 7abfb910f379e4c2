/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of PDF (ISO 32000-1): libqpdf reads the file's structure, what follows here reads page
 * contents (section 9.4), fonts (9.6, 9.7) and maps to Unicode (9.10). One thread.
 */
#pragma once

#include "convert/libraries.h"
#include "convert/out.h"

/* ---- pdf-lex.c: the syntax of contents and maps (section 7.2) ---- */

typedef enum {
    KX_PDF_NUMBER,
    KX_PDF_NAME,      /* without the slash */
    KX_PDF_STRING,    /* bytes, decoded */
    KX_PDF_ARRAY,     /* [ */
    KX_PDF_ARRAY_END, /* ] */
    KX_PDF_OPERATOR,  /* a word */
    KX_PDF_END,
} KxPdfKind;

typedef struct {
    KxPdfKind kind;
    double number;
    size_t start, len; /* of a name, string or word in the lexer's `bytes` */
} KxPdfToken;

/* Tokens up to the next word are collected: the operands of an operator. */
typedef struct {
    const char *pos, *end;
    GString *bytes;   /* what the tokens hold */
    GArray *operands; /* KxPdfToken */
} KxPdfLexer;

void kx_pdf_lexer_init(KxPdfLexer *lexer, const char *data, size_t len);
void kx_pdf_lexer_clear(KxPdfLexer *lexer);

/* Reads to the next operator and forgets the operands of the one before; NULL at the end. What it
 * returns is valid until the next call. The data of inline images is passed over. */
const char *kx_pdf_lexer_next(KxPdfLexer *lexer);

/* Operand `back` from the last (0); NULL if there is none or it is of another kind. */
const KxPdfToken *kx_pdf_operand(const KxPdfLexer *lexer, guint back, KxPdfKind kind);
double kx_pdf_operand_number(const KxPdfLexer *lexer, guint back);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxPdfLexer, kx_pdf_lexer_clear)

/* ---- pdf-glyphs.c ---- */

/* UTF-8 of a glyph's name, NULL if it tells nothing; and of a code in one of the encodings of annex
 * D ("WinAnsiEncoding", "MacRomanEncoding", "StandardEncoding", which stands for others too). Both
 * are the caller's. */
char *kx_pdf_glyph_text(const char *name);
char *kx_pdf_encoding_text(const char *encoding, guint8 code);

/* ---- pdf-cmap.c ---- */

typedef struct KxPdfMap KxPdfMap; /* from codes to UTF-8 */
KxPdfMap *kx_pdf_map_parse(const char *data, size_t len);
void kx_pdf_map_free(KxPdfMap *map);
const char *kx_pdf_map_get(const KxPdfMap *map, guint32 code); /* NULL: not in it */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxPdfMap, kx_pdf_map_free)

/* ---- pdf-font.c ---- */

typedef struct KxPdfFont {
    gboolean composite;  /* its codes have two bytes */
    const char *charset; /* its codes are text in this character set; or NULL */
    KxPdfMap *map;       /* or NULL */
    char *glyphs[256];   /* UTF-8 for each code of a simple font, or NULL */
    gboolean has_widths;
    double width; /* of codes without one of their own; 1000 to the size of the font */
    GHashTable *widths;
} KxPdfFont;

KxPdfFont *kx_pdf_font_load(qpdf_data pdf, qpdf_oh dictionary);
void kx_pdf_font_free(KxPdfFont *font);
/* NULL: the code has no text. */
const char *kx_pdf_font_text(const KxPdfFont *font, guint32 code);
double kx_pdf_font_width(const KxPdfFont *font, guint32 code);

/* ---- pdf-show.c: text on a page ---- */

typedef struct {
    double a, b, c, d, e, f;
} KxPdfMatrix;

KxPdfMatrix kx_pdf_multiply(KxPdfMatrix m, KxPdfMatrix n);
extern const KxPdfMatrix kx_pdf_identity;

typedef struct {
    KxTextOut *out;
    KxPdfFont *font; /* borrowed */
    KxPdfMatrix ctm, text, line;
    double size, character, word, scale, leading;
    gboolean moved;     /* the next string may be somewhere else */
    gboolean was_sized; /* `end` is where the last string ended, because its widths are known */
    gboolean has_end;   /* there was a string on this page */
    double end_x, end_y;
} KxPdfText;

void kx_pdf_text_init(KxPdfText *text, KxTextOut *out);
/* Runs a text operator (section 9.4); FALSE if it is none. Tf is the caller's. */
gboolean kx_pdf_text_operator(KxPdfText *text, const char *operator, const KxPdfLexer * lexer);

/* ---- pdf.c ---- */

/* The decoded bytes of a stream; NULL if it cannot be decoded or would unfold twice. Free with
 * free(). */
unsigned char *kx_pdf_stream(qpdf_data pdf, qpdf_oh stream, size_t *ret_len);
