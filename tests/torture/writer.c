/* SPDX-License-Identifier: MIT */
/* writer.c - random operations on a watched tree and an unwatched sibling of it */
#include "writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { HELD = 4, EXCHANGE = 2 /* RENAME_EXCHANGE */ };

struct writer {
	uint64_t rng;
	int fd;
	const char *in, *out;
	int exchanges;		/* 0: none, 1: with both names on one side, 2: also over the border */
	int held[HELD];		/* files kept open, written to later wherever they are then */
};

static uint32_t rnd(struct writer *w, uint32_t n)
{
	w->rng ^= w->rng << 13;
	w->rng ^= w->rng >> 7;
	w->rng ^= w->rng << 17;
	return (uint32_t)(w->rng >> 33) % n;
}

static const char *component(struct writer *w)
{
	static const char *const odd[] = {
		"new\nline", "tab\there", "back\\slash", "quo\"te'", "\x80\xff\xfe", "-", " ",
		"\xc3\xbc\xe2\x82\xac", "\x1b[31m", "ends with\n", "%s", "a b", "\xc2\x85",
		"$(x)", "{}", "\x7f",
	};
	static char buf[8][256];
	static int which;
	char *b = buf[which++ & 7];
	uint32_t r = rnd(w, 40);

	if (r == 0) {
		memset(b, 'n', 255);
		b[255] = '\0';
	} else if (r < 5) {
		return odd[rnd(w, sizeof(odd) / sizeof(odd[0]))];
	} else {
		sprintf(b, "%c%u", r < 22 ? 'd' : 'f', rnd(w, 6));
	}
	return b;
}

/* A path below the watched tree, or, one time in five, below the other. */
static void path(struct writer *w, char *buf)
{
	uint32_t depth = 1 + rnd(w, 4);
	size_t len = (size_t)sprintf(buf, "%s", rnd(w, 5) ? w->in : w->out);

	while (depth--)
		len += (size_t)sprintf(buf + len, "/%s", component(w));
}

/* A random name may be there already, or not be there at all. */
static void may_fail(int result)
{
	(void)result;
}

static void write_file(struct writer *w, const char *p, int flags)
{
	int fd = openat(w->fd, p, O_WRONLY | O_CLOEXEC | O_NONBLOCK | flags, 0644);

	if (fd < 0)
		return;
	for (uint32_t i = rnd(w, 3); i--;)
		if (write(fd, "0123456789abcdef", 1 + rnd(w, 16)) < 0)
			break;
	if (!rnd(w, 6)) {
		int *slot = &w->held[rnd(w, HELD)];

		if (*slot >= 0)
			close(*slot);
		*slot = fd;
		return;
	}
	close(fd);
}

/* mkdir -p, and at once files in what it made */
static void chain(struct writer *w)
{
	char buf[2048], file[4096];
	size_t len = (size_t)sprintf(buf, "%s", rnd(w, 5) ? w->in : w->out);

	for (uint32_t i = 2 + rnd(w, 4); i--;) {
		len += (size_t)sprintf(buf + len, "/%s", component(w));
		mkdirat(w->fd, buf, 0755);
		if (!rnd(w, 3)) {
			sprintf(file, "%s/%s", buf, component(w));
			write_file(w, file, O_CREAT);
		}
	}
	sprintf(file, "%s/f%u", buf, rnd(w, 6));
	write_file(w, file, O_CREAT | O_TRUNC);
}

/* A chain of directories deeper than PATH_MAX, with a file at its end. */
static void deep(struct writer *w)
{
	char name[240];
	char p[600];
	int at;

	sprintf(p, "%s/d%u", rnd(w, 3) ? w->in : w->out, rnd(w, 6));
	at = openat(w->fd, p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memset(name, 'p', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 20 && at >= 0; i++) {
		int next;

		mkdirat(at, name, 0755);
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	if (at < 0)
		return;
	close(openat(at, "bottom", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	close(at);
}

static void remove_below(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (unlinkat(dirfd(d), de->d_name, 0))
			writer_remove(dirfd(d), de->d_name);
	}
	if (d)
		closedir(d);
}

void writer_remove(int fd, const char *name)
{
	int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (sub >= 0)
		remove_below(sub);
	unlinkat(fd, name, AT_REMOVEDIR);
}

static void temporary(struct writer *w, const char *p, const char *dir)
{
	char proc[64];
	int fd = openat(w->fd, dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (write(fd, "x", 1) == 1) {
		sprintf(proc, "/proc/self/fd/%d", fd);
		may_fail(linkat(AT_FDCWD, proc, w->fd, p, AT_SYMLINK_FOLLOW));
	}
	close(fd);
}

/*
 * Exchanges look like two renames in a row, and the kernel merges their halves with those of the
 * next one; over the border of the watched tree it tells only the halves on its side (pathev(7)).
 */
static void exchange(struct writer *w, const char *a, const char *b)
{
	int crosses = strncmp(a, b, strlen(w->in)) != 0;

	if (w->exchanges > crosses)
		syscall(SYS_renameat2, w->fd, a, w->fd, b, EXCHANGE);
}

/* What is written through one name is not told of the others (inotify(7)): mark the file. */
static void hard_link(struct writer *w, const char *a, const char *b)
{
	int fd = openat(w->fd, a, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (!fsetxattr(fd, WRITER_LINKED, "1", 1, 0))
		may_fail(linkat(w->fd, a, w->fd, b, 0));
	close(fd);
}

static void use_held(struct writer *w)
{
	int *slot = &w->held[rnd(w, HELD)];

	if (*slot < 0)
		return;
	if (write(*slot, "later", 5) < 0 || rnd(w, 2)) {
		close(*slot);
		*slot = -1;
	}
}

static void operate(struct writer *w)
{
	char a[2048], b[2048], dir[2048];
	uint32_t r = rnd(w, 100);

	path(w, a);
	path(w, b);
	strcpy(dir, a);
	*strrchr(dir, '/') = '\0';
	if (r < 18)
		write_file(w, a, O_CREAT);
	else if (r < 22)
		write_file(w, a, O_APPEND);
	else if (r < 25)
		write_file(w, a, O_TRUNC);
	else if (r < 33)
		mkdirat(w->fd, a, 0755);
	else if (r < 43)
		chain(w);
	else if (r < 47)
		may_fail(fchmodat(w->fd, a, 0700 | rnd(w, 64), 0));
	else if (r < 56)
		unlinkat(w->fd, a, 0);
	else if (r < 60)
		unlinkat(w->fd, a, AT_REMOVEDIR);
	else if (r < 63)
		writer_remove(w->fd, a);
	else if (r < 81)
		renameat(w->fd, a, w->fd, b);
	else if (r < 84)
		exchange(w, a, b);
	else if (r < 86)
		hard_link(w, a, b);
	else if (r < 88)
		may_fail(symlinkat(rnd(w, 2) ? "nowhere" : ".", w->fd, a));
	else if (r < 90)
		temporary(w, a, dir);
	else if (r < 93)
		use_held(w);
	else if (r < 95) {
		unlinkat(w->fd, a, 0);
		write_file(w, a, O_CREAT);
	} else if (r < 97) {
		writer_remove(w->fd, a);
		mkdirat(w->fd, a, 0755);
	} else if (r < 98 && !rnd(w, 4)) {
		deep(w);
	} else if (!rnd(w, 8)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000 + rnd(w, 4000000)}, NULL);
	}
}

void writer_run(int fd, const char *in, const char *out, uint64_t seed, unsigned n,
		int exchanges)
{
	struct writer w = {
		.rng = seed * 0x9e3779b97f4a7c15u + 1, .fd = fd, .in = in, .out = out,
		.exchanges = exchanges,
	};

	for (int i = 0; i < HELD; i++)
		w.held[i] = -1;
	while (n--)
		operate(&w);
	for (int i = 0; i < HELD; i++)
		if (w.held[i] >= 0)
			close(w.held[i]);
}
