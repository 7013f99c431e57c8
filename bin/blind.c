/* SPDX-License-Identifier: MIT */
/*
 * blind.c - says what is not watched, why, and what helps
 *
 * The limit of watches takes most of it: inotify(7) says ENOSPC and nothing else, so who holds
 * the watches is read from /proc/PID/fdinfo, where proc(5) has one `inotify' line for each.
 */
#include "blind.h"

#include "cli.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many of the users of a limit are named. */
#define TOP 5

struct holder {
	long pid;
	unsigned long watches;
};

/* ---- the limits ---- */

struct limit {
	const char *name;
	unsigned long value;
};

/* The number in a file of /proc/sys; none is as good as no limit. */
static unsigned long read_limit(const char *file)
{
	size_t len;
	char *text = cli_read(AT_FDCWD, file, &len);
	unsigned long n = ULONG_MAX;

	if (text && isdigit((unsigned char)text[0]))
		n = strtoul(text, NULL, 10);
	free(text);
	return n;
}

/* The limit that is in force: that of a user namespace may be the lower one. */
static struct limit lower_limit(struct limit all, struct limit here)
{
	return here.value < all.value ? here : all;
}

static struct limit limit_of_watches(void)
{
	return lower_limit(
		(struct limit){ "fs.inotify.max_user_watches",
				read_limit("/proc/sys/fs/inotify/max_user_watches") },
		(struct limit){ "user.max_inotify_watches",
				read_limit("/proc/sys/user/max_inotify_watches") });
}

static struct limit limit_of_instances(void)
{
	return lower_limit(
		(struct limit){ "fs.inotify.max_user_instances",
				read_limit("/proc/sys/fs/inotify/max_user_instances") },
		(struct limit){ "user.max_inotify_instances",
				read_limit("/proc/sys/user/max_inotify_instances") });
}

/* ---- who holds the watches ---- */

static unsigned long count_lines(int dir, const char *name)
{
	size_t len;
	char *text = cli_read(dir, name, &len);
	unsigned long n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += strncmp(line, "inotify ", 8) == 0;
	}
	free(text);
	return n;
}

/* The inotify watches of one process: its /proc directory is open at proc. */
static unsigned long count_watches(int proc)
{
	int fds = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int infos = openat(proc, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fds < 0 || infos < 0 ? NULL : fdopendir(fds);
	struct dirent *entry;
	unsigned long n = 0;

	while (dir && (entry = readdir(dir))) {
		char target[32];
		ssize_t len = readlinkat(fds, entry->d_name, target, sizeof(target));

		/* anon_inode:inotify, or inotify before Linux 3.13 */
		if (len >= 7 && memcmp(target + len - 7, "inotify", 7) == 0)
			n += count_lines(infos, entry->d_name);
	}
	if (dir)
		closedir(dir);
	else if (fds >= 0)
		close(fds);
	if (infos >= 0)
		close(infos);
	return n;
}

/* Put one more into the list of the largest, which is sorted. */
static void insert(struct holder *top, struct holder h)
{
	int i = TOP;

	while (i > 0 && top[i - 1].watches < h.watches) {
		if (i < TOP)
			top[i] = top[i - 1];
		i--;
	}
	if (i < TOP)
		top[i] = h;
}

/* All processes of this user, for whom the limit is one.  Returns the sum. */
static unsigned long find_holders(struct holder *top)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned long sum = 0;

	memset(top, 0, TOP * sizeof(*top));
	while (proc && (entry = readdir(proc))) {
		struct holder h = { .pid = strtol(entry->d_name, NULL, 10) };
		struct stat st;
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		fd = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid())
			h.watches = count_watches(fd);
		close(fd);
		sum += h.watches;
		insert(top, h);
	}
	if (proc)
		closedir(proc);
	return sum;
}

static void tell_holder(const struct cli *c, const struct holder *h)
{
	char file[64];
	size_t len;
	char *comm;

	snprintf(file, sizeof(file), "/proc/%ld/comm", h->pid);
	comm = cli_read(AT_FDCWD, file, &len);
	if (comm && len)
		comm[len - 1] = '\0';
	cli_error(c, "  %lu by %s (pid %ld%s)", h->watches, comm ? comm : "?", h->pid,
		  h->pid == getpid() ? ", this program" : "");
	free(comm);
}

void blind_limit(const struct cli *c)
{
	struct limit limit = limit_of_watches();
	struct holder top[TOP];
	unsigned long sum = find_holders(top);

	cli_error(c, "the limit is %s = %lu, for all programs of a user; in use are %lu:",
		  limit.name, limit.value, sum);
	for (int i = 0; i < TOP && top[i].watches; i++)
		tell_holder(c, &top[i]);
	cli_error(c, "to raise it, as root: sysctl %s=%lu (or watch less: --exclude, --ignore, "
		  "@PATH)", limit.name, limit.value < 262144 ? 524288UL : 2 * limit.value);
}

/* ---- what an error means ---- */

/* What to do about it; NULL where we do not know. */
static const char *cure(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "run as a user who may read it, or leave it out with --exclude or @PATH";
	case ENOTDIR:
		return "what stands before a / must be a directory";
	case ELOOP:
		return "its symbolic links go in circles; -P watches a link itself";
	case EMFILE:
		return "this program has too many open files: raise ulimit -n";
	default:
		return NULL;
	}
}

/* It is not this that may not be read, or it is not there: then it is the directory of its name. */
static int is_above(const char *path, int error)
{
	return error == EACCES && (!faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) || errno == ENOENT);
}

static void say(const struct cli *c, void (*tell)(const struct cli *, const char *, ...),
		const char *path, int error)
{
	const char *help = cure(error);

	if (is_above(path, error)) {
		tell(c, "cannot watch the directory that holds '%s': %s (when that name comes to be "
		     "of something else it is not noticed; run as a user who may read the directory)",
		     path, strerror(error));
		return;
	}
	switch (error) {
	case ENOSPC:
		tell(c, "cannot watch '%s': the limit of inotify watches is reached", path);
		break;
	case EREMOTE:
		tell(c, "'%s' is on a file system that other hosts or processes can change "
		     "unseen: only changes made here are reported (watch where they are made)",
		     path);
		break;
	case EOPNOTSUPP:
		tell(c, "'%s' is on a file system that reports next to no changes, such as "
		     "/proc or /sys (read it at intervals instead)", path);
		break;
	default:
		tell(c, "cannot watch '%s': %s%s%s%s", path, strerror(error),
		     help ? " (" : "", help ? help : "", help ? ")" : "");
	}
}

int blind_spot(struct blind *b, const char *path, int error)
{
	const struct cli *c = b->cli;

	if (error == ENOSPC && b->limit_told && !c->strict) {
		/* that all the others are not watched either is no news */
		if (c->verbose)
			say(c, cli_note, path, error);
		return 0;
	}
	say(c, c->strict ? cli_error : cli_warn, path, error);
	if (error == ENOSPC && (c->strict || !c->quiet)) {
		blind_limit(c);
		b->limit_told = 1;
	}
	return c->strict ? -1 : 0;
}

void blind_path(struct blind *b, const char *path, int error)
{
	say(b->cli, cli_error, path, error);
	if (error == ENOSPC && !b->limit_told) {
		blind_limit(b->cli);
		b->limit_told = 1;
	}
}

/* EMFILE means either limit: that of descriptors, or that of inotify instances.  A watcher takes
 * two, and the one that it got may be free again. */
static int out_of_descriptors(void)
{
	int fd[2] = { dup(STDERR_FILENO), dup(STDERR_FILENO) };
	int out = fd[1] < 0 && errno == EMFILE;

	for (int i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return out;
}

void blind_open(const struct cli *c, int error)
{
	struct limit limit;

	if (error != EMFILE || out_of_descriptors()) {
		cli_error(c, "cannot watch anything: %s%s", strerror(error),
			  error == EMFILE ? " (raise ulimit -n)" : "");
		return;
	}
	limit = limit_of_instances();
	cli_error(c, "cannot watch anything: the limit of inotify instances is reached");
	cli_error(c, "the limit is %s = %lu, for all programs of a user", limit.name,
		  limit.value);
	cli_error(c, "to raise it, as root: sysctl %s=%lu", limit.name,
		  limit.value < 128 ? 256 : 2 * limit.value);
}
