/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of MTA-STS as a web server gives them; what is taken must survive being written. */
#include <string.h>

#include "courier/sts-policy.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(texts, g_strndup((const char *)data, size));
    g_free(kx_sts_record_id(texts));
    g_autoptr(KxStsPolicy) policy = kx_sts_policy_parse((const char *)data, size, NULL);
    if (!policy)
        return 0;
    g_autofree char *text = kx_sts_policy_format(policy);
    g_autoptr(KxStsPolicy) again = kx_sts_policy_parse(text, strlen(text), NULL);
    g_assert_true(again && again->mode == policy->mode && again->max_age == policy->max_age &&
                  again->mx->len == policy->mx->len);
    kx_sts_policy_names(policy, "mx.company.test");
    return 0;
}
