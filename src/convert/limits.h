/* SPDX-License-Identifier: Apache-2.0 */
/* What one conversion may cost. */
#pragma once

enum {
    KX_CONVERT_CONTENT_MAX = 64 * 1024 * 1024, /* bytes of content */
    KX_CONVERT_TEXT_MAX = 1024 * 1024,         /* bytes of text; what is more is cut */
    KX_CONVERT_MEMORY_MAX = 512 * 1024 * 1024, /* bytes that the process may allocate */
    KX_CONVERT_SECONDS = 20,                   /* then its process is killed */
    KX_CONVERT_CPU_SECONDS = 60,               /* of a process in its whole life */
};
