/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which attributes of an LDAP directory say what of a user or a group (DIR-20 to DIR-28): as is
 * usual in directories of a type, or as the domain's field directory-attributes has it. Pure and
 * thread-safe.
 */
#pragma once

#include "directory/directory.h"

/* X(ID, name, Active Directory, OpenLDAP, FreeIPA, eDirectory); several attributes have + between
 * them. Where one value is wanted it is that of the first attribute that has any. The attributes
 * keryx... are in packaging/ldap/keryx.schema. Rights to administer are from no attribute unless
 * somebody says so: who controls a directory is to be no administrator of this server by that
 * alone. */
#define KX_ATTRIBUTES(X)                                                                           \
    X(NAME, "name", "sAMAccountName", "uid", "uid", "uid+cn")                                      \
    X(ENABLED, "enabled", "keryxEnabled", "keryxEnabled", "keryxEnabled", "keryxEnabled")          \
    X(FULL_NAME, "full-name", "displayName+cn", "displayName+cn", "displayName+cn",                \
      "fullName+displayName+cn")                                                                   \
    X(DESCRIPTION, "description", "description", "description", "description", "description")      \
    X(ADDRESSES, "addresses", "mail+proxyAddresses+keryxAddress",                                  \
      "mail+mailLocalAddress+mailAlternateAddress+keryxAddress",                                   \
      "mail+mailAlternateAddress+keryxAddress", "mail+keryxAddress")                               \
    X(FORWARD, "forward", "keryxForward", "keryxForward", "keryxForward", "keryxForward")          \
    X(FORWARD_ONLY, "forward-only", "keryxForwardOnly", "keryxForwardOnly", "keryxForwardOnly",    \
      "keryxForwardOnly")                                                                          \
    X(QUOTA, "quota", "keryxQuota", "keryxQuota", "keryxQuota", "keryxQuota")                      \
    X(QUOTA_ITEMS, "quota-items", "keryxQuotaItems", "keryxQuotaItems", "keryxQuotaItems",         \
      "keryxQuotaItems")                                                                           \
    X(ADMIN, "admin", "", "", "", "")                                                              \
    X(GROUP_NAME, "group-name", "sAMAccountName", "cn", "cn", "cn")                                \
    X(GROUP_DESCRIPTION, "group-description", "description", "description", "description",         \
      "description")                                                                               \
    X(MEMBERS, "members", "member", "member+uniqueMember+memberUid", "member", "member")           \
    X(GROUP_ADDRESSES, "group-addresses", "mail+proxyAddresses+keryxAddress", "mail+keryxAddress", \
      "mail+keryxAddress", "mail+keryxAddress")                                                    \
    X(GROUP_ADMIN, "group-admin", "", "", "", "")

typedef enum {
#define X(ID, ...) KX_ATTRIBUTE_##ID,
    KX_ATTRIBUTES(X)
#undef X
        KX_ATTRIBUTE_COUNT
} KxAttribute;

/* An entry "what=attribute+attribute" in its one form; NULL with KX_ERR_INVALID. */
char *kx_attribute_parse(const char *entry, GError **error);

/* The names of the attributes, of each what is wanted; free with g_strfreev(). */
char **kx_attribute_names(const KxDomain *domain, KxAttribute attribute);

/* The filters that the domain has, or those of its type. */
const char *kx_attribute_users(const KxDomain *domain);
const char *kx_attribute_groups(const KxDomain *domain);
/* The DN below which they are, to be freed. */
char *kx_attribute_base(const KxDomain *domain);
