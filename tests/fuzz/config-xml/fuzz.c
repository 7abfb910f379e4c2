/* SPDX-License-Identifier: Apache-2.0 */
/* mailserver.cfg and users.cfg: what is read keeps to its limits, and its variables have names. */
#include "admin/config-xml.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxConfigDocument) document = kx_config_xml_read((const char *)bytes, len, &error);
    g_assert((document == NULL) == (error != NULL));
    for (guint i = 0; document && i < document->sections->len; i++) {
        const KxConfigSection *section = document->sections->pdata[i];
        g_assert(!section->item || section->variables->len > 0);
        for (guint v = 0; v < section->variables->len; v++) {
            const KxConfigVariable *variable =
                &g_array_index(section->variables, KxConfigVariable, v);
            g_assert(*variable->name && strlen(variable->name) <= KX_CONFIG_XML_NAME_MAX);
            g_assert(strlen(variable->value) <= KX_CONFIG_XML_VALUE_MAX);
        }
    }
    return 0;
}
