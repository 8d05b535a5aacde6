/* Makes libcurl's own descriptors close-on-exec: otlp_descriptors.h. */
#include "otlp_descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { MAX_CANDIDATES = 256 };

static bool is_open_pair_half(int fd)
{
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && !(flags & FD_CLOEXEC) && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static void set_cloexec(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    if (flags >= 0)
        fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

/* Bytes that wait in one end and on the way to the other. */
static int pending(int fd, unsigned long request)
{
    int bytes = 0;
    return ioctl(fd, request, &bytes) == 0 ? bytes : -1;
}

/* Inheritable local stream sockets that nothing is on the way through: few in any process. */
static size_t find_idle_pairs(int out[MAX_CANDIDATES])
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    for (const struct dirent *entry; count < MAX_CANDIDATES && (entry = readdir(dir));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && is_open_pair_half(fd) && pending(fd, FIONREAD) == 0 && pending(fd, SIOCOUTQ) == 0)
            out[count++] = fd;
    }
    closedir(dir);
    return count;
}

/* A wake-up puts a byte into the pair: by that its two ends show themselves, and nobody else's descriptor is touched. */
void spw__otlp_seal_wakeup(CURLM *multi)
{
    int candidates[MAX_CANDIDATES];
    size_t count = find_idle_pairs(candidates);
    if (count == 0 || curl_multi_wakeup(multi) != CURLM_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (pending(candidates[i], FIONREAD) > 0 || pending(candidates[i], SIOCOUTQ) > 0)
            set_cloexec(candidates[i]);
    curl_multi_poll(multi, NULL, 0, 0, NULL); /* takes the byte out again */
}

void spw__otlp_seal(int fd)
{
    if (!is_open_pair_half(fd)) {
        set_cloexec(fd);
        return;
    }
    set_cloexec(fd);
    struct stat mine;
    struct stat other;
    /* The halves of a pair are made together: neighbours by descriptor and by inode. */
    if (fstat(fd, &mine) == 0 && fstat(fd + 1, &other) == 0 && other.st_dev == mine.st_dev && other.st_ino == mine.st_ino + 1 &&
        is_open_pair_half(fd + 1))
        set_cloexec(fd + 1);
}
