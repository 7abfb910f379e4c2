/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that are archives of XML: Office Open XML (ISO/IEC 29500) and OpenDocument (ISO/IEC
 * 26300). Which one, the names in the archive tell; other archives have no text.
 */

#include "base/error.h"
#include "convert/content.h"
#include "convert/libraries.h"
#include "convert/xml.h"

enum {
    ENTRIES_MAX = 10000,
    UNFOLDED_MAX = 256 * 1024 * 1024, /* bytes of all that is read of one archive */
    RATIO_MAX = 200,                  /* of one entry, once it is larger than RATIO_FROM */
    RATIO_FROM = 4 * 1024 * 1024,
    PIECE = 65536,
};

/* The entries with text: a name, or what it begins with before a '*' ("*" stands for digits). */
typedef struct {
    const char *name;
    KxXmlRules rules;
} Part;

#define PROPERTIES                                                                                 \
    {                                                                                              \
        .text = " title subject creator keywords keyword description ",                            \
        .lines = " title subject creator keywords keyword description ",                           \
    }
#define WORD                                                                                       \
    {                                                                                              \
        .text = " t ", .skip = " del moveFrom ", .lines = " p br cr ", .spaces = " tab tc "        \
    }
#define DRAWING                                                                                    \
    {                                                                                              \
        .text = " t ", .lines = " p br ", .spaces = " tab tc "                                     \
    }

static const Part parts[] = {
    {"docProps/core.xml", PROPERTIES},
    {"word/document.xml", WORD},
    {"word/header*.xml", WORD},
    {"word/footer*.xml", WORD},
    {"word/footnotes.xml", WORD},
    {"word/endnotes.xml", WORD},
    {"word/comments.xml", WORD},
    {"xl/sharedStrings.xml", {.text = " t ", .skip = " rPh ", .lines = " si "}},
    {"xl/worksheets/sheet*.xml",
     {.text = " t v ", .skip = " rPh ", .lines = " row ", .spaces = " c "}},
    {"xl/comments*.xml", {.text = " t ", .lines = " comment "}},
    {"ppt/slides/slide*.xml", DRAWING},
    {"ppt/notesSlides/notesSlide*.xml", DRAWING},
    {"meta.xml", PROPERTIES},
    {"content.xml",
     {.skip = " automatic-styles font-face-decls scripts tracked-changes binary-data ",
      .lines = " p h line-break table-row ",
      .spaces = " tab s table-cell list-item "}},
};

/* What says that it is one of these documents. */
static const char *const signs[] = {"word/document.xml", "xl/workbook.xml", "ppt/presentation.xml",
                                    "content.xml"};

typedef struct {
    zip_t *zip;
    KxTextOut *out;
    guint64 unfolded;
} Archive;

static gboolean matches(const char *pattern, const char *name)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
    if (strncmp(pattern, name, before) != 0)
        return FALSE;
    name += before;
    if (star)
        name += strspn(name, "0123456789");
    return strcmp(name, star ? star + 1 : "") == 0;
}

static gboolean check_growth(Archive *archive, const zip_stat_t *entry, guint64 size,
                             GError **error)
{
    if (archive->unfolded <= UNFOLDED_MAX &&
        (size <= RATIO_FROM || size / RATIO_MAX <= entry->comp_size))
        return TRUE;
    return kx_fail(error, KX_ERR_TOO_BIG, "%s unfolds to more than it should", entry->name);
}

static gboolean read_entry(Archive *archive, zip_file_t *file, const zip_stat_t *entry,
                           const KxXmlRules *rules, GError **error)
{
    g_autoptr(KxXmlText) xml = kx_xml_text_new(rules, archive->out);
    g_autofree char *piece = g_malloc(PIECE);
    guint64 size = 0;
    zip_int64_t n;
    while ((n = sym_zip_fread(file, piece, PIECE)) > 0 && !archive->out->full) {
        size += (guint64)n;
        archive->unfolded += (guint64)n;
        if (!check_growth(archive, entry, size, error) ||
            !kx_xml_text_feed(xml, piece, (size_t)n, FALSE, error))
            return FALSE;
    }
    if (n < 0)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is damaged", entry->name);
    return archive->out->full || kx_xml_text_feed(xml, NULL, 0, TRUE, error);
}

static gboolean open_entry(Archive *archive, const zip_stat_t *entry, const KxXmlRules *rules,
                           GError **error)
{
    if (entry->encryption_method != ZIP_EM_NONE)
        return kx_fail(error, KX_ERR_DENIED, "this document is encrypted");
    if (entry->comp_method != ZIP_CM_STORE && entry->comp_method != ZIP_CM_DEFLATE)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is compressed in a way no document is",
                       entry->name);
    zip_file_t *file = sym_zip_fopen_index(archive->zip, entry->index, 0);
    if (!file)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is damaged", entry->name);
    g_autoptr(GError) inner = NULL;
    gboolean ok = read_entry(archive, file, entry, rules, &inner);
    sym_zip_fclose(file);
    if (!ok)
        g_propagate_prefixed_error(error, g_steal_pointer(&inner), "%s: ", entry->name);
    kx_text_out_line(archive->out);
    return ok;
}

static gboolean read_part(Archive *archive, const Part *part, GError **error)
{
    zip_int64_t n = sym_zip_get_num_entries(archive->zip, 0);
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_INDEX | ZIP_STAT_COMP_SIZE |
                                ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    for (zip_int64_t i = 0; i < n && !archive->out->full; i++) {
        zip_stat_t entry;
        if (sym_zip_stat_index(archive->zip, (zip_uint64_t)i, 0, &entry) < 0 ||
            (entry.valid & needed) != needed || !matches(part->name, entry.name))
            continue;
        if (!open_entry(archive, &entry, &part->rules, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_document(zip_t *zip)
{
    for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
        if (sym_zip_name_locate(zip, signs[i], 0) >= 0)
            return TRUE;
    return FALSE;
}

static gboolean read_archive(Archive *archive, GError **error)
{
    if (sym_zip_get_num_entries(archive->zip, 0) > ENTRIES_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "this archive has more than %d entries", ENTRIES_MAX);
    if (!is_document(archive->zip))
        return kx_fail(error, KX_ERR_INVALID, "no text in this type");
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!read_part(archive, &parts[i], error))
            return FALSE;
    return TRUE;
}

gboolean kx_convert_office(const KxContent *content, KxTextOut *out, GError **error)
{
    zip_error_t why;
    if (!kx_convert_open_libraries(error))
        return FALSE;
    sym_zip_error_init(&why);
    zip_source_t *source = sym_zip_source_buffer_create(content->data, content->len, 0, &why);
    zip_t *zip = source ? sym_zip_open_from_source(source, ZIP_RDONLY, &why) : NULL;
    sym_zip_error_fini(&why);
    if (!zip) {
        sym_zip_source_free(source);
        return kx_fail(error, KX_ERR_CORRUPT, "this archive is damaged");
    }
    Archive archive = {.zip = zip, .out = out};
    gboolean ok = read_archive(&archive, error);
    sym_zip_discard(zip);
    return ok;
}
