/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/log-color.h"

#define USUAL "#ffff00"

struct KxLogColors {
    GPtrArray *rules;   /* of KxHighlight */
    GPtrArray *regexes; /* of GRegex, of each */
};

KxLogColors *kx_log_colors_new(KxDirectory *directory)
{
    KxLogColors *colors = g_new0(KxLogColors, 1);
    KxQuery query = {0};
    colors->rules = kx_object_list(directory, KX_OBJECT_HIGHLIGHT, &query, NULL, NULL);
    colors->regexes = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);
    for (guint i = 0; colors->rules && i < colors->rules->len; i++) {
        GRegex *regex = kx_highlight_compile(colors->rules->pdata[i], NULL);
        if (regex)
            g_ptr_array_add(colors->regexes, regex);
        else
            g_ptr_array_remove_index(colors->rules, i--);
    }
    return colors;
}

void kx_log_colors_free(KxLogColors *colors)
{
    if (!colors)
        return;
    g_clear_pointer(&colors->rules, g_ptr_array_unref);
    g_ptr_array_unref(colors->regexes);
    g_free(colors);
}

const char *kx_log_color(const KxLogColors *colors, const char *line)
{
    for (guint i = 0; i < colors->regexes->len; i++) {
        const KxHighlight *rule = colors->rules->pdata[i];
        if (g_regex_match_full(colors->regexes->pdata[i], line, -1, 0, 0, NULL, NULL))
            return *rule->color ? rule->color : USUAL;
    }
    return NULL;
}
