/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of sorting rules; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(SORTING, DESCRIPTION, "description", "Description", 0, text, description, "POP3D-14",
    "Free text.")
KX_FIELD(SORTING, DISABLED, "disabled", "Enabled", KX_FIELD_INVERTED, bool, disabled, "POP3D-14",
    "The rule is passed over.")
KX_FIELD(SORTING, DELIVER_TO, "deliver-to", "Deliver_to", 0, sort_target, deliver_to, "POP3D-14 POP3D-16",
    "Who gets the mail: the address of a user, a group or an alias, or one elsewhere. For a rule *@domain also *@domain: the same name there.")
/* clang-format on */
