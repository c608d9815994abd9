/* SPDX-License-Identifier: Apache-2.0
 * Ctrl-C and SIGTERM, asked for rather than suffered: what was begun is finished first.
 */
#ifndef BL_STOP_H
#define BL_STOP_H

#include <stdbool.h>

/*
 * From now on the first SIGINT or SIGTERM only asks to stop; a second one kills as ever. A closed pipe is an error of
 * write(), no signal. Before any thread exists. False, with one line printed, when the system refuses.
 */
bool stop_watch(void);

bool stop_asked(void); /* any thread */
void stop_ask(void);   /* as a signal would, without one */
int stop_signal(void); /* the signal that asked; 0 when none did */

/* Wait for fd to be readable; false as soon as a stop is asked for. */
bool stop_wait(int fd);

#endif
