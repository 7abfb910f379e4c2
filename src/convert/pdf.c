/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDF: libqpdf finds the objects (in damaged files too) and undoes the filters; here the pages and
 * the forms they draw are walked through. Caps bound what is unfolded, how deep forms nest and how
 * often they are drawn; the limits of the process bound libqpdf.
 */
#include "base/error.h"
#include "convert/content.h"
#include "convert/pdf-private.h"

enum {
    PAGES_MAX = 20000,
    FORM_DEPTH_MAX = 8,
    FORMS_MAX = 5000,                 /* drawn in all */
    CONTENT_STREAMS_MAX = 10000,      /* of a page */
    CONTENTS_MAX = 256 * 1024 * 1024, /* bytes of contents in all */
    STATES_MAX = 64,                  /* of q without Q */
    FONTS_MAX = 512,                  /* kept from page to page */
};

typedef struct {
    KxPdfMatrix ctm;
    KxPdfFont *font;
    double size;
} State;

typedef struct {
    qpdf_data pdf;
    KxTextOut *out;
    GHashTable *fonts; /* by number of the object: KxPdfFont in `all` */
    GPtrArray *all;
    guint forms;
    size_t contents;
    gboolean damaged; /* there is a page that could not be read */
} Document;

/* What is drawn: a page or a form. */
typedef struct {
    Document *document;
    KxPdfText *text;
    qpdf_oh resources;
    guint depth;
    State states[STATES_MAX];
    guint n_states;
} Canvas;

static gboolean draw(Canvas *canvas, const char *data, size_t len);

/* ---- streams ---- */

static guint count_compressions(qpdf_data pdf, qpdf_oh filter)
{
    static const char *const names[] = {"/FlateDecode",     "/Fl", "/LZWDecode", "/LZW",
                                        "/RunLengthDecode", "/RL"};
    guint count = 0;
    if (sym_qpdf_oh_is_array(pdf, filter)) {
        int n = sym_qpdf_oh_get_array_n_items(pdf, filter);
        for (int i = 0; i < MIN(n, 16); i++)
            count += count_compressions(pdf, sym_qpdf_oh_get_array_item(pdf, filter, i));
        return n > 16 ? G_MAXUINT : count;
    }
    const char *name = sym_qpdf_oh_is_name(pdf, filter) ? sym_qpdf_oh_get_name(pdf, filter) : "";
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        count += g_str_equal(name, names[i]);
    return count;
}

unsigned char *kx_pdf_stream(qpdf_data pdf, qpdf_oh stream, size_t *ret_len)
{
    unsigned char *bytes = NULL;
    QPDF_BOOL filtered = QPDF_FALSE;
    *ret_len = 0;
    if (!sym_qpdf_oh_is_stream(pdf, stream))
        return NULL;
    qpdf_oh filter = sym_qpdf_oh_get_key(pdf, sym_qpdf_oh_get_dict(pdf, stream), "/Filter");
    if (count_compressions(pdf, filter) > 1)
        return NULL;
    QPDF_ERROR_CODE rc =
        sym_qpdf_oh_get_stream_data(pdf, stream, qpdf_dl_generalized, &filtered, &bytes, ret_len);
    if ((rc & QPDF_ERRORS) == 0 && filtered)
        return bytes;
    free(bytes);
    return NULL;
}

/* ---- resources ---- */

static qpdf_oh resource(Canvas *canvas, const char *category, const KxPdfLexer *lexer, guint back)
{
    qpdf_data pdf = canvas->document->pdf;
    const KxPdfToken *name = kx_pdf_operand(lexer, back, KX_PDF_NAME);
    g_autofree char *full = g_strconcat("/", name ? lexer->bytes->str + name->start : "", NULL);
    return sym_qpdf_oh_get_key_if_dict(
        pdf, sym_qpdf_oh_get_key_if_dict(pdf, canvas->resources, category), full);
}

static KxPdfFont *find_font(Document *document, qpdf_oh dictionary)
{
    qpdf_data pdf = document->pdf;
    if (!sym_qpdf_oh_is_dictionary(pdf, dictionary))
        return NULL;
    int id = sym_qpdf_oh_get_object_id(pdf, dictionary);
    KxPdfFont *font = id > 0 ? g_hash_table_lookup(document->fonts, GINT_TO_POINTER(id)) : NULL;
    if (font)
        return font;
    font = kx_pdf_font_load(pdf, dictionary);
    g_ptr_array_add(document->all, font);
    if (id > 0)
        g_hash_table_insert(document->fonts, GINT_TO_POINTER(id), font);
    return font;
}

static void set_font(Canvas *canvas, const KxPdfLexer *lexer)
{
    canvas->text->font = find_font(canvas->document, resource(canvas, "/Font", lexer, 1));
    canvas->text->size = kx_pdf_operand_number(lexer, 0);
}

/* ---- forms ---- */

static KxPdfMatrix form_matrix(qpdf_data pdf, qpdf_oh dictionary)
{
    double n[6];
    qpdf_oh list = sym_qpdf_oh_get_key(pdf, dictionary, "/Matrix");
    if (!sym_qpdf_oh_is_array(pdf, list) || sym_qpdf_oh_get_array_n_items(pdf, list) != 6)
        return kx_pdf_identity;
    for (int i = 0; i < 6; i++)
        if (!sym_qpdf_oh_get_value_as_number(pdf, sym_qpdf_oh_get_array_item(pdf, list, i), &n[i]))
            return kx_pdf_identity;
    return (KxPdfMatrix){n[0], n[1], n[2], n[3], n[4], n[5]};
}

static gboolean draw_form(Canvas *canvas, qpdf_oh form)
{
    qpdf_data pdf = canvas->document->pdf;
    size_t len;
    unsigned char *bytes = kx_pdf_stream(pdf, form, &len);
    if (!bytes)
        return TRUE;
    qpdf_oh dictionary = sym_qpdf_oh_get_dict(pdf, form);
    qpdf_oh resources = sym_qpdf_oh_get_key(pdf, dictionary, "/Resources");
    g_autofree Canvas *inner = g_new0(Canvas, 1);
    inner->document = canvas->document;
    inner->text = canvas->text;
    inner->depth = canvas->depth + 1;
    inner->resources = sym_qpdf_oh_is_dictionary(pdf, resources) ? resources : canvas->resources;
    KxPdfText before = *canvas->text;
    canvas->text->ctm = kx_pdf_multiply(form_matrix(pdf, dictionary), before.ctm);
    gboolean ok = draw(inner, (const char *)bytes, len);
    free(bytes);
    canvas->text->ctm = before.ctm;
    canvas->text->font = before.font;
    canvas->text->size = before.size;
    canvas->text->text = before.text;
    canvas->text->line = before.line;
    canvas->text->moved = TRUE;
    return ok;
}

static gboolean draw_object(Canvas *canvas, const KxPdfLexer *lexer)
{
    qpdf_data pdf = canvas->document->pdf;
    qpdf_oh object = resource(canvas, "/XObject", lexer, 0);
    if (!sym_qpdf_oh_is_stream(pdf, object))
        return TRUE;
    qpdf_oh subtype = sym_qpdf_oh_get_key(pdf, sym_qpdf_oh_get_dict(pdf, object), "/Subtype");
    if (!sym_qpdf_oh_is_name_and_equals(pdf, subtype, "/Form") || canvas->depth >= FORM_DEPTH_MAX)
        return TRUE;
    return ++canvas->document->forms <= FORMS_MAX && draw_form(canvas, object);
}

/* ---- graphics state (section 8.4) ---- */

static void save(Canvas *canvas)
{
    const KxPdfText *text = canvas->text;
    if (canvas->n_states < STATES_MAX)
        canvas->states[canvas->n_states] = (State){text->ctm, text->font, text->size};
    canvas->n_states++;
}

static void restore(Canvas *canvas)
{
    if (canvas->n_states == 0 || --canvas->n_states >= STATES_MAX)
        return;
    const State *state = &canvas->states[canvas->n_states];
    canvas->text->ctm = state->ctm;
    canvas->text->font = state->font;
    canvas->text->size = state->size;
    canvas->text->moved = TRUE;
}

static void transform(Canvas *canvas, const KxPdfLexer *lexer)
{
    KxPdfMatrix matrix = {kx_pdf_operand_number(lexer, 5), kx_pdf_operand_number(lexer, 4),
                          kx_pdf_operand_number(lexer, 3), kx_pdf_operand_number(lexer, 2),
                          kx_pdf_operand_number(lexer, 1), kx_pdf_operand_number(lexer, 0)};
    canvas->text->ctm = kx_pdf_multiply(matrix, canvas->text->ctm);
    canvas->text->moved = TRUE;
}

static gboolean run(Canvas *canvas, const char *operator, const KxPdfLexer * lexer)
{
    if (kx_pdf_text_operator(canvas->text, operator, lexer))
        return TRUE;
    if (strcmp(operator, "Do") == 0)
        return draw_object(canvas, lexer);
    if (strcmp(operator, "Tf") == 0)
        set_font(canvas, lexer);
    else if (strcmp(operator, "q") == 0)
        save(canvas);
    else if (strcmp(operator, "Q") == 0)
        restore(canvas);
    else if (strcmp(operator, "cm") == 0)
        transform(canvas, lexer);
    return TRUE;
}

/* FALSE: enough of this document. */
static gboolean draw(Canvas *canvas, const char *data, size_t len)
{
    Document *document = canvas->document;
    document->contents += len;
    if (document->contents > CONTENTS_MAX)
        return FALSE;
    g_auto(KxPdfLexer) lexer;
    kx_pdf_lexer_init(&lexer, data, len);
    const char *operator;
    while (!document->out->full && (operator= kx_pdf_lexer_next(&lexer)))
        if (!run(canvas, operator, & lexer))
            return FALSE;
    return !document->out->full;
}

/* ---- the document ---- */

static void append_contents(Document *document, GString *contents, qpdf_oh stream)
{
    size_t len;
    unsigned char *bytes = kx_pdf_stream(document->pdf, stream, &len);
    if (!bytes)
        document->damaged = TRUE;
    else if (contents->len + len > CONTENTS_MAX)
        document->contents = CONTENTS_MAX + 1;
    else
        g_string_append_len(contents, (const char *)bytes, (gssize)len);
    g_string_append_c(contents, '\n');
    free(bytes);
}

/* A stream, or several that are one after the other (section 7.8.2). */
static GString *page_contents(Document *document, qpdf_oh page)
{
    qpdf_data pdf = document->pdf;
    GString *contents = g_string_new(NULL);
    qpdf_oh streams = sym_qpdf_oh_get_key_if_dict(pdf, page, "/Contents");
    if (!sym_qpdf_oh_is_array(pdf, streams)) {
        if (!sym_qpdf_oh_is_null(pdf, streams)) /* else the page is empty */
            append_contents(document, contents, streams);
        return contents;
    }
    int n = MIN(sym_qpdf_oh_get_array_n_items(pdf, streams), CONTENT_STREAMS_MAX);
    for (int i = 0; i < n && document->contents <= CONTENTS_MAX; i++)
        append_contents(document, contents, sym_qpdf_oh_get_array_item(pdf, streams, i));
    return contents;
}

static gboolean draw_page(Document *document, qpdf_oh page)
{
    g_autoptr(GString) contents = page_contents(document, page);
    KxPdfText text;
    kx_pdf_text_init(&text, document->out);
    g_autofree Canvas *canvas = g_new0(Canvas, 1);
    canvas->document = document;
    canvas->text = &text;
    canvas->resources = sym_qpdf_oh_get_key_if_dict(document->pdf, page, "/Resources");
    gboolean ok = draw(canvas, contents->str, contents->len);
    kx_text_out_line(document->out);
    return ok;
}

static void forget_fonts(Document *document)
{
    g_hash_table_remove_all(document->fonts);
    g_ptr_array_set_size(document->all, 0);
}

static void add_title(Document *document)
{
    static const char *const keys[] = {"/Title", "/Subject", "/Author", "/Keywords"};
    qpdf_data pdf = document->pdf;
    qpdf_oh info = sym_qpdf_oh_get_key_if_dict(pdf, sym_qpdf_get_trailer(pdf), "/Info");
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        qpdf_oh value = sym_qpdf_oh_get_key_if_dict(pdf, info, keys[i]);
        if (!sym_qpdf_oh_is_string(pdf, value))
            continue;
        size_t len;
        const char *text = sym_qpdf_oh_get_binary_utf8_value(pdf, value, &len);
        kx_text_out_append(document->out, text, len);
        kx_text_out_line(document->out);
    }
}

/* The last error of libqpdf; asking for it keeps it from being printed. */
static gboolean fail(qpdf_data pdf, GError **error)
{
    qpdf_error why = sym_qpdf_has_error(pdf) ? sym_qpdf_get_error(pdf) : NULL;
    if (why && sym_qpdf_get_error_code(pdf, why) == qpdf_e_password)
        return kx_fail(error, KX_ERR_DENIED, "this PDF needs a password");
    return kx_fail(error, KX_ERR_CORRUPT, "this PDF is damaged");
}

static gboolean draw_pages(Document *document, GError **error)
{
    qpdf_data pdf = document->pdf;
    int pages = sym_qpdf_get_num_pages(pdf);
    if (pages < 0 || (sym_qpdf_push_inherited_attributes_to_page(pdf) & QPDF_ERRORS))
        return fail(pdf, error);
    add_title(document);
    for (int i = 0; i < MIN(pages, PAGES_MAX); i++) {
        if (!draw_page(document, sym_qpdf_get_page_n(pdf, (size_t)i)))
            break;
        sym_qpdf_oh_release_all(pdf);
        if (document->all->len > FONTS_MAX)
            forget_fonts(document);
    }
    return !document->damaged || document->out->text->len > 0 || fail(pdf, error);
}

static void font_free(gpointer font)
{
    kx_pdf_font_free(font);
}

gboolean kx_convert_pdf(const KxContent *content, KxTextOut *out, GError **error)
{
    if (!kx_convert_open_libraries(error))
        return FALSE;
    qpdf_data pdf = sym_qpdf_init();
    sym_qpdf_set_suppress_warnings(pdf, QPDF_TRUE);
    sym_qpdf_silence_errors(pdf);
    Document document = {.pdf = pdf,
                         .out = out,
                         .fonts = g_hash_table_new(NULL, NULL),
                         .all = g_ptr_array_new_with_free_func(font_free)};
    /* Without a password: files that open without one, but restrict what may be done, are encrypted
     * too. */
    QPDF_ERROR_CODE rc = sym_qpdf_read_memory(pdf, "content", content->data, content->len, NULL);
    gboolean ok = rc & QPDF_ERRORS ? fail(pdf, error) : draw_pages(&document, error);
    if (sym_qpdf_has_error(pdf))
        sym_qpdf_get_error(pdf);
    g_hash_table_unref(document.fonts);
    g_ptr_array_unref(document.all);
    sym_qpdf_cleanup(&pdf);
    return ok;
}
