/* SPDX-License-Identifier: Apache-2.0
 * In build/tests/breedlens_hooked only, never in the program that is shipped:
 * tries from inside the serving process what the sandbox must refuse, in a new
 * thread, and writes what the kernel says to stderr, a line an attempt.
 *   BREEDLENS_HOOK=DIR  a folder with the files `old` and `read`, where writing would be possible
 *   BREEDLENS_HOOK_DUMPABLE=1  let the tests' own user look into the process's memory
 */
#include "hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
at(const char *name)
{
    static char path[4096];

    snprintf(path, sizeof path, "%s/%s", getenv("BREEDLENS_HOOK"), name);
    return path;
}

static void
told(const char *what, int rc)
{
    fprintf(stderr, "hook %s: %s\n", what, rc < 0 ? strerror(errno) : "DONE");
}

static int
open_at(const char *name, int flags)
{
    int fd = open(at(name), flags | O_CLOEXEC, 0600);

    if (fd >= 0) close(fd);
    return fd;
}

static int
connect_to(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr = { htonl(0x7f000001) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0), rc = connect(fd, (struct sockaddr *)&to, sizeof to);

    close(fd);
    return rc;
}

static int
bind_to(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr = { htonl(0x7f000001) } };
    int fd = socket(AF_INET, SOCK_STREAM, 0), rc = bind(fd, (struct sockaddr *)&to, sizeof to);

    close(fd);
    return rc;
}

static void *
try_all(void *context)
{
    char *const argv[] = { "/bin/true", NULL };
    const char *port = getenv("BREEDLENS_HOOK_PORT");
    char other[4096];

    (void)context;
    told("create", open_at("new", O_WRONLY | O_CREAT));
    told("create-unnamed", open_at("", O_WRONLY | O_TMPFILE));
    told("write", open_at("old", O_WRONLY));
    told("append", open_at("old", O_WRONLY | O_APPEND));
    told("empty", open_at("old", O_RDONLY | O_TRUNC));
    told("truncate", truncate(at("old"), 1));
    told("remove", unlink(at("old")));
    snprintf(other, sizeof other, "%s", at("renamed"));
    told("rename", rename(at("old"), other));
    told("link", link(at("old"), other));
    told("symlink", symlink("old", other));
    told("mkdir", mkdir(at("folder"), 0700));
    told("rmdir", rmdir(at("empty-folder")));
    told("fifo", mkfifo(at("fifo"), 0600));
    told("read", open_at("read", O_RDONLY));
    told("read-passwd", open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    if (port) told("connect", connect_to((unsigned)atoi(port)));
    told("bind", bind_to(1));
    told("run", execv(argv[0], argv)); /* last: it would end us */
    fputs("hook end\n", stderr);
    return NULL;
}

void
hook(void)
{
    pthread_t thread;

    if (getenv("BREEDLENS_HOOK_DUMPABLE")) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (!getenv("BREEDLENS_HOOK") || pthread_create(&thread, NULL, try_all, NULL)) return;
    pthread_join(thread, NULL);
}
