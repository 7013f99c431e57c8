/* SPDX-License-Identifier: MIT */
/*
 * scope.c - which paths are watched
 *
 * PATHs; what is left out; looking before watching; the watcher; lists that have changed.
 */
#include "scope.h"

#include "cli.h"
#include "filter.h"
#include "ignores.h"
#include "lists.h"
#include "pathev.h"
#include "screen.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scope_root {
	char *path;
	unsigned from;		/* SCOPE_* */
	unsigned next;		/* the same, or while lists are read again, what it will be */
};

/* What is left out wherever it is met: @PATH, or the file that we write. */
struct scope_entry {
	char *path;		/* its true path */
	const char *given;	/* of cli->left_out; NULL: what we write */
	int found;		/* it is below some PATH */
};

/*
 * The same below one PATH, spelled as events there spell it: `@src/x' is `./src/x' below `.', and
 * `/home/me/src/x' below /home/me.  So events are compared byte by byte.
 */
struct left_out {
	char *path;
	size_t len;
	const char *root;	/* that PATH, by its address */
};

/* Room for one more; NULL: no memory, and a message was given. */
static void *more(const struct scope *s, void *mem, size_t n, size_t size)
{
	/* doubled at each power of two */
	if (n & (n - 1))
		return mem;
	mem = reallocarray(mem, n ? 2 * n : 1, size);
	if (!mem)
		cli_no_memory(s->cli);
	return mem;
}

/* ---- PATHs ---- */

static struct scope_root *find_root(const struct scope *s, const char *path)
{
	for (size_t i = 0; i < s->nroots; i++)
		if (strcmp(s->root[i].path, path) == 0)
			return &s->root[i];
	return NULL;
}

static struct scope_root *new_root(struct scope *s, const char *path, unsigned from)
{
	struct scope_root *r = more(s, s->root, s->nroots, sizeof(*r));
	char *copy = strdup(path);

	if (r)
		s->root = r;
	if (r && !copy)
		cli_no_memory(s->cli);
	if (!r || !copy) {
		free(copy);
		return NULL;
	}
	r += s->nroots++;
	*r = (struct scope_root){ .path = copy, .from = from, .next = from };
	return r;
}

static void forget_root(struct scope *s, struct scope_root *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->nleft_out; i++) {
		if (s->left_out[i].root == r->path)
			free(s->left_out[i].path);
		else
			s->left_out[kept++] = s->left_out[i];
	}
	s->nleft_out = kept;
	ignores_remove(&s->ignores, r->path);
	free(r->path);
	*r = s->root[--s->nroots];
}

/* Are there PATHs enough to go on with?  0, or -1 after a message. */
static int check_number(const struct scope *s, size_t n)
{
	const struct cli *c = s->cli;

	if (n || s->flags & SCOPE_MAY_BE_EMPTY || !c->from_files.len)
		return 0;
	cli_error(c, "--from-file '%s': there is no PATH in it",
		  c->from_files.item[c->from_files.len - 1]);
	return -1;
}

/* All PATHs of the command line, of lists, or the one that is meant by none. */
static int collect(struct scope *s)
{
	struct cli *c = s->cli;

	if (lists_read(c, LISTS_STDIN, &c->paths, &c->left_out))
		return -1;
	if (lists_read(c, LISTS_FILES, &s->listed, &s->listed_out))
		return -1;
	s->fixed = c->paths.len;
	for (size_t i = 0; i < s->listed.len; i++)
		if (cli_list_add(c, &c->paths, s->listed.item[i], strlen(s->listed.item[i])))
			return -1;
	if (check_number(s, c->paths.len))
		return -1;
	if (c->paths.len || s->flags & SCOPE_MAY_BE_EMPTY)
		return 0;
	if (s->flags & SCOPE_NEED_PATH) {
		cli_error(c, "what to wait for? A PATH is needed; see %s --help",
			  c->program->name);
		return -1;
	}
	s->fixed = 1;
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
		return errno == ENOMEM ? NULL : absolute(path);
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

	if (!abs)
		return NULL;
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

/* Leave an entry out below a PATH.  0; 1: it is this PATH itself; -1: a message was given. */
static int leave_out(struct scope *s, const struct scope_root *r, const char *true_root,
		     struct scope_entry *e)
{
	struct left_out *l;
	char *path;
	int ret;

	if (strcmp(true_root, e->path) == 0)
		return 1;
	ret = spell_below(r->path, true_root, e->path, &path);
	if (ret < 0)
		return cli_no_memory(s->cli);
	if (ret == 0)
		return 0;
	l = more(s, s->left_out, s->nleft_out, sizeof(*l));
	if (!l) {
		free(path);
		return -1;
	}
	s->left_out = l;
	l[s->nleft_out++] = (struct left_out){ path, strlen(path), r->path };
	e->found = 1;
	return 0;
}

/* Leave all entries out below a PATH.  0; 1: *given is this PATH itself; -1: a message was given. */
static int leave_out_below(struct scope *s, const struct scope_root *r, const char **given)
{
	char *true_root;
	int ret = 0;

	if (!s->nentries)
		return 0;
	true_root = true_path(r->path);
	if (!true_root)
		return cli_no_memory(s->cli);
	for (size_t i = 0; i < s->nentries && ret == 0; i++) {
		ret = leave_out(s, r, true_root, &s->entry[i]);
		*given = s->entry[i].given;
		/* who wants to watch what we write has a reason */
		if (ret > 0 && !*given)
			ret = 0;
	}
	free(true_root);
	return ret;
}

static int new_entry(struct scope *s, char *path, const char *given)
{
	struct scope_entry *e = path ? more(s, s->entry, s->nentries, sizeof(*e)) : NULL;

	if (!path)
		cli_error(s->cli, "cannot leave out '%s': %s", given ? given : "the output",
			  strerror(errno));
	if (!e) {
		free(path);
		return -1;
	}
	s->entry = e;
	e[s->nentries++] = (struct scope_entry){ .path = path, .given = given };
	return 0;
}

/*
 * What we write into a regular file below a PATH would be an event that makes us write more,
 * for ever.
 */
static int leave_out_output(struct scope *s)
{
	char link[64];
	char target[PATH_MAX];
	ssize_t len;

	if (s->output < 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", s->output);
	len = readlink(link, target, sizeof(target) - 1);
	if (len <= 0)
		return 0;
	target[len] = '\0';
	return new_entry(s, strdup(target), NULL);
}

static int leave_out_list(struct scope *s, const struct cli_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (new_entry(s, true_entry(list->item[i]), list->item[i]))
			return -1;
	return 0;
}

static void forget_left_out(struct scope *s)
{
	for (size_t i = 0; i < s->nleft_out; i++)
		free(s->left_out[i].path);
	for (size_t i = 0; i < s->nentries; i++)
		free(s->entry[i].path);
	free(s->left_out);
	free(s->entry);
	s->left_out = NULL;
	s->entry = NULL;
	s->nleft_out = s->nentries = 0;
}

/* What is left out, anew, and below each PATH that there is. */
static int make_left_out(struct scope *s)
{
	const struct cli *c = s->cli;

	forget_left_out(s);
	if (leave_out_list(s, &c->left_out) || leave_out_list(s, &s->listed_out) ||
	    leave_out_output(s))
		return -1;
	for (size_t i = 0; i < s->nroots; i++) {
		const char *given = NULL;
		int ret = 0;

		if (s->root[i].next)
			ret = leave_out_below(s, &s->root[i], &given);
		if (ret > 0)
			cli_error(c, "'%s' is to be watched and, by '@%s', to be left out",
				  s->root[i].path, given);
		if (ret)
			return -1;
	}
	return 0;
}

static void tell_left_out(const struct scope *s)
{
	for (size_t i = 0; i < s->nentries; i++) {
		const struct scope_entry *e = &s->entry[i];

		if (e->found && !e->given)
			cli_note(s->cli, "'%s' is left out: this program writes it", e->path);
		if (!e->found && e->given && !(s->flags & SCOPE_MAY_BE_EMPTY))
			cli_warn(s->cli, "'@%s' leaves nothing out: it is below no PATH",
				 e->given);
	}
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
	answer |= ignores_ask(&s->ignores, path, reloff, is_dir);
	if (c->filter && !(answer & PATHEV_PRUNE)) {
		int ret = pathev__filter_ask(c->filter, path, is_dir);

		/* without memory to judge it, it counts: telling too much loses nothing */
		answer |= ret > 0 ? (unsigned)ret : 0;
	}
	return answer;
}

/* ---- looking before watching ---- */

void scope_refuse(struct scope *s, const char *path, int error)
{
	const struct cli *c = s->cli;

	if (error == ENOENT)
		cli_error(c, "cannot watch '%s': %s%s", path, strerror(error),
			  c->program->sets & CLI_SET_MISSING ? " (--allow-missing waits for it)" :
			  "");
	else
		blind_path(&s->blind, path, error);
}

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
		scope_refuse(s, path, errno);
		missing = 1;
	}
	return missing ? -1 : 0;
}

int scope_init(struct scope *s, struct cli *cli, int output, unsigned flags)
{
	*s = (struct scope){ .cli = cli, .blind = { .cli = cli }, .output = output, .flags = flags };
	if (ignores_init(&s->ignores, cli) || collect(s))
		return -1;
	if (!(cli->flags & PATHEV_MISSING_OK) && look(s))
		return -1;
	for (size_t i = 0; i < cli->paths.len; i++) {
		unsigned from = i < s->fixed ? SCOPE_ARGUMENT : SCOPE_LISTED;
		struct scope_root *r = find_root(s, cli->paths.item[i]);

		if (r)
			r->from = r->next |= from;
		else if (!new_root(s, cli->paths.item[i], from) ||
			 ignores_add(&s->ignores, cli->paths.item[i]) ||
			 ignores_settle(&s->ignores, cli->paths.item[i]) < 0)
			return -1;
	}
	if (make_left_out(s))
		return -1;
	tell_left_out(s);
	return 0;
}

void scope_fini(struct scope *s)
{
	if (s->cli) {
		progress_end(s->cli->progress);
		s->cli->progress = NULL;
	}
	forget_left_out(s);
	ignores_fini(&s->ignores);
	for (size_t i = 0; i < s->nroots; i++)
		free(s->root[i].path);
	free(s->root);
	cli_list_free(&s->listed);
	cli_list_free(&s->listed_out);
}

/* ---- the watcher ---- */

/* A PATH that is not there yet, or not any more, is no directory. */
static uint32_t flags_of(const struct scope *s, const char *path)
{
	struct stat st;

	return s->file_flags && (stat(path, &st) || !S_ISDIR(st.st_mode)) ? s->file_flags : 0;
}

static int watch(struct scope *s, const char *path, uint32_t flags)
{
	const struct cli *c = s->cli;

	cli_note(c, "watching '%s'%s", path,
		 (c->flags | flags) & PATHEV_RECURSIVE ? " and all below" : "");
	return pathev_add(s->pv, path, flags | flags_of(s, path));
}

static void tell_progress(void *arg, uint64_t dirs)
{
	progress_tell(arg, dirs, pathev_now());
}

/* Show who waits in front of a terminal that something goes on. */
static void begin_progress(struct scope *s, struct pathev_options *opt)
{
	struct cli *c = s->cli;

	if (c->quiet || !(c->flags & PATHEV_RECURSIVE) || !screen_usable(STDERR_FILENO))
		return;
	progress_begin(&s->progress, c->program->name, STDERR_FILENO, pathev_now());
	c->progress = &s->progress;
	opt->progress = tell_progress;
	opt->progress_arg = &s->progress;
}

struct pathev *scope_open(struct scope *s, struct pathev_options *opt)
{
	const struct cli *c = s->cli;

	opt->flags |= c->flags;
	opt->max_depth = c->max_depth;
	opt->queue_limit = c->queue_limit;
	opt->filter = filter;
	opt->filter_arg = s;
	/* who says nothing of what is left out has no list that could say it later */
	if (!s->nentries && !c->filter && !c->nignores && !c->from_files.len)
		opt->filter = NULL;
	begin_progress(s, opt);
	s->pv = pathev_open(opt);
	if (!s->pv) {
		blind_open(c, errno);
		return NULL;
	}
	for (size_t i = 0; i < s->nroots; i++) {
		if (watch(s, s->root[i].path, 0)) {
			blind_path(&s->blind, s->root[i].path, errno);
			pathev_close(s->pv);
			return s->pv = NULL;
		}
	}
	return s->pv;
}

/* What was left out was not walked: do it now.  Listing a PATH again is the way to that. */
static void list_again(struct scope *s, const char *path)
{
	if (pathev_add(s->pv, path, PATHEV_LIST))
		scope_refuse(s, path, errno);
}

/*
 * A PATH is watched.  A FILE of --ignore-file that lies in it and was from elsewhere until now hides
 * nothing below the others any more.  0, or -1 after a message.
 */
static int settle_ignores(struct scope *s, const char *path)
{
	int ret;

	if (!s->cli->nignores)
		return 0;
	/* what happened until now is judged by what was asked for until now; a failure shows again */
	pathev_fill(s->pv);
	ret = ignores_settle(&s->ignores, path);
	for (size_t i = 0; ret > 0 && i < s->nroots; i++)
		if (strcmp(s->root[i].path, path) != 0)
			list_again(s, s->root[i].path);
	return ret < 0 ? -1 : 0;
}

int scope_add(struct scope *s, const char *path, uint32_t flags, unsigned from, const char **why)
{
	struct scope_root *r = find_root(s, path);
	const char *given;
	int ret, error;

	*why = NULL;
	if (r) {
		if (watch(s, path, flags))
			return -1;
		r->from = r->next |= from;
		return 0;
	}
	r = new_root(s, path, from);
	if (!r) {
		errno = ENOMEM;
		return -1;
	}
	ret = ignores_add(&s->ignores, path);
	if (ret == 0)
		ret = leave_out_below(s, r, &given);
	if (ret > 0)
		*why = "it is to be left out, by @PATH";
	if (ret == 0 && watch(s, path, flags) == 0) {
		ret = settle_ignores(s, path);
		if (ret == 0)
			return 0;
		pathev_remove(s->pv, path);
	}
	error = ret < 0 ? ENOMEM : ret > 0 ? EINVAL : errno;
	forget_root(s, r);
	errno = error;
	return -1;
}

static int drop_root(struct scope *s, struct scope_root *r)
{
	int ret;

	cli_note(s->cli, "'%s' is not watched any more", r->path);
	ret = pathev_remove(s->pv, r->path);
	forget_root(s, r);
	return ret;
}

int scope_remove(struct scope *s, const char *path)
{
	struct scope_root *r = find_root(s, path);

	if (r)
		return drop_root(s, r);
	errno = ENOENT;
	return -1;
}

/* ---- lists that have changed ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who will ask for each PATH from now on. */
static void choose_next(struct scope *s)
{
	const struct cli_list *l = &s->listed;

	if (l->len)
		qsort(l->item, l->len, sizeof(*l->item), compare);
	for (size_t i = 0; i < s->nroots; i++) {
		struct scope_root *r = &s->root[i];

		r->next = r->from & ~(unsigned)SCOPE_LISTED;
		if (l->len && bsearch(&r->path, l->item, l->len, sizeof(*l->item), compare))
			r->next |= SCOPE_LISTED;
	}
}

/* PATHs that nobody asks for any more. */
static int drop_roots(struct scope *s)
{
	size_t i = 0;

	while (i < s->nroots) {
		struct scope_root *r = &s->root[i];

		r->from = r->next;
		if (r->from) {
			i++;
			continue;
		}
		/* and another one takes its place */
		if (drop_root(s, r)) {
			cli_error(s->cli, "cannot watch any more: %s", strerror(errno));
			return -1;
		}
	}
	return 0;
}

static void add_roots(struct scope *s)
{
	for (size_t i = 0; i < s->listed.len; i++) {
		const char *path = s->listed.item[i];
		const char *why;

		if (find_root(s, path) || scope_add(s, path, 0, SCOPE_LISTED, &why) == 0)
			continue;
		if (why)
			cli_error(s->cli, "cannot watch '%s': %s", path, why);
		else
			scope_refuse(s, path, errno);
	}
}

/* Below its PATH, is this left out no more? */
static int comes_back(const struct scope *s, const struct left_out *old)
{
	for (size_t i = 0; i < s->nleft_out; i++)
		if (s->left_out[i].root == old->root && !strcmp(s->left_out[i].path, old->path))
			return 0;
	return 1;
}

static void bring_back(struct scope *s, const struct scope *old)
{
	for (size_t i = 0; i < s->nroots; i++) {
		const char *path = s->root[i].path;
		int back = 0;

		for (size_t k = 0; k < old->nleft_out && !back; k++)
			back = old->left_out[k].root == path && comes_back(s, &old->left_out[k]);
		if (back)
			list_again(s, path);
	}
}

/* What lists say now, and what that leaves out.  0, or -1 after a message. */
static int read_again(struct scope *s)
{
	size_t others = 0;

	s->listed = s->listed_out = (struct cli_list){ 0 };
	s->entry = NULL;
	s->left_out = NULL;
	s->nentries = s->nleft_out = 0;
	if (lists_read(s->cli, LISTS_FILES, &s->listed, &s->listed_out))
		return -1;
	choose_next(s);
	for (size_t i = 0; i < s->nroots; i++)
		others += s->root[i].next != 0;
	return check_number(s, others + s->listed.len) || make_left_out(s) ? -1 : 0;
}

static void forget_lists(struct scope *s)
{
	forget_left_out(s);
	cli_list_free(&s->listed);
	cli_list_free(&s->listed_out);
}

int scope_reload(struct scope *s, int output)
{
	struct scope old = *s;
	int ret;

	s->output = output;
	if (!s->cli->from_files.len)
		return 0;
	/* what happened until now is judged by what was asked for until now; a failure shows again */
	pathev_fill(s->pv);
	if (read_again(s)) {
		cli_error(s->cli, "so what is watched stays as it was");
		forget_lists(s);
		s->listed = old.listed;
		s->listed_out = old.listed_out;
		s->entry = old.entry;
		s->nentries = old.nentries;
		s->left_out = old.left_out;
		s->nleft_out = old.nleft_out;
		for (size_t i = 0; i < s->nroots; i++)
			s->root[i].next = s->root[i].from;
		return 0;
	}
	ret = drop_roots(s);
	if (ret == 0) {
		bring_back(s, &old);
		add_roots(s);
	}
	forget_lists(&old);
	return ret;
}
