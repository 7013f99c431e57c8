/* SPDX-License-Identifier: MIT */
/*
 * replay.c - rebuild a tree under random changes from the output of pathwatch, and compare
 *
 *	replay [-s SEED] [-r ROUNDS] [-w WRITERS] [-n OPERATIONS] [-k FILE] [-x]... [-S TIME]
 *		PATHWATCH DIRECTORY
 *
 * Each round takes the next seed: a new tree, some of it there before pathwatch starts; writers
 * as processes of their own; then the model must come to equal the real tree.  TAP on stdout.
 * -k keeps the lines of the last round in FILE; -x: exchanges of names as well (RENAME_EXCHANGE);
 * -xx: also over the border of the tree; -S: with --settle TIME.
 */
#include "model.h"
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct round {
	char *pathwatch;
	int dir;		/* the directory all happens in, which is the current one, too */
	uint64_t seed;
	unsigned writers, ops;
	int exchanges;
	const char *settle;	/* NULL: each event for itself */
	FILE *keep;
	int out;		/* the read end of what pathwatch prints */
	pid_t pid;
	struct model *m;
	char *buf;
	size_t len, cap;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int start(struct round *r)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return -1;
	r->pid = fork();
	if (!r->pid) {
		dup2(p[1], 1);
		execl(r->pathwatch, "pathwatch", "-r", "--initial", "--json", "-e",
		      "changes", "watched", r->settle ? "--settle" : (char *)NULL, r->settle,
		      (char *)NULL);
		_exit(127);
	}
	close(p[1]);
	r->out = p[0];
	return r->pid < 0 ? -1 : 0;
}

/* Feed the model what can be read within some milliseconds.  1: some, 0: nothing, -1: a fault. */
static int take(struct round *r, int timeout_ms)
{
	struct pollfd p = {.fd = r->out, .events = POLLIN};
	char *line, *nl;
	ssize_t n;

	if (poll(&p, 1, timeout_ms) <= 0)
		return 0;
	if (r->cap - r->len < 65536) {
		r->cap = r->cap * 2 + 131072;
		r->buf = realloc(r->buf, r->cap);
	}
	n = read(r->out, r->buf + r->len, r->cap - r->len);
	if (n <= 0) {
		printf("# pathwatch has ended\n");
		return -1;
	}
	if (r->keep)
		fwrite(r->buf + r->len, 1, (size_t)n, r->keep);
	r->len += (size_t)n;
	for (line = r->buf; (nl = memchr(line, '\n', r->len - (size_t)(line - r->buf)));
	     line = nl + 1)
		if (model_line(r->m, line, (size_t)(nl - line)))
			return -1;
	r->len -= (size_t)(line - r->buf);
	memmove(r->buf, line, r->len);
	return 1;
}

/* Take lines until a path is in the model; bounded. */
static int take_until(struct round *r, const char *path)
{
	double end = now() + 60;

	while (!model_has(r->m, path))
		if (take(r, 1000) < 0 || now() > end)
			return -1;
	return 0;
}

/* The model must come to equal the tree, which does not change any more. */
static int settle(struct round *r)
{
	double end = now() + 10;
	int bad;

	while ((bad = model_compare(r->m)) && now() < end)
		if (take(r, 200) < 0)
			return -1;
	return bad;
}

static void write_all(struct round *r)
{
	for (unsigned i = 0; i < r->writers; i++) {
		if (fork())
			continue;
		writer_run(r->dir, "watched", "unwatched", r->seed * 1000 + i, r->ops,
			   r->exchanges);
		_exit(0);
	}
}

static int run_round(struct round *r)
{
	unsigned left = r->writers;
	int res = -1, status, fd;

	writer_remove(r->dir, "watched");
	writer_remove(r->dir, "unwatched");
	mkdirat(r->dir, "watched", 0755);
	mkdirat(r->dir, "unwatched", 0755);
	writer_run(r->dir, "watched", "unwatched", r->seed * 1000 + 999, 300, 2);
	r->m = model_new("watched");
	if (r->settle)
		model_is_settled(r->m);
	r->len = 0;
	if (start(r))
		return -1;
	/* half of the seeds change the tree from the first moment, while it is listed */
	if (r->seed % 2 && take_until(r, "watched"))
		goto out;
	write_all(r);
	while (left) {
		if (take(r, 20) < 0)
			goto out;
		while (left && waitpid(-1, &status, WNOHANG) > 0)
			left--;
	}
	fd = openat(r->dir, "watched/marker", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	close(fd);
	if (fd >= 0 && !take_until(r, "watched/marker"))
		res = settle(r);
out:
	kill(r->pid, SIGKILL);
	while (wait(&status) > 0)
		;
	close(r->out);
	if (res) {
		char *why = strdup(model_why(r->m)), *save = NULL;

		for (char *l = strtok_r(why, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			printf("# %s\n", l);
		free(why);
	}
	return res;
}

static unsigned number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*end || !*s || n > 100000000) {
		fprintf(stderr, "replay: not a number: %s\n", s);
		exit(1);
	}
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	struct round r = {.seed = 1, .writers = 3, .ops = 2000};
	unsigned rounds = 4, failed = 0;
	const char *keep = NULL;
	int c;

	while ((c = getopt(argc, argv, "s:r:w:n:k:xS:")) != -1) {
		switch (c) {
		case 's':
			r.seed = number(optarg);
			break;
		case 'r':
			rounds = number(optarg);
			break;
		case 'w':
			r.writers = number(optarg);
			break;
		case 'n':
			r.ops = number(optarg);
			break;
		case 'x':
			r.exchanges++;
			break;
		case 'S':
			r.settle = optarg;
			break;
		case 'k':
			keep = optarg;
			break;
		default:
			return 1;
		}
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: replay [-s SEED] [-r ROUNDS] [-w WRITERS] [-n OPERATIONS] "
				"[-k FILE] [-x]... [-S TIME] PATHWATCH DIRECTORY\n");
		return 1;
	}
	r.pathwatch = realpath(argv[optind], NULL);
	if (!r.pathwatch || chdir(argv[optind + 1])) {
		perror("replay");
		return 1;
	}
	r.dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < rounds; i++, r.seed++) {
		struct model_counts n;
		double began = now();
		int res;

		r.keep = keep ? fopen(keep, "w") : NULL;
		res = run_round(&r);
		if (r.keep)
			fclose(r.keep);
		n = model_counts(r.m);
		failed += res != 0;
		printf("%sok %u - replay: the model equals the tree, seed %llu "
		       "(%llu lines, %llu entries, %llu overflows, %.1f s)\n",
		       res ? "not " : "", i + 1, (unsigned long long)r.seed,
		       (unsigned long long)n.lines, (unsigned long long)n.entries,
		       (unsigned long long)n.overflows, now() - began);
		model_free(r.m);
		if (res && keep)
			return 1;
	}
	printf("1..%u\n", rounds);
	close(r.dir);
	free(r.buf);
	free(r.pathwatch);
	return failed != 0;
}
