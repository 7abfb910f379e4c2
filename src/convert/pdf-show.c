/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where strings are put says where words and lines end: a page draws glyphs, spaces need not be
 * among them.
 */
#include <math.h>

#include "convert/pdf-private.h"
#include "mime/charset.h"

/* In sizes of the font. */
#define WORD_GAP 0.2
#define BACK_GAP 0.5
#define LINE_GAP 0.4

const KxPdfMatrix kx_pdf_identity = {1, 0, 0, 1, 0, 0};

KxPdfMatrix kx_pdf_multiply(KxPdfMatrix m, KxPdfMatrix n)
{
    return (KxPdfMatrix){
        m.a * n.a + m.b * n.c, m.a * n.b + m.b * n.d,       m.c * n.a + m.d * n.c,
        m.c * n.b + m.d * n.d, m.e * n.a + m.f * n.c + n.e, m.e * n.b + m.f * n.d + n.f,
    };
}

void kx_pdf_text_init(KxPdfText *text, KxTextOut *out)
{
    *text = (KxPdfText){.out = out,
                        .ctm = kx_pdf_identity,
                        .text = kx_pdf_identity,
                        .line = kx_pdf_identity,
                        .scale = 1,
                        .moved = TRUE};
}

/* ---- gaps ---- */

static void note_end(KxPdfText *text)
{
    KxPdfMatrix here = kx_pdf_multiply(text->text, text->ctm);
    text->end_x = here.e;
    text->end_y = here.f;
    text->has_end = TRUE;
    text->was_sized = text->font && text->font->has_widths;
    text->moved = FALSE;
}

/* Compares where the next string begins with where the last one ended, along the line and across
 * it. */
static void separate(KxPdfText *text)
{
    if (!text->moved || !text->has_end)
        return;
    KxPdfMatrix here = kx_pdf_multiply(text->text, text->ctm);
    double length = hypot(here.a, here.b), size = hypot(here.c, here.d) * fabs(text->size);
    if (!isfinite(length) || !isfinite(size) || length <= 0 || size <= 0) {
        kx_text_out_space(text->out);
        return;
    }
    double dx = here.e - text->end_x, dy = here.f - text->end_y;
    double along = (dx * here.a + dy * here.b) / length;
    double across = (dy * here.a - dx * here.b) / length;
    if (fabs(across) > LINE_GAP * size)
        kx_text_out_line(text->out);
    else if (!text->was_sized || along > WORD_GAP * size || along < -BACK_GAP * size)
        kx_text_out_space(text->out);
}

/* ---- showing ---- */

static void move_along(KxPdfText *text, double distance)
{
    text->text = kx_pdf_multiply((KxPdfMatrix){1, 0, 0, 1, distance, 0}, text->text);
}

static void show_codes(KxPdfText *text, const guint8 *bytes, size_t len)
{
    const KxPdfFont *font = text->font;
    size_t step = font->composite ? 2 : 1;
    double distance = 0;
    for (size_t i = 0; i + step <= len && !text->out->full; i += step) {
        guint32 code = font->composite ? (guint32)(bytes[i] << 8 | bytes[i + 1]) : bytes[i];
        const char *glyph = kx_pdf_font_text(font, code);
        if (glyph)
            kx_text_out_append(text->out, glyph, strlen(glyph));
        distance += kx_pdf_font_width(font, code) / 1000 * text->size + text->character +
                    (step == 1 && code == ' ' ? text->word : 0);
    }
    move_along(text, distance * text->scale);
}

static void show_string(KxPdfText *text, const char *bytes, size_t len)
{
    if (!text->font)
        return;
    separate(text);
    if (text->font->charset) {
        g_autofree char *converted =
            kx_charset_to_utf8(text->font->charset, strlen(text->font->charset), bytes, len);
        kx_text_out_append(text->out, converted, strlen(converted));
    } else {
        show_codes(text, (const guint8 *)bytes, len);
    }
    note_end(text);
}

static void show(KxPdfText *text, const KxPdfLexer *lexer)
{
    const KxPdfToken *string = kx_pdf_operand(lexer, 0, KX_PDF_STRING);
    if (string)
        show_string(text, lexer->bytes->str + string->start, string->len);
}

/* A number moves back by thousandths of the size; a gap like a space's is one. */
static void show_array(KxPdfText *text, const KxPdfLexer *lexer)
{
    for (guint i = 0; i < lexer->operands->len && !text->out->full; i++) {
        const KxPdfToken *token = &g_array_index(lexer->operands, KxPdfToken, i);
        if (token->kind == KX_PDF_STRING) {
            show_string(text, lexer->bytes->str + token->start, token->len);
        } else if (token->kind == KX_PDF_NUMBER) {
            gboolean moved = text->moved;
            move_along(text, -token->number / 1000 * text->size * text->scale);
            if (-token->number / 1000 > WORD_GAP)
                kx_text_out_space(text->out);
            if (!moved)
                note_end(text);
        }
    }
}

/* ---- operators ---- */

static void move_line(KxPdfText *text, double x, double y)
{
    text->line = kx_pdf_multiply((KxPdfMatrix){1, 0, 0, 1, x, y}, text->line);
    text->text = text->line;
    text->moved = TRUE;
}

static void next_line(KxPdfText *text)
{
    move_line(text, 0, -text->leading);
}

static void op_bt(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->text = text->line = kx_pdf_identity;
    text->moved = TRUE;
}

static void op_tc(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->character = kx_pdf_operand_number(lexer, 0);
}

static void op_tw(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->word = kx_pdf_operand_number(lexer, 0);
}

static void op_tz(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->scale = kx_pdf_operand_number(lexer, 0) / 100;
}

static void op_tl(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->leading = kx_pdf_operand_number(lexer, 0);
}

static void op_td(KxPdfText *text, const KxPdfLexer *lexer)
{
    move_line(text, kx_pdf_operand_number(lexer, 1), kx_pdf_operand_number(lexer, 0));
}

static void op_td_leading(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->leading = -kx_pdf_operand_number(lexer, 0);
    op_td(text, lexer);
}

static void op_tm(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->text = text->line =
        (KxPdfMatrix){kx_pdf_operand_number(lexer, 5), kx_pdf_operand_number(lexer, 4),
                      kx_pdf_operand_number(lexer, 3), kx_pdf_operand_number(lexer, 2),
                      kx_pdf_operand_number(lexer, 1), kx_pdf_operand_number(lexer, 0)};
    text->moved = TRUE;
}

static void op_line(KxPdfText *text, const KxPdfLexer *lexer)
{
    next_line(text);
}

static void op_quote(KxPdfText *text, const KxPdfLexer *lexer)
{
    next_line(text);
    show(text, lexer);
}

static void op_double_quote(KxPdfText *text, const KxPdfLexer *lexer)
{
    text->word = kx_pdf_operand_number(lexer, 2);
    text->character = kx_pdf_operand_number(lexer, 1);
    op_quote(text, lexer);
}

static const struct {
    const char *operator;
    void (*run)(KxPdfText *text, const KxPdfLexer *lexer);
} operators[] = {
    {"Tj", show},  {"TJ", show_array}, {"Td", op_td},   {"TD", op_td_leading},
    {"Tm", op_tm}, {"T*", op_line},    {"'", op_quote}, {"\"", op_double_quote},
    {"BT", op_bt}, {"Tc", op_tc},      {"Tw", op_tw},   {"Tz", op_tz},
    {"TL", op_tl},
};

gboolean kx_pdf_text_operator(KxPdfText *text, const char *operator, const KxPdfLexer * lexer)
{
    for (guint i = 0; i < G_N_ELEMENTS(operators); i++)
        if (strcmp(operators[i].operator, operator) == 0) {
            operators[i].run(text, lexer);
            return TRUE;
        }
    return FALSE;
}
