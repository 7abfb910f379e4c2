/* SPDX-License-Identifier: Apache-2.0 */
/* keryx search: what search finds messages by. */
#include "admin/search-text.h"

static const KxOption text_options[] = KX_SEARCH_TEXT_OPTIONS;

static const KxCommand commands[] = {
    {KX_SEARCH_TEXT_COMMAND, KX_OPTIONS(text_options)},
};

const KxTopic kx_topic_search = {"search", "Search", commands, G_N_ELEMENTS(commands)};
