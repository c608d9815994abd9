/* SPDX-License-Identifier: Apache-2.0
 * Moves photos and loses none: a target is never overwritten, and across file
 * systems the original goes only when its copy is whole and on disk.
 */
#include "mover.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUFFIX_MAX = 100000, COPY_BYTES = 64 << 10 };

bool
mover_check(const char *pattern)
{
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
        if (strncmp(p, "{species}", 9) == 0 || strncmp(p, "{breed}", 7) == 0) continue;
        fprintf(stderr, "breedlens: --move-to: may hold {species} and {breed}, not '%.*s'\n", (int)strcspn(p, "}/") + 1,
                p);
        return false;
    }
    if (!*pattern) fputs("breedlens: --move-to: a folder, which may hold {species} and {breed}\n", stderr);
    return *pattern != '\0';
}

/* ---- names ---- */

/* A label as one part of a path: it cannot climb, hide or break a line. */
static void
put_part(FILE *out, const char *label)
{
    if (!*label || *label == '.') putc('_', out);
    for (; *label; label++) putc(*label == '/' || iscntrl((unsigned char)*label) ? '_' : *label, out);
}

/* The folder that the pattern means, and the file's own name in it, numbered from 2 on. */
static char *
target_name(const char *pattern, const char *file, const char *species, const char *breed, unsigned number)
{
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name), len = 0;
    char *target = NULL;
    FILE *out = open_memstream(&target, &len);

    if (!out) return NULL;
    for (; *pattern; pattern++) {
        bool is_species = strncmp(pattern, "{species}", 9) == 0;

        if (*pattern != '{') putc(*pattern, out);
        else put_part(out, is_species ? species : breed);
        if (*pattern == '{') pattern += is_species ? 8 : 6;
    }
    if (len == 0 || pattern[-1] != '/') putc('/', out);
    fwrite(name, 1, stem, out);
    if (number > 1) fprintf(out, " (%u)", number);
    fputs(name + stem, out);
    if (fclose(out) == 0) return target;
    free(target);
    return NULL;
}

static bool
is_planned(const struct mover *m, const char *target)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->pending[i].to, target) == 0) return true;
    return false;
}

const char *
mover_plan(struct mover *m, const char *file, const char *species, const char *breed)
{
    struct stat here, there;
    char *from = strdup(file), *target = NULL;

    if (!from || lstat(file, &here) || !S_ISREG(here.st_mode)) goto stays; /* a link that moves may point nowhere */
    for (unsigned number = 1; number < SUFFIX_MAX; number++) {
        free(target);
        target = target_name(m->pattern, file, species, breed, number);
        if (!target) break;
        if (lstat(target, &there) == 0) {
            if (here.st_dev == there.st_dev && here.st_ino == there.st_ino) goto stays;
        } else if (!is_planned(m, target)) {
            m->pending[m->count++] = (struct move){ from, target };
            return target;
        }
    }
    fprintf(stderr, "breedlens: %s: no free name to move it to\n", file);
stays:
    free(from);
    free(target);
    return NULL;
}

/* ---- moving ---- */

static bool
make_folders(const char *path)
{
    char *folder = strdup(path);

    if (!folder) return false;
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) && errno != EEXIST) {
            int why = errno;

            free(folder);
            errno = why;
            return false;
        }
        *slash = '/';
    }
    free(folder);
    return true;
}

static bool
copy_bytes(int in, int out)
{
    char buf[COPY_BYTES];
    ssize_t got;

    while ((got = read(in, buf, sizeof buf)) > 0) {
        for (ssize_t put = 0, n; put < got; put += n) {
            n = write(out, buf + put, (size_t)(got - put));
            if (n < 0) return false;
        }
    }
    return got == 0;
}

/* rename() that refuses a name that is taken, as far as the file system can. */
static bool
rename_new(const char *from, const char *to)
{
    struct stat info;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    return errno == EINVAL && lstat(to, &info) && rename(from, to) == 0;
}

/* Under its own name only when whole and on disk. */
static bool
copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, why;
    char *part = NULL;
    struct stat info;
    bool ok = false;

    if (in < 0 || fstat(in, &info) || asprintf(&part, "%.*s/.breedlens-XXXXXX", (int)(strrchr(to, '/') - to), to) < 0)
        goto out;
    out = mkostemp(part, O_CLOEXEC);
    if (out < 0) goto out;
    ok = copy_bytes(in, out) && fchmod(out, info.st_mode & 0777) == 0 &&
         futimens(out, (struct timespec[]){ info.st_atim, info.st_mtim }) == 0 && fsync(out) == 0 &&
         rename_new(part, to);
out:
    why = errno;
    if (out >= 0 && !ok) unlink(part);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    free(part);
    errno = why;
    return ok;
}

bool
mover_move(const char *from, const char *to)
{
    if (!make_folders(to)) return false;
    if (rename_new(from, to)) return true;
    return errno == EXDEV && copy_file(from, to) && unlink(from) == 0;
}

size_t
mover_run(struct mover *m)
{
    size_t failed = 0;

    for (size_t i = 0; i < m->count; i++) {
        struct move *move = &m->pending[i];

        if (!mover_move(move->from, move->to)) {
            fprintf(stderr, "breedlens: %s: cannot be moved to %s: %s\n", move->from, move->to, strerror(errno));
            failed++;
        }
    }
    mover_clear(m);
    return failed;
}

void
mover_clear(struct mover *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->pending[i].from);
        free(m->pending[i].to);
    }
    m->count = 0;
}
