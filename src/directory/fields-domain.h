/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of domains; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(DOMAIN, PRIMARY, "primary", "Primary", 0, bool, primary, "DOM-07",
    "yes makes this the primary domain, whose users sign in with their bare name; the old one loses it.")
KX_FIELD(DOMAIN, DESCRIPTION, "description", "Description", 0, text, description, "DOM-05",
    "Free text.")
KX_FIELD(DOMAIN, ALIASES, "aliases", "Aliases", 0, domains, aliases, "DOM-20",
    "Further domains whose mail is delivered to this one, separated by commas.")
KX_FIELD(DOMAIN, BOUND_IP, "bound-ip", "Bound_ip", 0, ip, bound_ip, "DOM-27",
    "Address of this server on which the users of the domain sign in with their bare name.")
KX_FIELD(DOMAIN, USER_LIMIT, "user-limit", "User_limit", 0, count, user_limit, "DOM-06 WADM-12 HOST-59",
    "Most users the domain may have, whoever adds them; those it has stay. 0 means no limit.")
/* clang-format on */
