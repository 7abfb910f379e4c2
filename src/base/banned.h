/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that invite overruns or surprises do not compile. The build forces this header into
 * every unit. Use KxBuf, GString, g_strlcpy or g_snprintf instead.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KX_BANNED(name) sorry_##name##_is_a_banned_function

#undef strcpy
#define strcpy(d, s) KX_BANNED(strcpy)
#undef strcat
#define strcat(d, s) KX_BANNED(strcat)
#undef strncpy
#define strncpy(d, s, n) KX_BANNED(strncpy)
#undef strncat
#define strncat(d, s, n) KX_BANNED(strncat)
#undef sprintf
#define sprintf(...) KX_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) KX_BANNED(vsprintf)
#undef strtok
#define strtok(s, d) KX_BANNED(strtok)
#undef gmtime
#define gmtime(t) KX_BANNED(gmtime)
#undef localtime
#define localtime(t) KX_BANNED(localtime)
#undef ctime
#define ctime(t) KX_BANNED(ctime)
#undef system
#define system(c) KX_BANNED(system)
#undef popen
#define popen(c, m) KX_BANNED(popen)
