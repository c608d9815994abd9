/* SPDX-License-Identifier: Apache-2.0
 * A signal becomes a byte in a pipe, so that who waits for a file descriptor can
 * wait for both. The state is the process's, as signals are.
 */
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int wake[2] = { -1, -1 };
static atomic_int asked_by;
static atomic_bool asked;

static void
on_signal(int number)
{
    int kept = errno;

    asked_by = number;
    stop_ask();
    errno = kept;
}

bool
stop_watch(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)(SA_RESTART | SA_RESETHAND) };

    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK)) {
        fprintf(stderr, "breedlens: pipe: %s\n", strerror(errno));
        return false;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return true;
}

bool
stop_asked(void)
{
    return asked;
}

void
stop_ask(void)
{
    asked = true;
    if (write(wake[1], "", 1) < 0) return; /* full: it has been asked for already */
}

int
stop_signal(void)
{
    return asked_by;
}

bool
stop_wait(int fd)
{
    struct pollfd fds[2] = { { .fd = wake[0], .events = POLLIN }, { .fd = fd, .events = POLLIN } };

    while (!asked) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR) return true; /* let the read say what is wrong */
        if (fds[1].revents) return !asked;
    }
    return false;
}
