/* SPDX-License-Identifier: Apache-2.0
 * Gives up, for good, what serving does not need: writing files, reading
 * outside a few places, running programs, connecting anywhere but to
 * Cloudinary. By Landlock, through the bare system calls: Debian 12's C library
 * has no wrappers, and its headers know only the first two of the ABIs. The
 * main thread runs it before any other thread exists; they inherit it.
 */
#include "server.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h, of kernel 6.12: what an older header lacks is told to the kernel only when its ABI knows it. */
struct ruleset_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));
struct port_attr {
    uint64_t allowed_access, port;
};
enum { RULE_PATH = 1, RULE_PORT = 2, GET_VERSION = 1 };
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,    /* ABI 2, Linux 5.19 */
    FS_TRUNCATE = 1 << 14, /* ABI 3, Linux 6.2 */
    FS_IOCTL_DEV = 1 << 15 /* ABI 5, Linux 6.10 */
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };     /* ABI 4, Linux 6.7 */
enum { SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* ABI 6, Linux 6.12 */
enum { ABI_TRUNCATE = 3, ABI_NET = 4, ABI_SCOPE = 6 };
enum { PORT_DNS = 53 };

static const uint64_t fs_all[] = {
    0,
    FS_REFER - 1, /* the thirteen of ABI 1 */
    FS_TRUNCATE - 1,
    FS_IOCTL_DEV - 1,
    FS_IOCTL_DEV - 1,
    FS_IOCTL_DEV * 2 - 1,
};
enum { FS_ABIS = sizeof fs_all / sizeof fs_all[0] };

static const uint64_t fs_read = FS_READ_FILE | FS_READ_DIR;
static const uint64_t fs_save = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_MAKE_DIR |
                                FS_REMOVE_FILE | FS_REMOVE_DIR;

/*
 * What is read while serving. A file that is replaced by renaming another over
 * it is a new one to the kernel, and no longer readable: hence the folders of
 * the programs that keep resolv.conf so.
 */
static const char *const readable[] = {
    "/etc/resolv.conf", /* to find Cloudinary, and FLASK_HOST */
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ssl", /* certificates */
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/etc/localtime", /* the time zone */
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache", /* the inference runtime loads parts of itself late, and looks how many cores there are */
    "/proc",            /* what is private to another process, the kernel keeps from a sandboxed one anyway */
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
    "/dev/null",
    "/dev/urandom",
};

struct ruleset {
    int fd;
    uint64_t fs; /* rights that the ruleset takes away */
    bool broken;
};

/* Grant `access` to a file, or to all beneath a folder. What is not there needs no grant. */
static void
allow_fd(struct ruleset *set, int fd, uint64_t access)
{
    struct path_attr attr = { .allowed_access = access & set->fs, .parent_fd = fd };
    struct stat info;

    if (fstat(fd, &info)) return;
    if (!S_ISDIR(info.st_mode)) attr.allowed_access &= FS_READ_FILE; /* the others make sense of folders only */
    if (syscall(SYS_landlock_add_rule, set->fd, RULE_PATH, &attr, 0)) set->broken = true;
}

static void
allow_path(struct ruleset *set, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0) return;
    allow_fd(set, fd, access);
    close(fd);
}

static void
allow_port(struct ruleset *set, uint64_t access, unsigned port)
{
    struct port_attr attr = { access, port };

    if (syscall(SYS_landlock_add_rule, set->fd, RULE_PORT, &attr, 0)) set->broken = true;
}

/*
 * A shared object that is loaded. The C library's folder and the inference
 * runtime's are readable as a whole: resolver modules and plugins are loaded
 * from there later.
 */
static int
allow_object(struct dl_phdr_info *info, size_t size, void *context)
{
    const char *name = strrchr(info->dlpi_name, '/');
    char dir[4096];

    (void)size;
    if (!name) return 0;
    allow_path(context, info->dlpi_name, FS_READ_FILE);
    if (strncmp(name, "/libc.so", 8) != 0 && strncmp(name, "/libopenvino", 12) != 0) return 0;
    if (snprintf(dir, sizeof dir, "%.*s", (int)(name - info->dlpi_name), info->dlpi_name) < (int)sizeof dir)
        allow_path(context, dir, fs_read);
    return 0;
}

static void
fill(struct ruleset *set, const struct sandbox_plan *plan, int abi)
{
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) allow_path(set, readable[i], fs_read);
    dl_iterate_phdr(allow_object, set);
    allow_path(set, plan->model_dir, fs_read);
    if (plan->ca_file) allow_path(set, plan->ca_file, FS_READ_FILE);
    if (plan->save_fd >= 0) allow_fd(set, plan->save_fd, fs_save);
    if (abi < ABI_NET) return;
    allow_port(set, NET_BIND_TCP, plan->port);
    if (!plan->connect_port) return;
    allow_port(set, NET_CONNECT_TCP, plan->connect_port);
    allow_port(set, NET_CONNECT_TCP, PORT_DNS); /* an answer that is too long for UDP is asked for again by TCP */
}

static int
landlock(const struct sandbox_plan *plan)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);
    struct ruleset_attr attr = { 0 };
    struct ruleset set = { .fd = -1 };

    if (abi < 1) return 0;
    set.fs = fs_all[abi < FS_ABIS ? abi : FS_ABIS - 1];
    attr.handled_access_fs = set.fs;
    if (abi >= ABI_NET) attr.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= ABI_SCOPE) attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    /* An older kernel takes a longer structure whose rest is zero. */
    set.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (set.fd < 0) return 0;
    fill(&set, plan, abi);
    if (set.broken || syscall(SYS_landlock_restrict_self, set.fd, 0)) abi = 0;
    close(set.fd);
    return abi;
}

int
sandbox_enter(const struct sandbox_plan *plan)
{
    const struct rlimit none = { 0, 0 };
    bool private = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;

    private = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && private; /* no core dump, nobody else's eyes in our memory */
    private = setrlimit(RLIMIT_CORE, &none) == 0 && private;
    if (!private) log_event(LOG_LEVEL_WARN, NULL, "event=sandbox text=\"core dumps could not be turned off\"");
    return private ? landlock(plan) : 0;
}

void
sandbox_tell(int abi)
{
    if (!abi)
        log_event(LOG_LEVEL_WARN, NULL,
                  "event=no-sandbox text=\"no Landlock in this kernel: nothing is written, but nothing forbids it\"");
    else
        log_event(LOG_LEVEL_INFO, NULL, "event=sandbox landlock=%d%s", abi,
                  abi < ABI_TRUNCATE ? " text=\"this kernel cannot forbid to cut files short\"" : "");
}
