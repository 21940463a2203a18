/* Shifts the wall clock of each process that preloads it. CLOCK_SHIFTS names a directory: its file "all" has by how many
 * milliseconds the clocks of all differ, a file named by a process's id how much more that one's does. Both are mapped,
 * so a change takes effect at once. Other clocks go on, as those of a machine whose time is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t none = 0;
static const volatile int64_t *all = &none, *own = &none;
static int (*unshifted)(clockid_t, struct timespec *);

static const volatile int64_t *mapped(const char *directory, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) file = open(path, O_RDONLY | O_CLOEXEC);
    else if (lseek(file, 0, SEEK_END) < 8 && ftruncate(file, 8)) { close(file); return &none; }
    void *at = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (file >= 0) close(file);
    return at == MAP_FAILED ? &none : at;
}

__attribute__((constructor)) static void begin(void) {
    char name[32];
    const char *directory = getenv("CLOCK_SHIFTS");
    unshifted = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (!directory) return;
    snprintf(name, sizeof name, "%d", (int)getpid());
    all = mapped(directory, "all");
    own = mapped(directory, name);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    if (!unshifted) begin();
    int status = unshifted(clock, out);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ms = *all + *own, ns = out->tv_nsec + ms % 1000 * 1000000;
        out->tv_sec += ms / 1000 + (ns >= 1000000000) - (ns < 0);
        out->tv_nsec = (ns + 1000000000) % 1000000000;
    }
    return status;
}

int gettimeofday(struct timeval *out, void *zone) {
    struct timespec now;
    int status = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return status;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
