/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of templates for accounts; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(TEMPLATE, FOR_DOMAIN, "domain", "For_domain", 0, domain, for_domain, "USR-65",
    "The domain whose accounts the template is for; without one it is for all domains.")
/* clang-format on */
#define KX_ACCOUNT(id, name, logged, flags, kind, member, spec, manual)                            \
    KX_FIELD(TEMPLATE, id, name, logged, flags, kind, account.member, spec, manual)
#define KX_OWN(...)
#define KX_OWN_SECRET(...)
#include "directory/fields-user.h"
