/* SPDX-License-Identifier: Apache-2.0 */
/* keryx search text: what the server makes of an attachment, so that an administrator sees by which
 * words a document is found. */
#include "admin/search-text.h"

#include "admin/cli-private.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"

/* In the core: the name of the file, and its content in base64. */
json_t *kx_search_text_run(const KxCall *call, GError **error)
{
    KxConvert *convert = call->context->core->convert;
    if (call->n_args != 2) {
        kx_fail(error, KX_ERR_INVALID, "the content is missing");
        return NULL;
    }
    const char *type = kx_call_text(call, "type");
    g_autofree char *bytes = g_strdup(call->args[1]);
    size_t len;
    if (!kx_base64_decode(bytes, strlen(bytes), &len)) {
        kx_fail(error, KX_ERR_INVALID, "the content is not base64");
        return NULL;
    }
    g_autoptr(GBytes) content = g_bytes_new(bytes, len);
    g_autofree char *text = NULL;
    if (!kx_convert_text(convert, type ? type : "", call->args[0], content, &text, error))
        return NULL;
    return json_pack("{s:s}", "text", text);
}

void kx_search_text_show(const json_t *result, FILE *out)
{
    const char *text = json_string_value(json_object_get(result, "text"));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_autofree char *safe = kx_escape_for_log(lines[i], -1, G_MAXSIZE);
        fprintf(out, "%s\n", safe);
    }
}

/* On the command line: a file of any kind, unlike those of other commands. */
static gboolean read_content(const char *path, char **ret_base64, GError **error)
{
    g_autofree char *bytes = NULL;
    size_t len;
    if (!kx_read_file(path, KX_FILE_MAX, &bytes, &len, error))
        return FALSE;
    *ret_base64 = g_base64_encode((const guchar *)bytes, len);
    return TRUE;
}

int kx_search_text_ask(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *base64 = NULL;
    const char *path = invocation->args->pdata[0];
    if (invocation->args->len != 1)
        kx_fail(&error, KX_ERR_INVALID, "too many words: keryx search text FILE");
    if (error || !read_content(path, &base64, &error) || !kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    g_autoptr(GPtrArray) args = g_ptr_array_new();
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_ptr_array_add(args, valid);
    g_ptr_array_add(args, base64);
    KxInvocation with_content = *invocation;
    with_content.args = args;
    json_auto_t *answer = kx_cli_ask(&with_content, &error);
    return answer ? kx_cli_answer(&with_content, answer) : kx_cli_fail(error);
}
