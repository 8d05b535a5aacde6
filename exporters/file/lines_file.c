/*
 * Lines into a file: lines.h. Several processes may write to it: whoever holds the lock on the file that stands at the path writes, or moves it away
 * and begins another.
 */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <spanwire/allocator.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100, SUFFIX = 12 }; /* of finding the file at its place when others move it; bytes of `.1000` */

static bool fail(const struct spw__lines_file *f, spw_export_result *result, const char *what)
{
    result->status = SPW_EXPORT_RETRY;
    snprintf(result->text, sizeof result->text, "%.120s %s: %s", f->path, what, strerror(errno));
    return false;
}

void spw__lines_file_close(struct spw__lines_file *f)
{
    if (f->fd >= 0)
        close(f->fd); /* and with it the lock */
    f->fd = -1;
}

/* Whether the open file is the one at the path: logrotate, or another process, may have moved it. */
static bool in_place(const struct spw__lines_file *f)
{
    struct stat open_one, there;
    return f->fd >= 0 && fstat(f->fd, &open_one) == 0 && lstat(f->path, &there) == 0 && open_one.st_dev == there.st_dev &&
           open_one.st_ino == there.st_ino;
}

/* Non-blocking: a FIFO in its place must not hold us up before it is refused. */
static bool open_file(struct spw__lines_file *f, spw_export_result *result)
{
    struct stat st;
    spw__lines_file_close(f);
    f->fd = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (f->fd < 0)
        return fail(f, result, errno == ELOOP ? "is a symbolic link, which is not followed" : "cannot be opened");
    if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode))
        return true;
    spw__lines_file_close(f);
    errno = EINVAL;
    return fail(f, result, "is no regular file");
}

/* A lock that a file system does not have is done without. */
static void lock(const struct spw__lines_file *f)
{
    while (flock(f->fd, LOCK_EX) != 0 && errno == EINTR)
        ;
}

static void unlock(const struct spw__lines_file *f)
{
    if (f->fd >= 0)
        (void)flock(f->fd, LOCK_UN);
}

/* With the lock, and at the path. */
static bool take_file(struct spw__lines_file *f, spw_export_result *result)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        if (f->fd < 0 && !open_file(f, result))
            return false;
        lock(f);
        if (in_place(f))
            return true;
        spw__lines_file_close(f);
    }
    errno = EBUSY;
    return fail(f, result, "is moved again and again");
}

/* ---- rotation ---- */

static bool move(const char *from, const char *to)
{
    return rename(from, to) == 0 || errno == ENOENT;
}

/* path.2 to path.3, path.1 to path.2, path to path.1; the last is overwritten. Then there is no file at the path. */
static bool rotate(struct spw__lines_file *f, spw_export_result *result)
{
    size_t size = strlen(f->path) + SUFFIX;
    char *names = spw_allocate(2 * size);
    bool moved = names != NULL;
    if (f->max_files == 1)
        moved = unlink(f->path) == 0;
    for (uint32_t i = f->max_files - 1; moved && i > 0; i--) {
        snprintf(names, size, i > 1 ? "%s.%u" : "%s", f->path, i - 1);
        snprintf(names + size, size, "%s.%u", f->path, i);
        moved = move(names, names + size);
    }
    spw_free(names);
    return moved || fail(f, result, "has its size, and cannot be rotated");
}

static bool is_full(const struct spw__lines_file *f, size_t more)
{
    struct stat st;
    return fstat(f->fd, &st) == 0 && st.st_size > 0 && ((uint64_t)st.st_size > f->max_bytes || more > f->max_bytes - (uint64_t)st.st_size);
}

/* ---- writing ---- */

static bool write_all(int fd, spw_view text, size_t *written)
{
    *written = 0;
    while (*written < text.size) {
        ssize_t n = write(fd, text.data + *written, text.size - *written);
        if (n > 0)
            *written += (size_t)n;
        else if (n < 0 && errno != EINTR)
            return false;
    }
    return true;
}

/* Somebody's crash, or a full disk, may have left half a line: it must not take ours with it. */
static bool end_torn_line(const struct spw__lines_file *f, off_t size)
{
    char last = '\n';
    size_t written;
    return size == 0 || pread(f->fd, &last, 1, size - 1) != 1 || last == '\n' || write_all(f->fd, (spw_view){ "\n", 1 }, &written);
}

/* Takes back what was written of a text, unless somebody wrote behind it who knows no locks. */
static void take_back(const struct spw__lines_file *f, off_t size, size_t written)
{
    struct stat st;
    if (written && fstat(f->fd, &st) == 0 && st.st_size == size + (off_t)written)
        while (ftruncate(f->fd, size) != 0 && errno == EINTR)
            ;
}

static bool write_text(struct spw__lines_file *f, spw_view text, spw_export_result *result)
{
    struct stat st;
    size_t written = 0;
    if (fstat(f->fd, &st) != 0 || !end_torn_line(f, st.st_size) || fstat(f->fd, &st) != 0)
        return fail(f, result, "cannot be written");
    if (write_all(f->fd, text, &written))
        return true;
    int why = errno;
    take_back(f, st.st_size, written);
    errno = why;
    return fail(f, result, "cannot be written");
}

void spw__lines_file_write(struct spw__lines_file *f, spw_view text, spw_export_result *result)
{
    bool taken = take_file(f, result);
    while (taken && is_full(f, text.size)) /* the file that is found there after it may be another process's, and full again */
        taken = rotate(f, result) && take_file(f, result);
    if (!taken) {
        unlock(f);
        return;
    }
    result->status = write_text(f, text, result) ? SPW_EXPORT_DELIVERED : SPW_EXPORT_RETRY;
    unlock(f);
}
