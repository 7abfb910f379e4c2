/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-operations.h"

#include "base/text.h"
#include "log/log-value.h"

static void append_actor(GString *line, const KxAuditActor *actor)
{
    g_string_append_printf(line, "Protocol: %s, User: ", actor->protocol);
    kx_log_append_plain(line, actor->user);
    if (actor->ip)
        g_string_append_printf(line, ", IP: %s", actor->ip);
}

static void append_path(GString *line, const char *key, const char *path)
{
    g_string_append_printf(line, ", %s: ", key);
    kx_log_append_plain(line, path);
}

static void append_item(GString *line, const KxAuditItem *item)
{
    append_path(line, "Folder", item->folder);
    if (item->from_address) {
        g_string_append(line, ", From: ");
        if (item->from_name && *item->from_name) {
            kx_log_append_quoted(line, item->from_name, '"');
            g_string_append_c(line, ' ');
        }
        kx_log_append_address(line, item->from_address);
    }
    g_string_append(line, ", Subject: ");
    kx_log_append_quoted(line, item->subject, '"');
    if (item->delivered != 0) {
        char time[21];
        kx_format_log_time(item->delivered, time);
        g_string_append_printf(line, ", Delivered: %s", time);
    }
    g_string_append_printf(line, ", Size: %" G_GUINT64_FORMAT, item->size);
}

void kx_log_item_delete(KxLogger *logger, const KxAuditActor *actor, const KxAuditItem *item)
{
    g_autoptr(GString) line = g_string_new("{DELETE} ");
    append_actor(line, actor);
    append_item(line, item);
    kx_log(logger, KX_LOG_OPERATIONS, "%s", line->str);
}

void kx_log_item_move(KxLogger *logger, const KxAuditActor *actor, const KxAuditItem *item)
{
    g_autoptr(GString) line = g_string_new("{MOVE} ");
    append_actor(line, actor);
    append_item(line, item);
    append_path(line, "New location", item->target);
    kx_log(logger, KX_LOG_OPERATIONS, "%s", line->str);
}

void kx_log_folder_delete(KxLogger *logger, const char *folder)
{
    g_autoptr(GString) line = g_string_new("{DELETE_FOLDER} Folder: ");
    kx_log_append_plain(line, folder);
    g_string_append(line, " deleted");
    kx_log(logger, KX_LOG_OPERATIONS, "%s", line->str);
}

void kx_log_folder_move(KxLogger *logger, const KxAuditActor *actor, const KxAuditFolderMove *move)
{
    g_autoptr(GString) line = g_string_new("{MOVE_FOLDER} ");
    append_actor(line, actor);
    append_path(line, "Old location", move->from);
    append_path(line, "New location", move->to);
    g_string_append_printf(line, ", Items count: %" G_GUINT64_FORMAT, move->items);
    kx_log(logger, KX_LOG_OPERATIONS, "%s", line->str);
}
