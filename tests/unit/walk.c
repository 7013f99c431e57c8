/* SPDX-License-Identifier: MIT */
/* walk.c - types, file systems, and paths that are longer than the kernel takes */
#include "fault.h"

#include "../../lib/walk.h"
#include "scratch.h"
#include "tap.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LEVELS = 60, NAME_LEN = 200 };

static int lowest_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void test_types(void)
{
	static const struct {
		mode_t mode;
		char type;
	} modes[] = {
		{ S_IFREG, 'f' }, { S_IFDIR | 0755, 'd' }, { S_IFLNK, 'l' }, { S_IFIFO, 'p' },
		{ S_IFSOCK, 's' }, { S_IFCHR, 'c' }, { S_IFBLK, 'b' }, { 0, 0 },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		is_int(pathev__walk_type(modes[i].mode), modes[i].type, "mode %o is of type %c",
		       (unsigned)modes[i].mode, modes[i].type ? modes[i].type : '0');
}

/* Is there this entry, of this type? */
static int has(const struct pathev__buf *list, const char *name, char type)
{
	for (size_t at = 0; at < list->len; at += strlen(list->data + at + 1) + 2)
		if (!strcmp(list->data + at + 1, name))
			return list->data[at] == type;
	return 0;
}

static void test_read(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "e/s" };
	struct pathev__buf list = {0};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd;

	ok(!mkdir("e", 0755) && !mkdir("e/d", 0755) && !mkfifo("e/p", 0644) &&
	   !symlink("nothing", "e/l") && !bind(s, (struct sockaddr *)&un, sizeof(un)),
	   "a directory with entries of all kinds");
	scratch_file("e/f");
	fd = pathev__walk_open("e", 0);
	is_int(pathev__walk_read(fd, 0, &list), 0, "is read");
	ok(has(&list, "d", 'd') && has(&list, "p", 'p') && has(&list, "l", 'l') &&
	   has(&list, "s", 's') && has(&list, "f", 'f'), "each entry has its type");
	close(fd);
	pathev__buf_cut(&list, 0);
	fd = pathev__walk_open("e", 0);
	is_int(pathev__walk_read(fd, 1, &list), 0, "and once more for its directories");
	is_mem(list.data, list.len, "dd", 3, "of which there is one");
	close(fd);
	close(s);
	pathev__buf_fini(&list);
}

/* What is said of the files here, and of others. */
static void test_fs(void)
{
	struct pathev__fs fs;

	pathev__walk_fs("/proc", &fs);
	is_int(fs.blind, EOPNOTSUPP, "/proc tells next to nothing");
	pathev__walk_fs("nothing", &fs);
	ok(!fs.blind && !fs.counts_links, "of what is not there nothing is known");
	fault_remote = 1;
	pathev__walk_fs(".", &fs);
	fault_remote = 0;
	is_int(fs.blind, EREMOTE, "of files of another host not all is told");
	ok(!fs.counts_links, "and their links count for nothing");
}

static void test_long(void)
{
	static char path[(NAME_LEN + 1) * LEVELS + 2];
	struct pathev__short p;
	struct stat there, st;
	char name[NAME_LEN + 1], *slash;
	int top = lowest_fd(), at = AT_FDCWD, sub = -1;

	memset(name, 'n', NAME_LEN);
	name[NAME_LEN] = '\0';
	for (int i = 0; i < LEVELS; i++) {
		if (mkdirat(at, name, 0755) || (sub = openat(at, name, O_PATH | O_CLOEXEC)) < 0)
			break;
		if (at >= 0)
			close(at);
		at = sub;
		strcat(strcat(path, i ? "/" : ""), name);
	}
	ok(strlen(path) > 2 * PATH_MAX && !fstat(at, &there), "a path of %zu bytes", strlen(path));
	close(at);

	is_int(pathev__short_init(&p, path, strlen(path)), 0, "has a short one");
	ok(strlen(p.path) < PATH_MAX && !stat(p.path, &st) && st.st_ino == there.st_ino,
	   "that leads to the same place");
	pathev__short_fini(&p);
	is_int(lowest_fd(), top, "and nothing stays open");

	slash = strrchr(path, '/');
	slash[-1] = 'x';
	is_int(pathev__short_init(&p, path, strlen(path)), 0, "it need not end at what is there");
	ok(stat(p.path, &st) && errno == ENOENT, "but then there is nothing");
	pathev__short_fini(&p);
	path[NAME_LEN / 2] = 'x';
	is_int(pathev__short_init(&p, path, strlen(path)), -1, "it must begin at what is there");
	is_int(errno, ENOENT, "it must begin at what is there: ENOENT");
	memset(path, 'n', strlen(path));
	is_int(pathev__short_init(&p, path, strlen(path)), -1, "a name that long is none");
	is_int(errno, ENAMETOOLONG, "a name that long is none: ENAMETOOLONG");
	is_int(lowest_fd(), top, "and nothing stays open");
}

int main(void)
{
	scratch_enter();
	test_types();
	test_read();
	test_fs();
	test_long();
	return done_testing();
}
