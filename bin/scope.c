/* SPDX-License-Identifier: MIT */
/*
 * scope.c - which paths are watched
 *
 * Lists from files; what is left out; looking before watching; the watcher.
 */
#include "scope.h"

#include "cli.h"
#include "filter.h"
#include "ignore.h"
#include "pathev.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * One path that is left out, spelled as events below one PATH spell it: `@src/x' is `./src/x'
 * below `.', and `/home/me/src/x' below /home/me.  So events are compared byte by byte.
 */
struct left_out {
	char *path;
	size_t len;
};

/* ---- lists from files ---- */

static int add_line(struct cli *c, const char *line, size_t len)
{
	if (len == 0)
		return 0;
	if (line[0] != '@')
		return cli_list_add(c, &c->paths, line, len);
	if (len == 1) {
		cli_error(c, "--from-file: '@' without a path");
		return -1;
	}
	return cli_list_add(c, &c->left_out, line + 1, len - 1);
}

static int read_lines(struct cli *c, const char *name, FILE *f)
{
	char end = c->nul ? '\0' : '\n';
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int ret = 0;

	errno = 0;
	while (ret == 0 && (len = getdelim(&line, &size, end, f)) > 0) {
		if (line[len - 1] == end)
			len--;
		if (memchr(line, '\0', (size_t)len)) {
			cli_error(c, "--from-file '%s': holds NUL bytes; -0 reads such lists",
				  name);
			ret = -1;
			break;
		}
		ret = add_line(c, line, (size_t)len);
		errno = 0;
	}
	if (ret == 0 && errno) {
		cli_error(c, "--from-file '%s': %s", name, strerror(errno));
		ret = -1;
	}
	free(line);
	return ret;
}

static int read_list(struct cli *c, const char *name)
{
	FILE *f;
	int ret;

	if (strcmp(name, "-") == 0)
		return read_lines(c, name, stdin);
	f = fopen(name, "re");
	if (!f) {
		cli_error(c, "--from-file '%s': %s", name, strerror(errno));
		return -1;
	}
	ret = read_lines(c, name, f);
	fclose(f);
	return ret;
}

/* All PATHs of the command line, of lists, or the one that is meant by none. */
static int collect(struct cli *c, unsigned flags)
{
	for (size_t i = 0; i < c->from_files.len; i++)
		if (read_list(c, c->from_files.item[i]))
			return -1;
	if (c->paths.len)
		return 0;
	if (c->from_files.len) {
		cli_error(c, "--from-file '%s': there is no PATH in it",
			  c->from_files.item[c->from_files.len - 1]);
		return -1;
	}
	if (flags & SCOPE_NEED_PATH) {
		cli_error(c, "what to wait for? A PATH is needed; see %s --help",
			  c->program->name);
		return -1;
	}
	return cli_list_add(c, &c->paths, ".", 1);
}

/* ---- what is left out ---- */

/* The absolute path, as far as text alone can tell: no // and no /./ in it.  NULL: errno. */
static char *absolute(const char *path)
{
	char *cwd = path[0] == '/' ? strdup("") : realpath(".", NULL);
	char *abs = cwd ? malloc(strlen(cwd) + strlen(path) + 2) : NULL;
	char *to = abs;

	if (!abs) {
		free(cwd);
		return NULL;
	}
	to = stpcpy(to, strcmp(cwd, "/") == 0 ? "" : cwd);
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len && !(len == 1 && *path == '.')) {
			*to++ = '/';
			to = mempcpy(to, path, len);
		}
		path += len;
		path += strspn(path, "/");
	}
	*to = '\0';
	free(cwd);
	return abs;
}

/* The true path of a PATH, or what text alone can tell where it is not there; "" is /. */
static char *true_path(const char *path)
{
	char *real = realpath(path, NULL);

	if (!real)
		return absolute(path);
	if (strcmp(real, "/") == 0)
		real[0] = '\0';
	return real;
}

/*
 * The true path of what is left out.  The last component is taken as it is, for it may be a
 * symbolic link, and then it is the link that is left out.
 */
static char *true_entry(const char *path)
{
	char *abs = absolute(path);
	char *slash = abs ? strrchr(abs, '/') : NULL;
	char *dir = NULL;
	char *whole = NULL;

	if (!slash || strcmp(slash, "/..") == 0) {
		free(abs);
		return true_path(path);
	}
	*slash = '\0';
	dir = true_path(*abs ? abs : "/");
	if (!dir || asprintf(&whole, "%s/%s", dir, slash + 1) < 0)
		whole = NULL;
	free(dir);
	free(abs);
	return whole;
}

/* The path below root that is the absolute path entry.  1: done; 0: not below it; -1: errno */
static int spell_below(const char *root, const char *true_root, const char *entry, char **path)
{
	size_t len = strlen(true_root);
	size_t spelled = strlen(root);

	if (strncmp(entry, true_root, len) != 0 || entry[len] != '/')
		return 0;
	while (spelled && root[spelled - 1] == '/')
		spelled--;
	if (asprintf(path, "%.*s%s", (int)spelled, root, entry + len) < 0) {
		*path = NULL;
		return -1;
	}
	return 1;
}

/* The true paths of all PATHs, once they are needed.  0, or -1 without memory. */
static int find_true_roots(struct scope *s)
{
	const struct cli_list *paths = &s->cli->paths;

	if (s->true_root)
		return 0;
	s->true_root = calloc(paths->len, sizeof(*s->true_root));
	for (size_t i = 0; s->true_root && i < paths->len; i++) {
		s->true_root[i] = true_path(paths->item[i]);
		if (!s->true_root[i])
			return -1;
	}
	return s->true_root ? 0 : -1;
}

static int leave_out_below(struct scope *s, size_t i, const char *entry, int *found)
{
	struct left_out *more;
	char *path;
	int ret;

	assert(s->true_root[i]);	/* find_true_roots() made them all */
	if (strcmp(s->true_root[i], entry) == 0) {
		*found = -1;
		return 0;
	}
	ret = spell_below(s->cli->paths.item[i], s->true_root[i], entry, &path);
	if (ret == 0)
		return 0;
	more = reallocarray(s->left_out, s->nleft_out + 1, sizeof(*more));
	if (ret < 0 || !more) {
		free(ret < 0 ? NULL : path);
		return cli_no_memory(s->cli);
	}
	*found = 1;
	s->left_out = more;
	more[s->nleft_out++] = (struct left_out){ path, strlen(path) };
	return 0;
}

/* Leave an entry out below every PATH.  *found: 1 if any led there, -1 if it is one itself. */
static int leave_out(struct scope *s, const char *entry, int *found)
{
	if (find_true_roots(s))
		return cli_no_memory(s->cli);
	*found = 0;
	for (size_t i = 0; i < s->cli->paths.len && *found >= 0; i++)
		if (leave_out_below(s, i, entry, found))
			return -1;
	return 0;
}

static int leave_out_argument(struct scope *s, const char *path)
{
	char *entry = true_entry(path);
	int found = 0;
	int ret;

	if (!entry)
		return cli_no_memory(s->cli);
	ret = leave_out(s, entry, &found);
	free(entry);
	if (ret)
		return ret;
	if (found < 0) {
		cli_error(s->cli, "'%s' is to be watched and, by '@%s', to be left out", path,
			  path);
		return -1;
	}
	if (!found)
		cli_warn(s->cli, "'@%s' leaves nothing out: it is below no PATH", path);
	return 0;
}

/*
 * What we write into a regular file below a PATH would be an event that makes us write more,
 * for ever.
 */
static int leave_out_output(struct scope *s, int fd)
{
	char link[64];
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;
	int found = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0)
		return 0;
	target[len] = '\0';
	if (leave_out(s, target, &found))
		return -1;
	if (found > 0)
		cli_note(s->cli, "'%s' is left out: this program writes it", target);
	return 0;
}

/* Is it below this PATH, and left out there?  What is left out is pruned with all below. */
static int is_left_out(const struct scope *s, const char *path, size_t reloff)
{
	for (size_t i = 0; i < s->nleft_out; i++) {
		const struct left_out *l = &s->left_out[i];

		/* a PATH inside what is left out of another PATH counts */
		if (l->len <= reloff || strncmp(path, l->path, l->len) != 0)
			continue;
		if (path[l->len] == '\0' || path[l->len] == '/')
			return 1;
	}
	return 0;
}

static unsigned filter(void *arg, const char *path, size_t reloff, int is_dir)
{
	const struct scope *s = arg;
	const struct cli *c = s->cli;
	unsigned answer = 0;

	if (is_left_out(s, path, reloff))
		return PATHEV_HIDE | PATHEV_PRUNE;
	if (c->ignore)
		answer |= pathev__ignore_ask(c->ignore, path + reloff, is_dir);
	if (c->filter && !(answer & PATHEV_PRUNE)) {
		int ret = pathev__filter_ask(c->filter, path, is_dir);

		/* without memory to judge it, it counts: telling too much loses nothing */
		answer |= ret > 0 ? (unsigned)ret : 0;
	}
	return answer;
}

/* ---- the watcher ---- */

/* Nothing is watched before all PATHs were found to be there. */
static int look(struct scope *s)
{
	const struct cli *c = s->cli;
	int missing = 0;
	struct stat st;

	for (size_t i = 0; i < c->paths.len; i++) {
		const char *path = c->paths.item[i];
		int ret = c->flags & PATHEV_NOFOLLOW ? lstat(path, &st) : stat(path, &st);

		if (ret == 0 || errno == ENAMETOOLONG)
			continue;
		if (errno == ENOENT)
			cli_error(c, "cannot watch '%s': %s%s", path, strerror(errno),
				  c->program->sets & CLI_SET_MISSING ?
				  " (--allow-missing waits for it)" : "");
		else
			blind_path(&s->blind, path, errno);
		missing = 1;
	}
	return missing ? -1 : 0;
}

int scope_init(struct scope *s, struct cli *cli, int output, unsigned flags)
{
	*s = (struct scope){ .cli = cli, .blind = { .cli = cli } };
	if (collect(cli, flags))
		return -1;
	if (!(cli->flags & PATHEV_MISSING_OK) && look(s))
		return -1;
	for (size_t i = 0; i < cli->left_out.len; i++)
		if (leave_out_argument(s, cli->left_out.item[i]))
			return -1;
	return leave_out_output(s, output);
}

void scope_fini(struct scope *s)
{
	for (size_t i = 0; s->true_root && i < s->cli->paths.len; i++)
		free(s->true_root[i]);
	free(s->true_root);
	for (size_t i = 0; i < s->nleft_out; i++)
		free(s->left_out[i].path);
	free(s->left_out);
}

struct pathev *scope_open(struct scope *s, struct pathev_options *opt)
{
	const struct cli *c = s->cli;
	struct pathev *pv;

	opt->flags |= c->flags;
	opt->max_depth = c->max_depth;
	opt->queue_limit = c->queue_limit;
	if (s->nleft_out || c->filter || c->ignore) {
		opt->filter = filter;
		opt->filter_arg = s;
	}
	pv = pathev_open(opt);
	if (!pv) {
		blind_open(c, errno);
		return NULL;
	}
	for (size_t i = 0; i < c->paths.len; i++) {
		const char *path = c->paths.item[i];

		cli_note(c, "watching '%s'%s", path,
			 c->flags & PATHEV_RECURSIVE ? " and all below" : "");
		if (pathev_add(pv, path, 0)) {
			blind_path(&s->blind, path, errno);
			pathev_close(pv);
			return NULL;
		}
	}
	return pv;
}
