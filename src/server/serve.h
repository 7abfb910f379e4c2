/* SPDX-License-Identifier: Apache-2.0 */
/* `keryx serve`: checks and locks the data directory, gives up root, and becomes the keeper. */
#pragma once

/* Returns the exit status. */
int kx_serve(const char *data);
