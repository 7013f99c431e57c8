/* SPDX-License-Identifier: MIT */
/*
 * ignore.c - gitignore's pattern rules: does this path count
 *
 *  - adding: a line becomes a pattern, its text an array of steps;
 *  - asking: the patterns are tried from the last to the first, each by running its steps.
 */
#include "ignore.h"

#include "base.h"
#include "pathev.h"

#include <assert.h>
#include <string.h>

enum step_kind {
	END,		/* the text must end here */
	NEVER,		/* the pattern is broken here */
	BYTE,		/* this byte */
	ANY,		/* one byte, but no slash */
	SET,		/* one byte of a set, which never holds the slash */
	STAR,		/* any bytes but the slash, or none */
	DEEP,		/* any bytes, or none */
	DIRS		/* any directories, each with its slash, or none */
};

struct step {
	enum step_kind kind;
	unsigned arg;		/* BYTE: it; SET: its place in pathev__ignore.set */
};

/* bytes 0 to 255, a bit each */
struct byteset {
	unsigned char bits[32];
};

enum {
	NEGATED = 1,		/* brings back what earlier patterns ignore */
	DIR_ONLY = 2,
	NAME_ONLY = 4		/* is matched against the last component, in any directory */
};

struct pattern {
	unsigned flags;
	size_t baselen;
	char *base;		/* owned */
	struct step step[];	/* ends with END */
};

/* pattern is sorted by baselen, and else in the order of adding. */
struct pathev__ignore {
	struct pattern **pattern;
	size_t used;
	size_t cap;
	struct byteset *set;	/* of all patterns */
	size_t set_used;
	size_t set_cap;
};

/* ---- sets: what is between [ and ] ---- */

static void set_add(struct byteset *set, unsigned char c)
{
	set->bits[c / 8] |= (unsigned char)(1u << c % 8);
}

static int set_has(const struct byteset *set, unsigned char c)
{
	return set->bits[c / 8] >> c % 8 & 1;
}

static void set_add_range(struct byteset *set, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		set_add(set, (unsigned char)c);
}

/* The bytes of [:name:], in the C locale whatever the locale is.  0, or -1: no such name. */
static int set_add_class(struct byteset *set, const char *name, size_t len)
{
	static const struct {
		const char *name;
		unsigned char ranges[9];	/* pairs: from, to; 0 ends them */
	} classes[] = {
		{ "alnum", { '0', '9', 'A', 'Z', 'a', 'z' } },
		{ "alpha", { 'A', 'Z', 'a', 'z' } },
		{ "blank", { ' ', ' ', '\t', '\t' } },
		{ "cntrl", { 1, 31, 127, 127 } },
		{ "digit", { '0', '9' } },
		{ "graph", { '!', '~' } },
		{ "lower", { 'a', 'z' } },
		{ "print", { ' ', '~' } },
		{ "punct", { '!', '/', ':', '@', '[', '`', '{', '~' } },
		/* git leaves out \v and \f */
		{ "space", { '\t', '\n', '\r', '\r', ' ', ' ' } },
		{ "upper", { 'A', 'Z' } },
		{ "xdigit", { '0', '9', 'A', 'F', 'a', 'f' } },
	};

	for (size_t i = 0; i < PATHEV__COUNT(classes); i++) {
		if (strlen(classes[i].name) != len || memcmp(classes[i].name, name, len) != 0)
			continue;
		for (const unsigned char *r = classes[i].ranges; *r; r += 2)
			set_add_range(set, r[0], r[1]);
		return 0;
	}
	return -1;
}

/*
 * One item of a set: a byte, a range, a class.  p is at it and before end; *prev is the byte a
 * range may begin with, 0 for none.  Returns what is behind the item, NULL when it is broken.
 */
static const char *parse_item(const char *p, const char *end, struct byteset *set,
			      unsigned char *prev)
{
	unsigned char c = (unsigned char)*p++;
	const char *close;

	if (c == '-' && *prev && p < end && *p != ']') {
		if (*p == '\\' && ++p == end)
			return NULL;
		set_add_range(set, *prev, (unsigned char)*p++);
		*prev = 0;
		return p;
	}
	if (c == '[' && p < end && *p == ':') {
		close = memchr(p + 1, ']', (size_t)(end - p - 1));
		if (!close)
			return NULL;
		if (close - p >= 2 && close[-1] == ':') {
			*prev = 0;
			return set_add_class(set, p + 1, (size_t)(close - p - 2)) ? NULL : close + 1;
		}
		/* no :] at the end, so that this [ is a byte like others */
	}
	if (c == '\\') {
		if (p == end)
			return NULL;
		c = (unsigned char)*p++;
	}
	set_add(set, c);
	*prev = c;
	return p;
}

/* The set that begins behind a [ at p.  Returns what is behind its ], NULL when it is broken. */
static const char *parse_set(const char *p, const char *end, struct byteset *set)
{
	unsigned char prev = 0;
	int negated = p < end && (*p == '!' || *p == '^');

	*set = (struct byteset){{0}};
	p += negated;
	do {			/* at least one item: a ] in the first place is a byte */
		if (p == end)
			return NULL;
		p = parse_item(p, end, set, &prev);
		if (!p)
			return NULL;
	} while (p == end || *p != ']');
	for (size_t i = 0; negated && i < sizeof(set->bits); i++)
		set->bits[i] ^= 0xff;
	set->bits[0] &= (unsigned char)~1u;
	set->bits['/' / 8] &= (unsigned char)~(1u << '/' % 8);
	return p + 1;
}

/* ---- adding ---- */

struct pathev__ignore *pathev__ignore_new(void)
{
	return calloc(1, sizeof(struct pathev__ignore));
}

static void free_pattern(struct pattern *p)
{
	free(p->base);
	free(p);
}

void pathev__ignore_free(struct pathev__ignore *ig)
{
	int cause = errno;

	if (!ig)
		return;
	for (size_t i = 0; i < ig->used; i++)
		free_pattern(ig->pattern[i]);
	free(ig->pattern);
	free(ig->set);
	free(ig);
	errno = cause;
}

/*
 * What a run of stars from p to behind means: ** is special only as a whole component.  A star
 * in a name cannot meet a slash, so there all runs are the same.
 */
static enum step_kind star_kind(const char *start, const char *p, const char *behind,
				const char *end)
{
	if (behind - p < 2 || (p > start && p[-1] != '/'))
		return STAR;
	if (behind == end)
		return DEEP;
	if (*behind == '/')
		return DIRS;
	return *behind == '\\' && behind + 1 < end && behind[1] == '/' ? DEEP : STAR;
}

/*
 * Turn the text from start to end into steps, of which there is room for one more than bytes.
 * 0 or -1 with ENOMEM.
 */
static int compile(struct pathev__ignore *ig, struct step *step, const char *start,
		   const char *end)
{
	const char *p = start;

	while (p < end) {
		const char *at = p++;
		struct byteset *grown;

		*step = (struct step){BYTE, (unsigned char)*at};
		switch (*at) {
		case '?':
			step->kind = ANY;
			break;
		case '*':
			while (p < end && *p == '*')
				p++;
			step->kind = star_kind(start, at, p, end);
			p += step->kind == DIRS;
			break;
		case '[':
			grown = pathev__grow(ig->set, &ig->set_cap, ig->set_used + 1, sizeof(*grown));
			if (!grown)
				return -1;
			ig->set = grown;
			p = parse_set(p, end, &grown[ig->set_used]);
			*step = (struct step){p ? SET : NEVER, (unsigned)ig->set_used++};
			break;
		case '\\':
			if (p < end)
				step->arg = (unsigned char)*p++;
			else
				step->kind = NEVER;
			break;
		}
		if (step++->kind == NEVER)
			return 0;
	}
	*step = (struct step){END, 0};
	return 0;
}

/* Put p behind all patterns of its base and of shallower ones. */
static int insert(struct pathev__ignore *ig, struct pattern *p)
{
	struct pattern **grown = pathev__grow(ig->pattern, &ig->cap, ig->used + 1,
					      sizeof(*grown));
	size_t i = ig->used;

	if (!grown)
		return -1;
	ig->pattern = grown;
	for (; i > 0 && grown[i - 1]->baselen > p->baselen; i--)
		grown[i] = grown[i - 1];
	grown[i] = p;
	ig->used++;
	return 0;
}

/* Reads the marks around the text from *start to *end, and cuts them off: ! / and a last /. */
static unsigned read_marks(const char **start, const char **end)
{
	unsigned flags = 0;

	if (*start < *end && **start == '!') {
		flags |= NEGATED;
		++*start;
	}
	if (*start < *end && (*end)[-1] == '/') {
		flags |= DIR_ONLY;
		--*end;
	}
	if (!memchr(*start, '/', (size_t)(*end - *start)))
		flags |= NAME_ONLY;
	else if (**start == '/')
		++*start;
	return flags;
}

static int add(struct pathev__ignore *ig, const char *base, const char *text, size_t len)
{
	const char *start = text, *end = text + len;
	unsigned flags = read_marks(&start, &end);
	struct pattern *p;
	size_t bytes;

	assert(base[0] != '/');
	if (pathev__size(len + 1, sizeof(struct step), sizeof(*p), &bytes))
		return -1;
	p = malloc(bytes);
	if (!p)
		return -1;
	p->flags = flags;
	p->baselen = strlen(base);
	p->base = strdup(base);
	if (p->base && compile(ig, p->step, start, end) == 0 && insert(ig, p) == 0)
		return 0;
	free_pattern(p);
	errno = ENOMEM;
	return -1;
}

int pathev__ignore_add(struct pathev__ignore *ig, const char *base, const char *pattern)
{
	return add(ig, base, pattern, strlen(pattern));
}

/* The length of line without the spaces at its end, but for one that is escaped. */
static size_t trim_spaces(const char *line, size_t len)
{
	size_t keep = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\')
			keep = ++i + 1;
		else if (line[i] != ' ')
			keep = i + 1;
	}
	return keep < len ? keep : len;
}

int pathev__ignore_add_text(struct pathev__ignore *ig, const char *base, const char *text,
			    size_t len)
{
	const char *p = text, *end = text + len;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)	/* a byte order mark */
		p += 3;
	while (p < end) {
		const char *line = p, *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - line);

		p = newline ? newline + 1 : end;
		if (n && line[n - 1] == '\r')
			n--;
		n = trim_spaces(line, strnlen(line, n));
		if (n && line[0] != '#' && add(ig, base, line, n))
			return -1;
	}
	return 0;
}

/* ---- asking ---- */

/*
 * Run the steps over text.  Where one does not fit, the last wildcard takes more and the steps
 * behind it begin anew.  One place to go back to is enough for each kind: whatever a wildcard
 * could take in addition, the next one of its kind can take as well, and what STAR takes ends at
 * the next slash, so that those before the last DEEP or DIRS need not be tried again.
 */
static int match(const struct step *step, const struct byteset *set, const char *text)
{
	const struct step *star = NULL, *deep = NULL;
	const char *star_text = NULL, *deep_text = NULL;

	for (;;) {
		switch (step->kind) {
		case END:
			if (!*text)
				return 1;
			break;
		case NEVER:
			return 0;
		case BYTE:
			if ((unsigned char)*text != step->arg)
				break;
			step++;
			text++;
			continue;
		case ANY:
			if (!*text || *text == '/')
				break;
			step++;
			text++;
			continue;
		case SET:
			if (!set_has(&set[step->arg], (unsigned char)*text))
				break;
			step++;
			text++;
			continue;
		case STAR:
			star = step++;
			star_text = text;
			continue;
		case DEEP:
		case DIRS:
			star = NULL;
			deep = step++;
			deep_text = text;
			continue;
		}
		if (star && *star_text && *star_text != '/') {
			step = star + 1;
			text = ++star_text;
			continue;
		}
		if (!deep)
			return 0;
		if (deep->kind == DIRS)
			deep_text += strcspn(deep_text, "/");
		if (!*deep_text)
			return 0;
		step = deep + 1;
		text = ++deep_text;
	}
}

static int applies(const struct pathev__ignore *ig, const struct pattern *p, const char *rel,
		   const char *name, int is_dir)
{
	if ((p->flags & DIR_ONLY) && !is_dir)
		return 0;
	if (p->baselen) {
		if (strncmp(rel, p->base, p->baselen) != 0 || rel[p->baselen] != '/')
			return 0;
		rel += p->baselen + 1;
	}
	return match(p->step, ig->set, p->flags & NAME_ONLY ? name : rel);
}

unsigned pathev__ignore_ask(const struct pathev__ignore *ig, const char *rel, int is_dir)
{
	const char *slash = strrchr(rel, '/');
	const char *name = slash ? slash + 1 : rel;

	for (size_t i = ig->used; i-- > 0;) {
		const struct pattern *p = ig->pattern[i];

		if (!applies(ig, p, rel, name, is_dir))
			continue;
		if (p->flags & NEGATED)
			return 0;
		return is_dir ? PATHEV_HIDE | PATHEV_PRUNE : PATHEV_HIDE;
	}
	return 0;
}
