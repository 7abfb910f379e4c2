/* SPDX-License-Identifier: Apache-2.0 */
#include "core/url-content.h"

#include "base/error.h"
#include "store/content.h"

void kx_url_content_clear(KxUrlContent *content)
{
    kx_section_bytes_clear(&content->found);
    kx_mime_message_free(content->mime);
    g_clear_pointer(&content->message, g_bytes_unref);
    *content = (KxUrlContent){0};
}

static const KxMimeMessage *parts(KxUrlContent *content)
{
    if (!content->mime) {
        size_t len;
        const char *data = g_bytes_get_data(content->message, &len);
        content->mime = kx_mime_parse(data ? data : "", len);
    }
    return content->mime;
}

static gboolean find_section(KxUrlContent *content, const KxImapUrl *url, GError **error)
{
    size_t len;
    const char *data = g_bytes_get_data(content->message, &len);
    content->data = data ? data : "";
    content->len = len;
    if (!url->has_section)
        return TRUE;
    const char *const *fields = (const char *const *)url->fields;
    guint n = url->fields ? g_strv_length(url->fields) : 0;
    if (!kx_section_get(parts(content), &url->section, fields, n, &content->found))
        return kx_fail(error, KX_ERR_NOT_FOUND, "The message has no such part");
    content->data = content->found.owned ? g_bytes_get_data(content->found.owned, NULL)
                                         : content->data + content->found.offset;
    content->len = content->found.len;
    return TRUE;
}

static void cut(KxUrlContent *content, const KxImapUrl *url)
{
    size_t offset = (size_t)MIN(url->offset, content->len);
    content->data += offset;
    content->len -= offset;
    if (url->count > 0)
        content->len = (size_t)MIN(url->count, content->len);
}

static gboolean read_message(KxAccount *account, const char *path, const KxImapUrl *url,
                             KxUrlContent *content, GError **error)
{
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, path, error);
    if (!info)
        return FALSE;
    if (info->type != KX_TYPE_MAIL)
        return kx_fail(error, KX_ERR_NOT_FOUND, "The folder is not a mail folder");
    g_autoptr(KxFolder) folder = kx_folder_open(account, path, error);
    if (!folder)
        return FALSE;
    if (url->uid_validity != 0 && url->uid_validity != kx_folder_uid_validity(folder))
        return kx_fail(error, KX_ERR_NOT_FOUND, "UIDVALIDITY has changed");
    content->message = kx_item_content(folder, url->uid, error);
    return content->message != NULL;
}

gboolean kx_url_content(KxAccount *account, const char *path, const KxImapUrl *url,
                        KxUrlContent *ret_content, GError **error)
{
    g_auto(KxUrlContent) content = {0};
    if (!read_message(account, path, url, &content, error) || !find_section(&content, url, error))
        return FALSE;
    if (url->partial)
        cut(&content, url);
    *ret_content = content;
    content = (KxUrlContent){0};
    return TRUE;
}

const KxMimePart *kx_url_content_part(KxUrlContent *content, const KxImapUrl *url)
{
    if (url->partial || (url->has_section && url->section.kind != KX_SECTION_ALL))
        return NULL;
    return kx_mime_find_part(parts(content), url->section.path, url->section.n_path);
}
