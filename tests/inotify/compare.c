/* SPDX-License-Identifier: MIT */
/*
 * compare.c - inotifywait and inotifywatch side by side: theirs and ours
 *
 * Each row of table.h is run with both: the same arguments, in directories of the same content,
 * with the same file operations; then standard output, standard error and the exit status must be
 * the same.  Where ours differs on purpose, or where the program that is installed here lacks
 * what version 4 does, the row says why and holds what is expected.
 *
 * Theirs is taken from PATHEV_THEIRS, or /usr/bin, and must be 3.x of inotify-tools.  Without it
 * the rows that say nothing but `the same' are skipped.
 */
#include "../unit/scratch.h"
#include "../unit/tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* Any wait in milliseconds, far more than it needs. */
#define BOUND 20000

/* An expected text that is not looked at. */
#define ANY ((const char *)-1)

enum { THEIRS, OURS };

struct row {
	const char *program;
	const char *args;	/* as the shell reads them */
	const char *ops;	/* commands, once it watches; NULL: it ends before that */
	int stays;		/* it is ended by this signal; 0: it ends by itself */
	const char *why;	/* it differs: NULL: it does not */
	const char *out, *err;	/* what ours prints then; NULL: the same as theirs */
	int status;		/* the same; -1: as theirs */
};

#include "table.h"

/* What a run came to. */
struct result {
	char *out;
	char *err;
	int status;		/* 128 + N: signal N; -1: it did not end */
};

struct run {
	const char *dir;	/* theirs, ours */
	const char *bin;	/* the directory of the program */
	pid_t pid;
	int reaped;
	int raw;		/* of waitpid(2) */
};

static char *theirs_bin;
static char *ours_bin;

/* ---- time ---- */

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
}

/* ---- files ---- */

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) == EOF || fclose(f)) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static char *get_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1);
	size_t len = 0;
	int c;

	while (f && text && (c = getc(f)) != EOF) {
		/* a NUL must show, and is compared */
		const char *s = c ? (char[]){ (char)c, 0 } : "\\0";

		text = realloc(text, len + 3);
		if (!text)
			break;
		strcpy(text + len, s);
		len += strlen(s);
	}
	if (f)
		fclose(f);
	return text;
}

/* What every row finds: in the directory that both run in. */
static void make_fixture(void)
{
	int bad = mkdir("d", 0755) || mkdir("d/a", 0755) || mkdir("d/a/b", 0755) ||
		  mkdir("e", 0755) || symlink("d", "l") || symlink("f", "lf") ||
		  symlink("nowhere", "broken");

	if (bad)
		printf("# the fixture is not whole\n");
	put_file("f", "x\n");
	put_file("g", "x\n");
	put_file("d/f", "x\n");
	put_file("d/a/f", "x\n");
	put_file("files", "f\ng\n");
	put_file("blank", "\nf\n\n@\ng");
	put_file("left", "d\n@d/a\n");
	put_file("noise", "x\n");
}

/* ---- running ---- */

static pid_t shell(const struct run *r, const char *command, const char *out, const char *err)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (chdir(r->dir) || chdir("w"))
		_exit(99);
	if (out) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);

		dup2(fd, STDOUT_FILENO);
		close(fd);
		fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		dup2(fd, STDERR_FILENO);
		close(fd);
	}
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(99);
}

static void start(struct run *r, const struct row *row)
{
	char command[4096];

	r->reaped = 0;
	snprintf(command, sizeof(command), "PATH=%s:$PATH; exec %s %s", r->bin, row->program,
		 row->args);
	r->pid = shell(r, command, "../out", "../err");
}

static int ended(struct run *r)
{
	if (!r->reaped && waitpid(r->pid, &r->raw, WNOHANG) == r->pid)
		r->reaped = 1;
	return r->reaped;
}

/* Does it have an inotify descriptor? */
static int has_inotify(pid_t pid)
{
	char path[64];
	char target[64];
	DIR *dir;
	struct dirent *d;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	dir = opendir(path);
	while (dir && !found && (d = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		found = strstr(target, "inotify") != NULL;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Where it sleeps, if the kernel tells: poll(2) and its like, and not for a thread or a child. */
static int is_in_poll(pid_t pid)
{
	char path[64];
	char where[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/wchan", (long)pid);
	f = fopen(path, "r");
	if (f && !fgets(where, sizeof(where), f))
		where[0] = '\0';
	if (f)
		fclose(f);
	return !where[0] || where[0] == '0' || strstr(where, "poll") || strstr(where, "select") ||
	       strstr(where, "inotify");
}

/* The letter of proc(5): S for one that waits for an event. */
static int sleeps(pid_t pid)
{
	char path[64];
	char line[512];
	char state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fgets(line, sizeof(line), f) && strrchr(line, ')'))
		state = strrchr(line, ')')[2];
	fclose(f);
	return state == 'S' && is_in_poll(pid);
}

/*
 * Until it waits for events.  The kernel wakes who waits for one before the change that makes it
 * returns, so after that one that sleeps has read them all.
 */
static void await_rest(struct run *r)
{
	long end = now_ms() + BOUND;
	int seen = 0;

	while (now_ms() < end && !ended(r) && seen < 2) {
		seen = sleeps(r->pid) && has_inotify(r->pid) ? seen + 1 : 0;
		pause_a_little();
	}
}

static int await_end(struct run *r)
{
	long end = now_ms() + BOUND;

	while (!ended(r) && now_ms() < end)
		pause_a_little();
	if (ended(r))
		return WIFSIGNALED(r->raw) ? 128 + WTERMSIG(r->raw) : WEXITSTATUS(r->raw);
	kill(r->pid, SIGKILL);
	waitpid(r->pid, &r->raw, 0);
	return -1;
}

static void do_ops(const struct run *r, const char *ops)
{
	char command[4096];
	int raw;
	pid_t pid;

	snprintf(command, sizeof(command), "exec >/dev/null 2>&1; PID=%ld; %s", (long)r->pid,
		 ops);
	pid = shell(r, command, NULL, NULL);
	waitpid(pid, &raw, 0);
}

static struct result finish(struct run *r, const struct row *row)
{
	struct result res;
	char path[4200];

	if (row->stays) {
		await_rest(r);
		if (!ended(r))
			kill(r->pid, row->stays);
	}
	res.status = await_end(r);
	snprintf(path, sizeof(path), "%s/out", r->dir);
	res.out = get_file(path);
	snprintf(path, sizeof(path), "%s/err", r->dir);
	res.err = get_file(path);
	return res;
}

/* ---- rows ---- */

static void prepare(const struct run *r)
{
	char path[64];

	scratch_remove(r->dir);
	snprintf(path, sizeof(path), "%s/w", r->dir);
	if (mkdir(r->dir, 0755) || mkdir(path, 0755) || chdir(path))
		printf("# cannot prepare %s\n", path);
	make_fixture();
	if (chdir(scratch_dir))
		exit(1);
}

/* Both at the same time, so that a timeout is waited for once. */
static void run_row(const struct row *row, int with_theirs, struct result *res)
{
	struct run run[2] = { { .dir = "theirs", .bin = theirs_bin },
			      { .dir = "ours", .bin = ours_bin } };
	int first = with_theirs ? THEIRS : OURS;

	for (int i = first; i <= OURS; i++) {
		prepare(&run[i]);
		start(&run[i], row);
	}
	for (int i = first; i <= OURS && row->ops; i++) {
		await_rest(&run[i]);
		do_ops(&run[i], row->ops);
	}
	for (int i = first; i <= OURS; i++)
		res[i] = finish(&run[i], row);
}

static int same_text(const char *what, const char *got, const char *want)
{
	if (want == ANY || strcmp(got, want) == 0)
		return 1;
	printf("# %s is:\n# | ", what);
	for (const char *p = got; *p; p++)
		printf(*p == '\n' ? "\n# | " : "%c", *p);
	printf("\n# and should be:\n# | ");
	for (const char *p = want; *p; p++)
		printf(*p == '\n' ? "\n# | " : "%c", *p);
	printf("\n");
	return 0;
}

static void judge(const struct row *row, int with_theirs)
{
	struct result res[2] = { { 0 } };
	const char *out = row->why ? row->out : NULL;
	const char *err = row->why ? row->err : NULL;
	int status = row->why ? row->status : -1;
	int same;

	/* nothing of theirs is needed where all is written down */
	if (out && err && status >= 0)
		with_theirs = 0;
	else if (!with_theirs) {
		skip("inotify-tools 3 is not installed, so there is nothing to compare with");
		return;
	}
	run_row(row, with_theirs, res);
	if (status < 0)
		status = res[THEIRS].status;
	same = same_text("standard output", res[OURS].out, out ? out : res[THEIRS].out);
	same &= same_text("standard error", res[OURS].err, err ? err : res[THEIRS].err);
	if (res[OURS].status != status) {
		printf("# the status is %d and should be %d\n", res[OURS].status, status);
		same = 0;
	}
	ok(same, "%s %s: %s%s%s", row->program, row->args, row->ops ? row->ops : "",
	   row->why ? " - " : "", row->why ? row->why : "");
	for (int i = THEIRS; i <= OURS; i++) {
		free(res[i].out);
		free(res[i].err);
	}
}

/* ---- the programs ---- */

/* Only what they are is compared with: an inotify-tools of version 3, not ours under its name. */
static int find_theirs(void)
{
	const char *bin = getenv("PATHEV_THEIRS");
	char command[4096];
	struct stat st;

	theirs_bin = strdup(bin ? bin : "/usr/bin");
	snprintf(command, sizeof(command),
		 "%s/inotifywait -h 2>/dev/null | grep -q '^inotifywait 3'", theirs_bin);
	if (system(command))
		return 0;
	snprintf(command, sizeof(command), "%s/inotifywatch", theirs_bin);
	return stat(command, &st) == 0;
}

/* If they were not to be run, the shell would take theirs for ours. */
static int find_ours(void)
{
	static const char *const names[] = { WAIT, STAT };
	const char *top = getenv("top_builddir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/bin/inotify", top && *top ? top : ".");
	ours_bin = realpath(path, NULL);
	for (size_t i = 0; ours_bin && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", ours_bin, names[i]);
		if (access(path, X_OK))
			return 0;
	}
	return ours_bin != NULL;
}

/* ---- all rows ---- */

enum { ROWS = sizeof(table) / sizeof(table[0]), WORKERS = 3 };

/* Most rows wait most of the time, so several go on at once: what a row says is in a file. */
static void work(size_t first, const char *results, int with_theirs)
{
	char path[4200];

	scratch_enter();
	for (size_t i = first; i < ROWS; i += WORKERS) {
		snprintf(path, sizeof(path), "%s/%zu", results, i);
		if (!freopen(path, "w", stdout))
			exit(1);
		tap_ran = (int)i;
		judge(&table[i], with_theirs);
	}
	exit(0);
}

/* In the order of the table. */
static void tell_results(const char *results)
{
	char path[4200];

	for (size_t i = 0; i < ROWS; i++) {
		char *text;

		snprintf(path, sizeof(path), "%s/%zu", results, i);
		text = get_file(path);
		tap_ran = (int)i;
		if (strstr(text, "ok "))
			tap_ran++;
		else
			ok(0, "%s %s: has a result", table[i].program, table[i].args);
		tap_failed += strncmp(text, "not ok", 6) == 0 || strstr(text, "\nnot ok");
		fputs(text, stdout);
		free(text);
	}
}

static void run_all(int with_theirs)
{
	scratch_enter();
	fflush(stdout);
	for (size_t i = 0; i < WORKERS; i++)
		if (fork() == 0)
			work(i, strdup(scratch_dir), with_theirs);
	while (wait(NULL) > 0)
		;
	tell_results(scratch_dir);
}

/* By hand: the rows that have this in their arguments or operations. */
static void run_some(const char *text, int with_theirs)
{
	scratch_enter();
	for (size_t i = 0; i < ROWS; i++)
		if (strstr(table[i].args, text) || (table[i].ops && strstr(table[i].ops, text)))
			judge(&table[i], with_theirs);
}

int main(int argc, char **argv)
{
	int with_theirs;

	if (!find_ours()) {
		printf("Bail out! bin/inotify is not built\n");
		return 1;
	}
	with_theirs = find_theirs();
	setenv("LC_ALL", "C", 1);
	setenv("TZ", "UTC", 1);
	umask(022);
	if (argc > 1)
		run_some(argv[1], with_theirs);
	else
		run_all(with_theirs);
	free(theirs_bin);
	free(ours_bin);
	return done_testing();
}
