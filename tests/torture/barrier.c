/* SPDX-License-Identifier: MIT */
/*
 * barrier.c - is `sync' of pathwatch --control a barrier?
 *
 *	barrier PATHWATCH ROUNDS SEED
 *
 * In an empty directory: run PATHWATCH on a tree, and in each round change something there, ask,
 * and look whether all of it is in front of the answer.  Meanwhile another process renames a file
 * and a directory all the time in the same tree: no answer may stand between the two halves.
 */
#include "../unit/random.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 20, EXPECTED = 32 };	/* without a word from it; events of a round */

static int to_child, from_child;
static pid_t child, noise;
static char text[1 << 20];	/* of this round; begins behind a newline */
static size_t len;
static char expected[EXPECTED][200];
static int nexpected;
static long round_number;

static void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "barrier: round %ld: ", round_number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	if (noise)
		kill(noise, SIGKILL);
	if (child)
		kill(child, SIGKILL);
	exit(1);
}

static void expect(const char *events, const char *path)
{
	if (nexpected == EXPECTED)
		fail("expects too much");
	snprintf(expected[nexpected++], sizeof(expected[0]), "\n%s %s\n", events, path);
}

static void must(int ret, const char *what)
{
	if (ret < 0)
		fail("%s: %s", what, strerror(errno));
}

/* ---- changes ---- */

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	must(fd, path);
	must((int)write(fd, "x", 1), "write");
	close(fd);
	expect("create", path);
	expect("close_write", path);
}

static void move(const char *from, const char *to)
{
	must(rename(from, to), from);
	expect("moved_from", from);
	expect("moved_to", to);
}

static void make_dir(const char *path)
{
	must(mkdir(path, 0777), path);
	expect("create", path);
}

/* A tree in one go, faster than anybody can watch it. */
static void make_tree(void)
{
	char path[100];

	snprintf(path, sizeof(path), "t/d%ld", round_number);
	make_dir(path);
	strcat(path, "/a");
	make_dir(path);
	strcat(path, "/b");
	make_dir(path);
	strcat(path, "/f");
	make_file(path);
}

static void change(void)
{
	char a[100], b[100];

	switch (draw(5)) {
	case 0:
		make_tree();
		break;
	case 1:
		snprintf(a, sizeof(a), "t/f%ld", round_number);
		snprintf(b, sizeof(b), "t/g%ld", round_number);
		make_file(a);
		move(a, b);
		must(unlink(b), b);
		expect("delete", b);
		break;
	case 2:
		/* a directory, and then something under its new name */
		snprintf(a, sizeof(a), "t/e%ld", round_number);
		snprintf(b, sizeof(b), "t/h%ld", round_number);
		make_dir(a);
		move(a, b);
		strcat(b, "/f");
		make_file(b);
		break;
	case 3:
		/* out of the tree: the half that is left must not be lost */
		snprintf(a, sizeof(a), "t/o%ld", round_number);
		snprintf(b, sizeof(b), "o%ld", round_number);
		make_file(a);
		must(rename(a, b), a);
		expect("moved_from", a);
		unlink(b);
		break;
	default:
		snprintf(a, sizeof(a), "t/l%ld", round_number);
		make_file(a);
		break;
	}
}

/*
 * Until it is killed: not much faster than it can be followed, and each time to a new name, for
 * what goes to and fro takes the longest to tell from an exchange.
 */
static void make_noise(void)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	char from[2][40] = { "t/n/a", "t/n/x" }, to[40];

	for (long i = 0;; i++) {
		snprintf(to, sizeof(to), "t/n/a%ld", i);
		if (rename(from[0], to))
			_exit(1);
		memcpy(from[0], to, sizeof(to));
		snprintf(to, sizeof(to), "t/%c/x%ld", i % 2 ? 'n' : 'm', i);
		if (rename(from[1], to))
			_exit(1);
		memcpy(from[1], to, sizeof(to));
		nanosleep(&pause, NULL);
	}
}

/* ---- the stream ---- */

/* Read on until there is such a line. */
static void read_until(const char *line)
{
	struct pollfd p = { .fd = from_child, .events = POLLIN };
	size_t linelen = strlen(line), from = 0;
	ssize_t n;

	for (;;) {
		text[len] = '\0';
		if (len > linelen && strstr(text + from, line))
			return;
		from = len > linelen ? len - linelen : 0;
		if (len == sizeof(text) - 1)
			fail("more than %zu bytes without an answer", len);
		if (poll(&p, 1, SECONDS * 1000) != 1)
			fail("no answer");
		n = read(from_child, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			fail("it ended");
		len += (size_t)n;
	}
}

static long count(const char *word, const char *end)
{
	long n = 0;

	for (const char *p = text; (p = strstr(p, word)) && p < end; p++)
		n++;
	return n;
}

/* What is in front of the answer; what is behind belongs to the next round. */
static void check(const char *answer)
{
	char *end = strstr(text, answer);
	static long open_halves;

	end[1] = '\0';
	for (int i = 0; i < nexpected; i++)
		if (!strstr(text, expected[i]))
			fail("not in front of the answer: %s", expected[i] + 1);
	open_halves += count("\nmoved_from t/n/", end + 1) + count("\nmoved_from t/m/", end + 1);
	open_halves -= count("\nmoved_to t/n/", end + 1) + count("\nmoved_to t/m/", end + 1);
	if (open_halves)
		fail("the answer is between the halves of a rename");
	end += strlen(answer) - 1;
	len -= (size_t)(end - text);
	memmove(text, end, len);
}

static void run_round(void)
{
	char ask[32], answer[32];
	int n = snprintf(ask, sizeof(ask), "sync %ld\n", round_number);

	snprintf(answer, sizeof(answer), "\nsync %ld\n", round_number);
	nexpected = 0;
	for (int i = 0; i < 1 + round_number % 2; i++) {
		change();
		if (i == 0 && draw(2))
			break;
		round_number += 1000000;	/* other names */
	}
	round_number %= 1000000;
	if (write(to_child, ask, (size_t)n) != n)
		fail("cannot ask");
	read_until(answer);
	check(answer);
}

static void start(const char *program)
{
	const char *const argv[] = { program, "-r", "-e", "create,close_write,delete,move", "--control",
				     "--initial", "t", NULL };
	int in[2], out[2];

	must(pipe2(in, O_CLOEXEC), "pipe");
	must(pipe2(out, O_CLOEXEC), "pipe");
	child = fork();
	must(child, "fork");
	if (!child) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(program, (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_child = in[1];
	from_child = out[0];
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? atol(argv[2]) : 0;
	int status;

	if (argc != 4 || rounds < 1) {
		fprintf(stderr, "usage: barrier PATHWATCH ROUNDS SEED\n");
		return 1;
	}
	draw_state = (uint64_t)atol(argv[3]);
	signal(SIGPIPE, SIG_IGN);
	must(mkdir("t", 0777), "mkdir");
	must(mkdir("t/n", 0777), "mkdir");
	must(mkdir("t/m", 0777), "mkdir");
	must(mkdir("t/n/a", 0777), "mkdir");
	close(open("t/n/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	start(argv[1]);
	text[0] = '\n';
	len = 1;
	read_until("\nready\n");
	check("\nready\n");
	noise = fork();
	if (!noise)
		make_noise();
	for (round_number = 1; round_number <= rounds; round_number++)
		run_round();
	kill(noise, SIGKILL);
	if (waitpid(noise, &status, 0) != noise || !WIFSIGNALED(status))
		fail("there was no noise");
	noise = 0;
	close(to_child);
	/* all that is left, so that it can end */
	while (read(from_child, text, sizeof(text)) > 0)
		continue;
	if (waitpid(child, &status, 0) != child || status)
		fail("it ended with %#x", (unsigned)status);
	printf("%ld rounds\n", rounds);
	return 0;
}
