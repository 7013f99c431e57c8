/* SPDX-License-Identifier: MIT */
/*
 * cli.c - messages, and the options that the programs share
 *
 * Messages; values of options; the shared options; help; the command line as a whole.
 */
#include "cli.h"

#include "base.h"
#include "clock.h"
#include "filter.h"
#include "pathev.h"
#include "progress.h"
#include "quote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unversioned"
#endif

/* Longest table of options: the shared ones and a program's own. */
#define MAX_OPTIONS 64

/* Long options without a letter. */
enum {
	OPT_MAX_DEPTH = 256,
	OPT_EXCLUDE,
	OPT_EXCLUDEI,
	OPT_INCLUDE,
	OPT_INCLUDEI,
	OPT_IGNORE,
	OPT_IGNORE_FILE,
	OPT_FROM_FILE,
	OPT_READY_FD,
	OPT_RUN,
	OPT_BACKEND,
	OPT_QUEUE_LIMIT,
	OPT_STRICT,
	OPT_ALLOW_MISSING,
	OPT_FORMAT,
	OPT_TIMEFMT,
	OPT_RAW,
	OPT_NO_NEWLINE
};

static const struct option common_options[] = {
	{ "event", required_argument, NULL, 'e' },
	{ "recursive", no_argument, NULL, 'r' },
	{ "max-depth", required_argument, NULL, OPT_MAX_DEPTH },
	{ "one-file-system", no_argument, NULL, 'x' },
	{ "no-dereference", no_argument, NULL, 'P' },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ "excludei", required_argument, NULL, OPT_EXCLUDEI },
	{ "include", required_argument, NULL, OPT_INCLUDE },
	{ "includei", required_argument, NULL, OPT_INCLUDEI },
	{ "ignore", required_argument, NULL, OPT_IGNORE },
	{ "ignore-file", required_argument, NULL, OPT_IGNORE_FILE },
	{ "from-file", required_argument, NULL, OPT_FROM_FILE },
	{ "fromfile", required_argument, NULL, OPT_FROM_FILE },
	{ "null", no_argument, NULL, '0' },
	{ "timeout", required_argument, NULL, 't' },
	{ "ready-fd", required_argument, NULL, OPT_READY_FD },
	{ "run", no_argument, NULL, OPT_RUN },
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "queue-limit", required_argument, NULL, OPT_QUEUE_LIMIT },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static const struct option output_options[] = {
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "timefmt", required_argument, NULL, OPT_TIMEFMT },
	{ "time-format", required_argument, NULL, OPT_TIMEFMT },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "no-newline", no_argument, NULL, OPT_NO_NEWLINE },
	{ NULL, 0, NULL, 0 }
};

static const struct option style_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "csv", no_argument, NULL, 'c' },
	{ NULL, 0, NULL, 0 }
};

static const struct option missing_options[] = {
	{ "allow-missing", no_argument, NULL, OPT_ALLOW_MISSING },
	{ NULL, 0, NULL, 0 }
};

static const char style_help[] =
	"  -j, --json              one JSON object a line\n"
	"  -c, --csv               comma separated values\n";

static const char output_help[] =
	"      --format FMT        such as '%{time} %{events} %{path}'; see the manual\n"
	"      --timefmt FMT       strftime format for %T (or --time-format)\n"
	"      --raw               control characters in names are not escaped\n"
	"      --no-newline        nothing is added to the end of a --format record\n";

static const char events_help[] =
	"What to watch:\n"
	"  -e, --event LIST        access attrib close_nowrite close_write create delete\n"
	"                          delete_self modify move_self moved_from moved_to open\n"
	"                          unmount; groups: all changes close move%s"
	"-NAME takes one away\n";

static const char common_help[] =
	"  -r, --recursive         the directories below too; --max-depth N: down to N\n"
	"  -x, --one-file-system   do not enter other file systems\n"
	"  -P, --no-dereference    watch a PATH that is a symbolic link itself\n"
	"      --include REGEX, --exclude REGEX      only these paths, not these\n"
	"      --includei REGEX, --excludei REGEX    the same, in upper or lower case\n"
	"      --ignore GLOB, --ignore-file FILE     not these, by rules of .gitignore\n"
	"      --from-file FILE    more PATHs, one a line (or --fromfile; - is stdin)\n"
	"  @PATH                   leave this path out\n";

static const char missing_help[] =
	"      --allow-missing     a PATH need not exist yet\n";

static const char run_help[] =
	"Start and end:\n"
	"      --run COMMAND...    start it once all is armed; takes the rest of the line\n"
	"      --ready-fd N        write a newline to descriptor N once all is armed\n"
	"  -t, --timeout TIME      end after TIME: 5, 0.5, 300ms, 10s, 2m, 1h\n"
	"      --strict            what cannot be watched is an error, not a warning\n"
	"      --backend NAME      auto or inotify\n"
	"      --queue-limit SIZE  memory for events that wait for a slow reader (256M)\n"
	"  -q, --quiet   -v, --verbose   -h, --help   -V, --version\n";

/* ---- messages ---- */

/*
 * What must not reach a terminal is escaped, as in paths, but for the backslash: regular
 * expressions are to be seen as they were written.
 */
static void clean(struct pathev__out *q, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, "\\");

		pathev__quote_text(q, text, len);
		text += len;
		if (!*text)
			return;
		pathev__out_putc(q, *text++);
	}
}

/* The text with what must not reach a terminal escaped; NULL without memory. */
static char *cleaned(const char *text)
{
	struct pathev__out q = { .buf = NULL };
	char *line;

	clean(&q, text);
	line = malloc(q.len + 1);
	if (!line)
		return NULL;
	q = (struct pathev__out){ .buf = line, .size = q.len };
	clean(&q, text);
	line[q.len] = '\0';
	return line;
}

/* name: of the program, in front of the message; NULL: not there */
static void say_as(const struct cli *c, const char *name, const char *fmt, va_list ap)
{
	char *text = NULL;
	char *line = NULL;
	const char *said;

	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	if (text)
		line = cleaned(text);
	said = line ? line : "out of memory";
	progress_wipe(c->progress);
	if (c->message)
		c->message(said);
	else if (name)
		dprintf(STDERR_FILENO, "%s: %s\n", name, said);
	else
		dprintf(STDERR_FILENO, "%s\n", said);
	free(line);
	free(text);
}

static void say(const struct cli *c, const char *fmt, va_list ap)
{
	say_as(c, c->program->name, fmt, ap);
}

void cli_line(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_as(c, NULL, fmt, ap);
	va_end(ap);
}

void cli_error(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

void cli_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

void cli_note(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (!c->verbose)
		return;
	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

int cli_no_memory(const struct cli *c)
{
	cli_error(c, "out of memory");
	return -1;
}

/* ---- values of options ---- */

/* The number that text begins with, and how many digits it has.  0, or -1: it is too large. */
static int read_number(const char *text, size_t *digits, uint64_t *value)
{
	unsigned long long v;

	*digits = strspn(text, "0123456789");
	errno = 0;
	v = strtoull(text, NULL, 10);
	*value = v;
	return errno == ERANGE ? -1 : 0;
}

int cli_number(const struct cli *c, const char *option, const char *text, uint64_t min,
	       uint64_t max, uint64_t *n)
{
	uint64_t value;
	size_t digits;
	int over = read_number(text, &digits, &value);

	if (digits == 0 || text[digits] != '\0') {
		cli_error(c, "%s '%s': not a whole number", option, text);
		return -1;
	}
	if (over || value > max) {
		cli_error(c, "%s '%s': too large, at most %llu", option, text,
			  (unsigned long long)max);
		return -1;
	}
	if (value < min) {
		cli_error(c, "%s '%s': too small, at least %llu", option, text,
			  (unsigned long long)min);
		return -1;
	}
	*n = value;
	return 0;
}

int cli_duration(const struct cli *c, const char *option, const char *text, int64_t *ns)
{
	if (pathev__clock_parse(text, ns) == 0)
		return 0;
	if (errno == ERANGE)
		cli_error(c, "%s '%s': too long a time", option, text);
	else
		cli_error(c, "%s '%s': not a time; write 5, 0.5, 300ms, 10s, 2m or 1h",
			  option, text);
	return -1;
}

/* Bytes, with K, M, G for powers of 1024. */
static int size_of(const struct cli *c, const char *option, const char *text, size_t *size)
{
	static const char units[] = "KMG";
	uint64_t value;
	size_t digits;
	int over = read_number(text, &digits, &value);
	const char *unit = strchr(units, text[digits]);
	unsigned shift = 0;

	if (text[digits] != '\0' && unit)
		shift = 10 * (unsigned)(unit - units + 1);
	if (digits == 0 || !unit || (shift && text[digits + 1] != '\0')) {
		cli_error(c, "%s '%s': not a size; write 1000000, 500K, 64M or 2G", option,
			  text);
		return -1;
	}
	if (over || value > SIZE_MAX >> shift) {
		cli_error(c, "%s '%s': too large", option, text);
		return -1;
	}
	if (value == 0) {
		cli_error(c, "%s '%s': must be more than nothing", option, text);
		return -1;
	}
	*size = (size_t)value << shift;
	return 0;
}

int cli_word(const struct cli *c, const char *option, const char *text,
	     const char *const *words)
{
	char list[256] = "";

	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	for (int i = 0; words[i]; i++) {
		size_t len = strlen(list);

		snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
	}
	cli_error(c, "%s '%s': unknown; it is one of %s", option, text, list);
	return -1;
}

int cli_exclusive(const struct cli *c, int a, const char *name_a, int b, const char *name_b)
{
	if (!a || !b)
		return 0;
	cli_error(c, "%s and %s cannot be combined", name_a, name_b);
	return -1;
}

int cli_list_add(const struct cli *c, struct cli_list *list, const char *text, size_t len)
{
	char **item = pathev__grow(list->item, &list->cap, list->len + 1, sizeof(*item));
	char *copy;

	if (!item)
		return cli_no_memory(c);
	list->item = item;
	copy = strndup(text, len);
	if (!copy)
		return cli_no_memory(c);
	list->item[list->len++] = copy;
	return 0;
}

void cli_list_free(struct cli_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->item[i]);
	free(list->item);
	*list = (struct cli_list){ 0 };
}

char *cli_read(int dir, const char *file, size_t *len)
{
	int fd = file ? openat(dir, file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	ssize_t n = fd < 0 ? -1 : 1;
	char *text = NULL, *grown;
	size_t cap = 0;
	int cause;

	*len = 0;
	while (n > 0) {
		/* and a NUL */
		grown = cap - *len > 1 ? text : realloc(text, cap += 4096 + cap);
		n = grown ? read(fd, grown + *len, cap - *len - 1) : -1;
		text = grown ? grown : text;
		*len += n > 0 ? (size_t)n : 0;
	}
	cause = errno;
	if (n == 0) {
		text[*len] = '\0';
	} else {
		free(text);
		text = NULL;
	}
	if (file && fd >= 0)
		close(fd);
	errno = cause;
	return text;
}

int cli_refuse_events(const struct cli *c, uint32_t vain, const char *why)
{
	char names[256];

	vain &= c->events;
	if (!vain)
		return 0;
	pathev_event_names(vain, ',', names, sizeof(names));
	cli_error(c, "--event '%s' %s", names, why);
	return -1;
}

/* ---- the shared options ---- */

/* All names of events that the program takes, to follow a message about an unknown one. */
static void list_events(const struct cli *c)
{
	char list[512] = "";
	const char *name;
	uint32_t what;

	for (size_t i = 0; (name = pathev_event_name(i, &what)); i++) {
		size_t len = strlen(list);

		if (!(what & ~(PATHEV_ALL | c->program->own)))
			snprintf(list + len, sizeof(list) - len, "%s%s", len ? " " : "", name);
	}
	cli_error(c, "the events are: %s", list);
}

static int set_events(struct cli *c, const char *list)
{
	uint32_t events = c->events;
	const char *bad;
	size_t len;

	if (!events && list[0] == '-')
		events = c->program->events;
	if (pathev_parse_events(list, &events, &bad, &len)) {
		if (errno != EINVAL)
			return cli_no_memory(c);
		if (len)
			cli_error(c, "--event '%s': there is no event '%.*s'", list, (int)len,
				  bad);
		else
			cli_error(c, "--event '%s': a name is missing", list);
		list_events(c);
		return -1;
	}
	if (!events) {
		cli_error(c, "--event '%s': leaves no event to wait for", list);
		return -1;
	}
	c->events = events;
	return 0;
}

static int add_regex(struct cli *c, const char *option, unsigned flags, const char *regex)
{
	char why[256];

	/* mostly a variable that is not set */
	if (!*regex) {
		cli_error(c, "%s '': matches every path; leave it out, or write .* if that is meant",
			  option);
		return -1;
	}
	if (!c->filter && !(c->filter = pathev__filter_new()))
		return cli_no_memory(c);
	if (pathev__filter_add(c->filter, flags, regex, why, sizeof(why)) == 0)
		return 0;
	if (errno == ENOMEM)
		return cli_no_memory(c);
	cli_error(c, "%s '%s': not a regular expression: %s", option, regex, why);
	return -1;
}

/* Remember a pattern, or the text of a file, and own it.  0, or -1 after a message. */
static int add_ignored(struct cli *c, const char *file, char *text, size_t len)
{
	struct cli_ignore *grown = NULL;

	if (text)
		grown = reallocarray(c->ignores, c->nignores + 1, sizeof(*grown));
	if (!grown) {
		free(text);
		return cli_no_memory(c);
	}
	c->ignores = grown;
	grown[c->nignores++] = (struct cli_ignore){ file, text, len };
	return 0;
}

static int add_ignore(struct cli *c, const char *glob)
{
	if (!*glob) {
		cli_error(c, "--ignore '': matches nothing; leave it out");
		return -1;
	}
	return add_ignored(c, NULL, strdup(glob), strlen(glob));
}

static int add_ignore_file(struct cli *c, const char *file)
{
	size_t len;
	char *text = cli_read(AT_FDCWD, file, &len);

	if (text)
		return add_ignored(c, file, text, len);
	cli_error(c, "--ignore-file '%s': %s", file, strerror(errno));
	return -1;
}

static int set_ready_fd(struct cli *c, const char *text)
{
	uint64_t fd;
	int flags;

	if (cli_number(c, "--ready-fd", text, 0, INT32_MAX, &fd))
		return -1;
	if (fd <= STDERR_FILENO) {
		cli_error(c, "--ready-fd '%s': 0, 1 and 2 have their own use; take 3 or more",
			  text);
		return -1;
	}
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0) {
		cli_error(c, "--ready-fd '%s': not an open descriptor; open it as in %s>FILE",
			  text, text);
		return -1;
	}
	if ((flags & O_ACCMODE) == O_RDONLY) {
		cli_error(c, "--ready-fd '%s': open for reading only", text);
		return -1;
	}
	c->ready_fd = (int)fd;
	return 0;
}

static int set_max_depth(struct cli *c, const char *text)
{
	uint64_t n;

	if (cli_number(c, "--max-depth", text, 1, UINT32_MAX, &n))
		return -1;
	c->max_depth = (uint32_t)n;
	return 0;
}

static int set_backend(const struct cli *c, const char *text)
{
	static const char *const names[] = { "auto", "inotify", NULL };

	/* there is one so far, whatever the name */
	return cli_word(c, "--backend", text, names) < 0 ? -1 : 0;
}

static int set_flag(uint32_t *flags, uint32_t flag)
{
	*flags |= flag;
	return 0;
}

static int set_int(int *which, int value)
{
	*which = value;
	return 0;
}

static int set_text(const char **which, const char *text)
{
	*which = text;
	return 0;
}

static int set_style(const struct cli *c, enum cli_style *which, enum cli_style style)
{
	if (*which != CLI_TEXT && *which != style)
		return cli_exclusive(c, 1, "--json", 1, "--csv");
	*which = style;
	return 0;
}

/* An option of --format's company.  1: it is none of them. */
static int set_output(struct cli *c, int opt, const char *arg)
{
	switch (opt) {
	case OPT_FORMAT:
		return set_text(&c->output.format, arg);
	case OPT_TIMEFMT:
		return set_text(&c->output.timefmt, arg);
	case 'j':
		return set_style(c, &c->output.style, CLI_JSON);
	case 'c':
		return set_style(c, &c->output.style, CLI_CSV);
	case OPT_RAW:
		return set_int(&c->output.raw, 1);
	case OPT_NO_NEWLINE:
		return set_int(&c->output.no_newline, 1);
	default:
		return 1;
	}
}

/* A shared option.  0, -1 when refused, 1: it is none of them. */
static int set_common(struct cli *c, int opt, const char *arg)
{
	switch (opt) {
	case 'e':
		return set_events(c, arg);
	case 'r':
		return set_flag(&c->flags, PATHEV_RECURSIVE);
	case 'x':
		return set_flag(&c->flags, PATHEV_ONE_FS);
	case 'P':
		return set_flag(&c->flags, PATHEV_NOFOLLOW);
	case OPT_ALLOW_MISSING:
		return set_flag(&c->flags, PATHEV_MISSING_OK);
	case OPT_MAX_DEPTH:
		return set_max_depth(c, arg);
	case OPT_EXCLUDE:
		return add_regex(c, "--exclude", PATHEV__FILTER_EXCLUDE, arg);
	case OPT_EXCLUDEI:
		return add_regex(c, "--excludei", PATHEV__FILTER_EXCLUDE | PATHEV__FILTER_ICASE,
				 arg);
	case OPT_INCLUDE:
		return add_regex(c, "--include", PATHEV__FILTER_INCLUDE, arg);
	case OPT_INCLUDEI:
		return add_regex(c, "--includei", PATHEV__FILTER_INCLUDE | PATHEV__FILTER_ICASE,
				 arg);
	case OPT_IGNORE:
		return add_ignore(c, arg);
	case OPT_IGNORE_FILE:
		return add_ignore_file(c, arg);
	case OPT_FROM_FILE:
		return cli_list_add(c, &c->from_files, arg, strlen(arg));
	case '0':
		return set_int(&c->nul, 1);
	case 't':
		return cli_duration(c, "--timeout", arg, &c->timeout_ns);
	case OPT_READY_FD:
		return set_ready_fd(c, arg);
	case OPT_BACKEND:
		return set_backend(c, arg);
	case OPT_QUEUE_LIMIT:
		return size_of(c, "--queue-limit", arg, &c->queue_limit);
	case OPT_STRICT:
		return set_int(&c->strict, 1);
	case 'q':
		return set_int(&c->quiet, 1);
	case 'v':
		return set_int(&c->verbose, 1);
	default:
		return set_output(c, opt, arg);
	}
}

/* ---- help ---- */

static int print_help(const struct cli *c)
{
	const struct cli_program *p = c->program;

	if (dprintf(STDOUT_FILENO, "%s%s%s", p->usage,
		    p->sets & CLI_SET_STYLE ? style_help : "",
		    p->sets & CLI_SET_OUTPUT ? output_help : "") >= 0 &&
	    dprintf(STDOUT_FILENO, events_help, p->own_help) >= 0 &&
	    dprintf(STDOUT_FILENO, "%s%s%s", common_help,
		    p->sets & CLI_SET_MISSING ? missing_help : "", run_help) >= 0)
		return 0;
	cli_error(c, "cannot write to standard output: %s", strerror(errno));
	return -1;
}

static int print_version(const struct cli *c)
{
	if (dprintf(STDOUT_FILENO, "%s (pathev) %s\n", c->program->name, PACKAGE_VERSION) >= 0)
		return 0;
	cli_error(c, "cannot write to standard output: %s", strerror(errno));
	return -1;
}

/* ---- the command line ---- */

struct table {
	struct option options[MAX_OPTIONS + 1];
	char letters[2 * MAX_OPTIONS + 3];
	size_t len;
};

/* Add rows to the table, and their letters to the string for getopt_long(3). */
static void add_options(struct table *t, const struct option *rows)
{
	size_t at = strlen(t->letters);

	for (; rows->name && t->len < MAX_OPTIONS; rows++) {
		t->options[t->len++] = *rows;
		if (rows->val > 255)
			continue;
		t->letters[at++] = (char)rows->val;
		if (rows->has_arg == required_argument)
			t->letters[at++] = ':';
	}
}

static void make_table(struct table *t, const struct cli_program *p)
{
	memset(t, 0, sizeof(*t));
	/* -: words that are no options come in their place; : without messages, and a missing
	 * argument is ':' */
	strcpy(t->letters, "-:");
	add_options(t, common_options);
	if (p->sets & CLI_SET_STYLE)
		add_options(t, style_options);
	if (p->sets & CLI_SET_OUTPUT)
		add_options(t, output_options);
	if (p->sets & CLI_SET_MISSING)
		add_options(t, missing_options);
	add_options(t, p->options);
}

/* How many long options begin as the word does: more than one is an ambiguity. */
static int matches(const struct table *t, const char *word)
{
	size_t len = strcspn(word, "=");
	int found = 0;

	for (size_t i = 0; i < t->len; i++)
		found += strncmp(t->options[i].name, word, len) == 0;
	return found;
}

/* What getopt_long(3) refused: word is where it stood, optopt the option if it knows one. */
static void refuse_option(const struct cli *c, const struct table *t, const char *word)
{
	int len = (int)strcspn(word, "=");
	const char *help = c->program->name;

	if (strncmp(word, "--", 2) != 0 && !word[2])
		cli_error(c, "unknown option '%s'; see %s --help", word, help);
	else if (strncmp(word, "--", 2) != 0)
		cli_error(c, "unknown option '-%c' in '%s'; see %s --help", optopt, word, help);
	else if (optopt)
		cli_error(c, "option '%.*s' takes no argument, but there is '%s'", len, word,
			  word + len);
	else if (matches(t, word + 2) > 1)
		cli_error(c, "option '%.*s' could be several; see %s --help", len, word, help);
	else
		cli_error(c, "unknown option '%.*s'; see %s --help", len, word, help);
	if (access(word, F_OK) == 0)
		cli_error(c, "if the file '%s' is meant: write ./%s", word, word);
}

static int add_path(struct cli *c, const char *path)
{
	struct cli_list *list = &c->paths;

	if (path[0] == '@') {
		list = &c->left_out;
		path++;
	}
	if (path[0] == '\0') {
		cli_error(c, "'%s': an empty PATH", list == &c->paths ? "" : "@");
		return -1;
	}
	return cli_list_add(c, list, path, strlen(path));
}

/* --run: the rest of the line is the command, and no option in it is ours. */
static int set_command(struct cli *c, char **rest)
{
	if (!*rest) {
		cli_error(c, "--run: no command follows; write it last: --run COMMAND [ARG]...");
		return -1;
	}
	c->command = rest;
	return 0;
}

static int contradictions(const struct cli *c)
{
	const struct cli_output *o = &c->output;

	if (cli_exclusive(c, c->quiet, "--quiet", c->verbose, "--verbose") ||
	    cli_exclusive(c, o->style == CLI_JSON, "--json", !!o->format, "--format") ||
	    cli_exclusive(c, o->style == CLI_CSV, "--csv", !!o->format, "--format") ||
	    cli_exclusive(c, o->style == CLI_JSON, "--json", o->raw, "--raw") ||
	    cli_exclusive(c, o->style == CLI_CSV, "--csv", o->raw, "--raw"))
		return -1;
	if (c->max_depth && !(c->flags & PATHEV_RECURSIVE) && !c->control) {
		cli_error(c, "--max-depth needs --recursive");
		return -1;
	}
	if (o->timefmt && !o->format) {
		cli_error(c, "--timefmt needs --format, with a %%T in it");
		return -1;
	}
	if (o->no_newline && !o->format) {
		cli_error(c, "--no-newline needs --format");
		return -1;
	}
	return 0;
}

/* A word that getopt_long(3) returned.  0, or -1 when it was refused. */
static int take(struct cli *c, const struct table *t, void *self, int opt, const char *word)
{
	int ret;

	switch (opt) {
	case 1:
		return add_path(c, optarg);
	case ':':
		cli_error(c, "option '%s' needs an argument", word);
		return -1;
	case '?':
		refuse_option(c, t, word);
		return -1;
	default:
		ret = set_common(c, opt, optarg);
		return ret == 1 ? c->program->set(self, opt, optarg) : ret;
	}
}

int cli_parse(struct cli *c, const struct cli_program *program, void *self, int argc,
	      char **argv)
{
	struct table t;

	*c = (struct cli){ .program = program, .timeout_ns = -1, .ready_fd = -1 };
	make_table(&t, program);
	for (;;) {
		/* words come in their order (the - in letters), so this is the next one */
		const char *word = argv[optind];
		int opt = getopt_long(argc, argv, t.letters, t.options, NULL);

		if (opt == -1)
			break;
		if (opt == 'h')
			return print_help(c);
		if (opt == 'V')
			return print_version(c);
		if (opt == OPT_RUN) {
			if (set_command(c, argv + optind))
				return -1;
			return contradictions(c) ? -1 : 1;
		}
		if (take(c, &t, self, opt, word))
			return -1;
	}
	for (; optind < argc; optind++)
		if (add_path(c, argv[optind]))
			return -1;
	return contradictions(c) ? -1 : 1;
}

void cli_free(struct cli *c)
{
	cli_list_free(&c->paths);
	cli_list_free(&c->left_out);
	cli_list_free(&c->from_files);
	pathev__filter_free(c->filter);
	for (size_t i = 0; i < c->nignores; i++)
		free(c->ignores[i].text);
	free(c->ignores);
}
