/* SPDX-License-Identifier: MIT */
/* busy.c - tests of the question whether somebody is still writing a file */
#include "pathev.h"

#include "scratch.h"
#include "tap.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

/* Was anything opened since the watches were set? */
static int was_opened(int inotify)
{
	char buf[4096];

	return read(inotify, buf, sizeof(buf)) > 0;
}

/* A process that does something to a file and then waits until it is told to go on. */
struct helper {
	pid_t pid;
	int fd;
};

static struct helper helper_start(const char *path, int flags, int (*act)(int fd))
{
	struct helper h;
	int to[2], from[2];
	char c = 0;

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		abort();
	h.pid = fork();
	if (!h.pid) {
		int fd;

		close(to[1]);
		close(from[0]);
		fd = open(path, flags | O_CLOEXEC);
		if (fd < 0 || (act && act(fd)))
			_exit(1);
		if (write(from[1], "r", 1) != 1 || read(to[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	if (read(from[0], &c, 1) != 1)
		printf("# a helper could not do its work on %s\n", path);
	close(from[0]);
	h.fd = to[1];
	return h;
}

static void helper_end(struct helper h, int signal)
{
	if (signal)
		kill(h.pid, signal);
	else if (write(h.fd, "g", 1) != 1)
		printf("# a helper is gone before its time\n");
	close(h.fd);
	waitpid(h.pid, NULL, 0);
}

static void refuses(const char *path, int error, const char *title)
{
	errno = 0;
	is_int(pathev_busy(path, NULL), -1, "%s is refused", title);
	is_int(errno, error, "%s: %s", title, strerror(error));
}

static void test_kinds(void)
{
	int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	scratch_file("file");
	mkdir("dir", 0777);
	mkfifo("fifo", 0666);
	if (symlink("file", "link") || symlink("dir", "dirlink") || symlink("nothing", "dangling") ||
	    symlink("loop", "loop"))
		printf("# no symlink: %s\n", strerror(errno));
	inotify_add_watch(inotify, "fifo", IN_OPEN);
	is_int(pathev_busy("file", NULL), 0, "a file that nobody has open is not busy");
	is_int(pathev_busy("link", NULL), 0, "nor by way of a link");
	refuses("dir", EINVAL, "a directory");
	refuses("dirlink", EINVAL, "a link to one");
	refuses("fifo", EINVAL, "a FIFO");
	ok(!was_opened(inotify), "and is not opened: that would be seen at its other end");
	close(inotify);
	refuses("/dev/null", EINVAL, "a device");
	refuses("missing", ENOENT, "what is not there");
	refuses("dangling", ENOENT, "a link to nothing");
	refuses("loop", ELOOP, "a link to itself");
	refuses("file/below", ENOTDIR, "what cannot be there");
	refuses("", ENOENT, "no name");
}

static void test_own(void)
{
	int rd, wr;

	rd = open("file", O_RDONLY | O_CLOEXEC);
	is_int(pathev_busy("file", NULL), 0, "open for reading is not busy");
	wr = open("file", O_PATH | O_CLOEXEC);
	is_int(pathev_busy("file", NULL), 0, "nor is a descriptor that can do nothing");
	close(wr);
	wr = open("file", O_RDWR | O_CLOEXEC);
	is_int(pathev_busy("file", NULL), 1, "open for reading and writing is busy");
	is_int(pathev_busy("link", NULL), 1, "also by way of a link");
	close(wr);
	is_int(pathev_busy("file", NULL), 0, "and closed it is not");
	close(rd);
	wr = open("file", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (link("file", "hard"))
		printf("# no link: %s\n", strerror(errno));
	is_int(pathev_busy("hard", NULL), 1, "written under one name it is busy under each");
	unlink("file");
	is_int(pathev_busy("hard", NULL), 1, "also when that name is gone");
	close(wr);
	is_int(pathev_busy("hard", NULL), 0, "until it is closed");
	rename("hard", "file");
}

static void test_mapped(void)
{
	int fd = open("file", O_RDWR | O_CLOEXEC);
	struct statfs fs;
	void *p;

	if (fstatfs(fd, &fs) || (unsigned)fs.f_type == 0x794c7630) {
		skip("overlayfs does not tell of mappings");
		close(fd);
		return;
	}
	if (ftruncate(fd, 4096))
		printf("# no truncation: %s\n", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	is_int(pathev_busy("file", NULL), 1, "mapped for writing it is busy, though it is closed");
	munmap(p, 4096);
	is_int(pathev_busy("file", NULL), 0, "until it is unmapped");
	fd = open("file", O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	is_int(pathev_busy("file", NULL), 0, "mapped for reading it is not");
	munmap(p, 4096);
}

static int take_write_lease(int fd)
{
	signal(SIGIO, SIG_IGN);
	return fcntl(fd, F_SETLEASE, F_WRLCK);
}

static int take_read_lease(int fd)
{
	signal(SIGIO, SIG_IGN);
	return fcntl(fd, F_SETLEASE, F_RDLCK);
}

static void test_others(void)
{
	struct helper a = helper_start("file", O_WRONLY, NULL);
	struct helper b = helper_start("file", O_RDWR, NULL);

	is_int(pathev_busy("file", NULL), 1, "two other processes write it: busy");
	helper_end(a, 0);
	is_int(pathev_busy("file", NULL), 1, "one of them is done: still busy");
	helper_end(b, SIGKILL);
	is_int(pathev_busy("file", NULL), 0, "the other one was killed: not any more");
	a = helper_start("file", O_RDONLY, NULL);
	is_int(pathev_busy("file", NULL), 0, "a reader does not matter");
	helper_end(a, 0);
	a = helper_start("file", O_RDONLY, take_read_lease);
	is_int(pathev_busy("file", NULL), 0, "another one who asks does not matter");
	helper_end(a, 0);
	a = helper_start("file", O_RDWR, take_write_lease);
	is_int(pathev_busy("file", NULL), 1, "who has a write lease is taken for a writer, without a wait");
	helper_end(a, 0);
}

/* What a process of somebody else's finds out about "file". */
static int as_other(int (*find_out)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(99);
		_exit(find_out());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int is_unknown(int error)
{
	int by = 7;

	errno = 0;
	return pathev_busy("file", &by) == -1 && errno == error && !by;
}

static int is_written_by_a_process(void)
{
	int by = 7;

	return pathev_busy("file", &by) == 1 && by == PATHEV_BY_PROCESSES;
}

static int nobody_to_be_seen(void)
{
	return is_unknown(EACCES) ? 0 : 1;
}

static int own_writer(void)
{
	int fd = open("file", O_WRONLY | O_CLOEXEC);

	if (!is_written_by_a_process())
		return 1;
	close(fd);
	return is_unknown(EACCES) ? 0 : 2;
}

static int own_mapping(void)
{
	int fd = open("file", O_RDWR | O_CLOEXEC);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	if (!is_written_by_a_process())
		return 1;
	munmap(p, 4096);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("file", O_RDONLY), 0);
	return p != MAP_FAILED && is_unknown(EACCES) ? 0 : 2;
}

static int own_reader(void)
{
	return open("file", O_RDONLY | O_CLOEXEC) >= 0 && is_unknown(EACCES) ? 0 : 1;
}

/* The kernel tells the owner of a file, and root; for others there is what processes show. */
static void test_foreign(void)
{
	struct helper h;

	if (getuid()) {
		skip("only root has files that others may read");
		return;
	}
	chmod(".", 0755);
	chmod("file", 0666);
	if (truncate("file", 4096))
		printf("# no truncation: %s\n", strerror(errno));
	is_int(as_other(nobody_to_be_seen), 0, "a file of somebody else: not known, EACCES");
	is_int(as_other(own_writer), 0, "a writer of the same user is seen");
	is_int(as_other(own_mapping), 0, "so is a mapping for writing, and a private one is none");
	is_int(as_other(own_reader), 0, "a reader is no writer");
	h = helper_start("file", O_WRONLY, NULL);
	is_int(as_other(nobody_to_be_seen), 0, "a writer of another user is not: not known");
	helper_end(h, 0);
}

/* Root without the right to leases: all processes can be looked through. */
static int without_lease(int expected)
{
	/* as in <linux/capability.h>, which not every libc comes with */
	enum { VERSION_3 = 0x20080522, LEASE = 28 };
	struct { uint32_t version; int pid; } head = { .version = VERSION_3 };
	struct { uint32_t effective, permitted, inheritable; } caps[2];
	int by = 7, status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (syscall(SYS_capget, &head, caps))
			_exit(99);
		caps[LEASE / 32].effective &= ~(1u << LEASE % 32);
		if (syscall(SYS_capset, &head, caps))
			_exit(99);
		_exit(pathev_busy("file", &by) == expected && by == PATHEV_BY_PROCESSES ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void test_processes(void)
{
	char link[64] = "";
	struct helper h;

	if (getuid()) {
		skip("only root can be without that right alone");
		return;
	}
	if (chown("file", 65534, 65534))
		printf("# no change of owner: %s\n", strerror(errno));
	h = helper_start("file", O_WRONLY, NULL);
	is_int(without_lease(1), 0, "where processes can be looked through, a writer is found");
	helper_end(h, 0);
	if (readlink("/proc/self/ns/pid", link, sizeof(link) - 1) < 0 ||
	    strcmp(link, "pid:[4026531836]") || readlink("/proc/1/exe", link, sizeof(link)) < 0)
		skip("there are processes here that nobody may look into");
	else
		is_int(without_lease(0), 0, "and where that was done with all, none is an answer");
	if (chown("file", 0, 0))
		printf("# no change of owner: %s\n", strerror(errno));
}

/* The answer in a root directory that has no /proc; 99: that cannot be had. */
static int busy_in_chroot(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWUSER) || chroot("."))
			_exit(99);
		_exit((uint8_t)pathev_busy("file", NULL));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_without_proc(void)
{
	int fd = open("file", O_WRONLY | O_CLOEXEC), res = busy_in_chroot();

	close(fd);
	if (res == 99) {
		skip("no user namespace to change the root directory in");
		return;
	}
	is_int(res, 1, "without /proc a writer is found");
	is_int(busy_in_chroot(), 0, "and it is seen that there is none");
}

static void test_evidence(void)
{
	int fd = open("file", O_WRONLY | O_CLOEXEC), by = 7;

	is_int(pathev_busy("file", &by), 1, "the kernel says that it is written");
	is_int(by, PATHEV_BY_LEASE, "and that is told as the evidence");
	close(fd);
	by = 7;
	is_int(pathev_busy("file", &by), 0, "as it is that nobody writes it");
	is_int(by, PATHEV_BY_LEASE, "and that is told, too");
	is_int(pathev_busy("missing", &by), -1, "an error");
	is_int(by, 0, "has no evidence");
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* It leaves nothing behind: no lease, no descriptor, no signal. */
static void test_traces(void)
{
	int before = count_fds(), failed = 0, fd;

	for (int i = 0; i < 200; i++) {
		pathev_busy("file", NULL);
		pathev_busy("dir", NULL);
		pathev_busy("missing", NULL);
		fd = open("file", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		failed += fd < 0 || pathev_busy("file", NULL) != 1;
		close(fd);
	}
	is_int(failed, 0, "who opens it right behind us is not held up");
	is_int(count_fds(), before, "no descriptor is left");
}

/* Writers that come while we ask, over and over: nobody dies, nothing is held for long. */
static void test_race(void)
{
	int status = -1, wrong = 0;
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < 2000; i++) {
			int fd = open("file", O_WRONLY | O_CLOEXEC);

			if (fd < 0)
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		int res = pathev_busy("file", NULL);

		wrong += res != 0 && res != 1;
	}
	is_int(status, 0, "a writer that comes again and again gets through");
	is_int(wrong, 0, "and we get an answer each time");
}

int main(void)
{
	scratch_enter();
	alarm(20);		/* nothing here may block: a lease is waited for longer than that */
	test_kinds();
	test_own();
	test_mapped();
	test_others();
	test_evidence();
	test_without_proc();
	test_foreign();
	test_processes();
	test_traces();
	test_race();
	return done_testing();
}
