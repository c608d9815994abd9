/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_HOOK_H
#define BL_HOOK_H

void hook(void);

#endif
