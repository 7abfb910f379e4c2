/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of the directory's objects, one row each, in a file for each kind of object. No
 * include guard: the files are included once per use.
 *
 *     KX_FIELD(object, id, name, logged, flags, kind, member, spec, manual)
 *
 * `name` is what the command line and the API say, `logged` what the Config log says (LOG-24), the
 * kind is one of directory/kinds.h, the member one of the structure in directory/directory.h; the
 * id names the column in the database. KX_SECRET is the same without a member.
 */
#include "directory/fields-domain.h"
#include "directory/fields-user.h"
#include "directory/fields-group.h"
#include "directory/fields-alias.h"
#include "directory/fields-ip-group.h"
#include "directory/fields-template.h"
#include "directory/fields-time-range.h"
#include "directory/fields-etrn.h"
#include "directory/fields-schedule.h"
#include "directory/fields-download.h"
#include "directory/fields-sorting.h"
#include "directory/fields-routing.h"
#include "directory/fields-highlight.h"
