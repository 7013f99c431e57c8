/* SPDX-License-Identifier: MIT */
/*
 * model.c - a directory tree rebuilt from the JSON lines of pathwatch, and only from those
 *
 * The model believes what it reads, and checks that each event makes sense where it stands: its
 * parent is a known directory, what changes or goes was told before, what is created was not.
 */
#include "model.h"
#include "writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/*
 * A strict reader of one JSON object
 */

struct json {
	const char *p, *end;
};

struct text {		/* any bytes, NUL-ended besides */
	char *s;
	size_t len;
};

struct event {
	uint64_t seq;
	int64_t time_ns;
	unsigned what;
	struct text path, from, to;
	char type;		/* 'd', another letter, or 0 */
	int synthesized;
	uint32_t cookie;
};

enum {
	CREATE = 1, DELETE = 2, MOVED_FROM = 4, MOVED_TO = 8, EXISTS = 16, READY = 32,
	OVERFLOW = 64, ERROR = 128, CONTENT = 256, SELF = 512, OTHER = 1024
};

static const struct {
	const char *name;
	unsigned bit;
} names[] = {
	{"create", CREATE}, {"delete", DELETE}, {"moved_from", MOVED_FROM},
	{"moved_to", MOVED_TO}, {"exists", EXISTS}, {"ready", READY}, {"overflow", OVERFLOW},
	{"error", ERROR}, {"modify", CONTENT}, {"close_write", CONTENT}, {"attrib", OTHER},
	{"open", OTHER}, {"access", OTHER}, {"close_nowrite", OTHER}, {"delete_self", SELF},
	{"move_self", SELF}, {"unmount", SELF},
};

static int lit(struct json *j, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, s, n))
		return -1;
	j->p += n;
	return 0;
}

static int hex4(struct json *j, unsigned *u)
{
	*u = 0;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d;

		if (j->p == j->end || !*j->p)
			return -1;
		d = strchr(digits, *j->p | 0x20);
		if (!d)
			return -1;
		*u = *u * 16 + (unsigned)(d - digits);
		j->p++;
	}
	return 0;
}

static char *put_utf8(char *q, unsigned u)
{
	if (u < 0x80) {
		*q++ = (char)u;
	} else if (u < 0x800) {
		*q++ = (char)(0xc0 | u >> 6);
		*q++ = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		*q++ = (char)(0xe0 | u >> 12);
		*q++ = (char)(0x80 | (u >> 6 & 0x3f));
		*q++ = (char)(0x80 | (u & 0x3f));
	} else {
		*q++ = (char)(0xf0 | u >> 18);
		*q++ = (char)(0x80 | (u >> 12 & 0x3f));
		*q++ = (char)(0x80 | (u >> 6 & 0x3f));
		*q++ = (char)(0x80 | (u & 0x3f));
	}
	return q;
}

static int escape(struct json *j, char **q)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	unsigned u, lo;
	const char *e;

	if (j->p == j->end)
		return -1;
	if (*j->p == 'u') {
		j->p++;
		if (hex4(j, &u) || (u >= 0xdc00 && u < 0xe000))
			return -1;
		if (u >= 0xd800 && u < 0xdc00) {
			if (lit(j, "\\u") || hex4(j, &lo) || lo < 0xdc00 || lo >= 0xe000)
				return -1;
			u = 0x10000 + ((u - 0xd800) << 10) + (lo - 0xdc00);
		}
		*q = put_utf8(*q, u);
		return 0;
	}
	e = *j->p ? strchr(from, *j->p) : NULL;
	if (!e)
		return -1;
	*(*q)++ = to[e - from];
	j->p++;
	return 0;
}

/* How many bytes the UTF-8 sequence at p has, 0: not valid. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 :
		   *p >= 0xf0 && *p < 0xf5 ? 4 : 0;

	if (!n || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static int string(struct json *j, struct text *t)
{
	char *q;

	if (lit(j, "\""))
		return -1;
	free(t->s);
	t->s = q = malloc((size_t)(j->end - j->p) + 1);
	while (j->p < j->end && *j->p != '"') {
		size_t n;

		if (*j->p == '\\') {
			j->p++;
			if (escape(j, &q))
				return -1;
			continue;
		}
		n = utf8_len((const unsigned char *)j->p, (size_t)(j->end - j->p));
		if (!n || (unsigned char)*j->p < 0x20)
			return -1;
		memcpy(q, j->p, n);
		q += n;
		j->p += n;
	}
	*q = '\0';
	t->len = (size_t)(q - t->s);
	return lit(j, "\"");
}

static int base64(struct text *t)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, have = 0;
	char *q = t->s;

	if (t->len % 4)
		return -1;
	for (size_t i = 0; i < t->len && t->s[i] != '='; i++) {
		const char *d = strchr(digits, t->s[i]);

		if (!d)
			return -1;
		bits = bits << 6 | (unsigned)(d - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			*q++ = (char)(bits >> have & 0xff);
		}
	}
	*q = '\0';
	t->len = (size_t)(q - t->s);
	return 0;
}

static int number(struct json *j, uint64_t *n)
{
	const char *start = j->p;

	for (*n = 0; j->p < j->end && *j->p >= '0' && *j->p <= '9'; j->p++)
		*n = *n * 10 + (uint64_t)(*j->p - '0');
	return j->p == start || (*start == '0' && j->p - start > 1) ? -1 : 0;
}

static int events(struct json *j, unsigned *what)
{
	struct text t = {0};
	int res = lit(j, "[");

	do {
		size_t i = 0;

		if (res || string(j, &t)) {
			res = -1;
			break;
		}
		while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i].name, t.s))
			i++;
		if (i == sizeof(names) / sizeof(names[0])) {
			res = -1;
			break;
		}
		*what |= names[i].bit;
	} while (!lit(j, ","));
	free(t.s);
	return res ? res : lit(j, "]");
}

static int timestamp(const struct text *t, int64_t *ns)
{
	struct tm tm = {0};
	int n = 0;
	long frac;

	if (sscanf(t->s, "%4d-%2d-%2dT%2d:%2d:%2d.%9ldZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &frac, &n) != 7 || n != 30 || t->s[n])
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ns = (int64_t)timegm(&tm) * 1000000000 + frac;
	return 0;
}

static int member(struct json *j, struct event *e, const char *key)
{
	static const struct {
		const char *key;
		size_t off;
	} paths[] = {
		{"path", offsetof(struct event, path)}, {"from", offsetof(struct event, from)},
		{"to", offsetof(struct event, to)},
	};
	struct text t = {0};
	uint64_t n;
	int res;

	if (!strcmp(key, "seq"))
		return number(j, &e->seq);
	if (!strcmp(key, "cookie")) {
		res = number(j, &n);
		e->cookie = (uint32_t)n;
		return res;
	}
	if (!strcmp(key, "events"))
		return events(j, &e->what);
	if (!strcmp(key, "synthesized")) {
		e->synthesized = 1;
		return lit(j, "true");
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		size_t len = strlen(paths[i].key);
		struct text *into = (struct text *)((char *)e + paths[i].off);

		if (strncmp(key, paths[i].key, len) || (key[len] && strcmp(key + len, "_b64")))
			continue;
		if (into->s || string(j, into))
			return -1;
		return key[len] ? base64(into) : 0;
	}
	res = string(j, &t);
	if (!res && !strcmp(key, "time"))
		res = timestamp(&t, &e->time_ns);
	if (!res && !strcmp(key, "type"))
		e->type = t.s[0] == 'd' ? 'd' : 'o';
	free(t.s);
	return res;
}

static int object(struct json *j, struct event *e)
{
	struct text key = {0};
	int res = lit(j, "{");

	do {
		if (res || string(j, &key) || lit(j, ":") || member(j, e, key.s)) {
			res = -1;
			break;
		}
	} while (!lit(j, ","));
	free(key.s);
	return res || lit(j, "}") || j->p != j->end ? -1 : 0;
}

/*
 * The tree
 */

struct node {
	struct node *parent, *next, *child;
	char *name;
	char type;		/* 'd', 'o' or 0: not told */
	int64_t time_ns;	/* of the last event that tells of its contents */
};

struct move {			/* what left and may arrive */
	struct move *next;
	uint32_t cookie;
	char *from;
	struct node *node;
};

enum { GONE = 4096 };

struct model {
	char *gone[GONE];	/* the names that went last */
	unsigned ngone;
	char *root;
	size_t rootlen;
	struct node *top;	/* NULL: the root is not bound */
	struct move *moves;
	uint64_t seq;
	int settled;
	struct model_counts n;
	char why[8192];
	size_t whylen;
};

static int complain(struct model *m, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m->why + m->whylen, sizeof(m->why) - m->whylen, fmt, ap);
	va_end(ap);
	if (n > 0)
		m->whylen += (size_t)n;
	if (m->whylen >= sizeof(m->why))
		m->whylen = sizeof(m->why) - 1;
	return -1;
}

static void free_node(struct node *n)
{
	if (!n)
		return;
	while (n->child) {
		struct node *c = n->child;

		n->child = c->next;
		free_node(c);
	}
	free(n->name);
	free(n);
}

static struct node *find_child(const struct node *n, const char *name, size_t len)
{
	struct node *c = n->child;

	while (c && (strncmp(c->name, name, len) || c->name[len]))
		c = c->next;
	return c;
}

static struct node *add_child(struct node *n, const char *name, size_t len)
{
	struct node *c = calloc(1, sizeof(*c));

	c->name = strndup(name, len);
	c->parent = n;
	c->next = n->child;
	n->child = c;
	return c;
}

static void unlink_node(struct model *m, struct node *n)
{
	struct node **p;

	if (n == m->top) {
		m->top = NULL;
		return;
	}
	for (p = &n->parent->child; *p != n; p = &(*p)->next)
		;
	*p = n->next;
	n->parent = NULL;
}

static void drop_moves(struct model *m)
{
	while (m->moves) {
		struct move *v = m->moves;

		m->moves = v->next;
		free_node(v->node);
		free(v->from);
		free(v);
	}
}

/* Find the node of a path; its parent and last component, too.  -1: the path cannot be. */
static int look_up(const struct model *m, const char *path, struct node **node,
		   struct node **parent, const char **last)
{
	const char *p = path + m->rootlen;

	*node = m->top;
	*parent = NULL;
	*last = path;
	if (strncmp(path, m->root, m->rootlen) || (*p && *p != '/'))
		return -1;
	while (*p) {
		size_t len = strcspn(++p, "/");

		if (!*node || !len || (*node)->type == 'o')
			return -1;
		*parent = *node;
		*last = p;
		*node = find_child(*node, p, len);
		p += len;
	}
	return 0;
}

static const char *show(const char *path)
{
	static char buf[4][200];
	static int which;
	char *b = buf[which++ & 3], *q = b;

	for (size_t n = strlen(path), i = n > 40 ? n - 40 : 0; path[i]; i++) {
		unsigned char c = (unsigned char)path[i];

		q += c < 0x20 || c >= 0x7f ? sprintf(q, "\\x%02x", c) : sprintf(q, "%c", c);
	}
	*q = '\0';
	return b;
}

static int leave(struct model *m, const struct event *e, struct node *n)
{
	struct move *v;

	unlink_node(m, n);
	if (!(e->what & MOVED_FROM) || !e->cookie) {
		free_node(n);
		return 0;
	}
	/* where it went was not known: what it brings, if it comes, is told anew */
	if (!e->to.s) {
		free_node(n);
		n = NULL;
	}
	v = calloc(1, sizeof(*v));
	v->cookie = e->cookie;
	v->from = strdup(e->path.s);
	v->node = n;
	v->next = m->moves;
	m->moves = v;
	return 0;
}

/* What arrives: the subtree that left with this cookie, or nothing. */
static int fetch_move(struct model *m, const struct event *e, struct node **moved)
{
	*moved = NULL;
	for (struct move **p = &m->moves; *p; p = &(*p)->next) {
		struct move *v = *p;

		if (v->cookie != e->cookie)
			continue;
		if (e->from.s ? strcmp(v->from, e->from.s) : v->node != NULL)
			return complain(m, "moved_to %s does not say that it was %s\n",
					show(e->path.s), show(v->from));
		*moved = v->node;
		*p = v->next;
		free(v->from);
		free(v);
		return 0;
	}
	if (e->from.s)
		return complain(m, "moved_to %s from %s, which never left\n", show(e->path.s),
				show(e->from.s));
	return 0;
}

static int arrive(struct model *m, const struct event *e, struct node *n, struct node *parent,
		  const char *last)
{
	struct node *moved = NULL;
	char type = e->type == 'd' ? 'd' : 'o';

	if (e->what & MOVED_TO && e->cookie && fetch_move(m, e, &moved))
		return -1;
	if (n && !(e->what & (MOVED_TO | CONTENT)))
		return complain(m, "%s told twice: %s\n", e->what & EXISTS ? "exists" : "create",
				show(e->path.s));
	if (n && n->type != type && !(e->what & MOVED_TO))
		return complain(m, "%s changes its type\n", show(e->path.s));
	if (n && !(e->what & MOVED_TO))
		return 0;
	if (n) {
		unlink_node(m, n);
		free_node(n);
	}
	if (parent) {
		n = add_child(parent, last, strlen(last));
	} else {
		n = m->top = calloc(1, sizeof(*n));
		n->name = strdup("");
	}
	n->type = type;
	n->time_ns = e->time_ns;
	if (moved) {
		if (moved->type != type)
			return complain(m, "%s changed its type by moving\n", show(e->path.s));
		n->child = moved->child;
		moved->child = NULL;
		for (struct node *c = n->child; c; c = c->next)
			c->parent = n;
		free_node(moved);
	}
	return 0;
}

static int was_there(const struct model *m, const char *path)
{
	for (int i = 0; i < GONE; i++)
		if (m->gone[i] && !strcmp(m->gone[i], path))
			return 1;
	return 0;
}

static int apply(struct model *m, const struct event *e)
{
	struct node *n, *parent;
	const char *last;

	if (e->what & OVERFLOW) {
		m->n.overflows++;
		free_node(m->top);
		m->top = NULL;
		drop_moves(m);
		return 0;
	}
	if (e->what & ERROR) {
		m->n.errors++;
		return 0;
	}
	if (e->what & READY)
		return 0;
	if (!e->path.s)
		return complain(m, "event without a path\n");
	if (look_up(m, e->path.s, &n, &parent, &last) || (last != e->path.s && !parent))
		return complain(m, "seq %llu: parent is unknown: %s\n", (unsigned long long)e->seq,
				show(e->path.s));
	if (m->settled && n && e->what & CREATE) {
		unlink_node(m, n);
		free_node(n);
		n = NULL;
	}
	if (m->settled && !n && e->what & (DELETE | MOVED_FROM) && e->synthesized)
		return 0;
	if (e->what & (CREATE | MOVED_TO | EXISTS)) {
		if (arrive(m, e, n, parent, last))
			return -1;
		if (look_up(m, e->path.s, &n, &parent, &last))
			return -1;
	} else if (e->what & SELF && !(e->what & (DELETE | MOVED_FROM))) {
		return 0;
	} else if (!n && !(e->what & (DELETE | MOVED_FROM)) && was_there(m, e->path.s)) {
		/* the kernel may queue what a writer did at the same moment behind the end */
		return 0;
	} else if (!n) {
		return complain(m, "seq %llu: of a name never told: %s\n",
				(unsigned long long)e->seq, show(e->path.s));
	}
	if (e->what & (DELETE | MOVED_FROM)) {
		char **gone = &m->gone[m->ngone++ % GONE];

		free(*gone);
		*gone = strdup(e->path.s);
		return leave(m, e, n);
	}
	if ((n->type == 'd') != (e->type == 'd') && was_there(m, e->path.s))
		return 0;
	if ((n->type == 'd') != (e->type == 'd'))
		return complain(m, "seq %llu: %s was told as another type\n",
				(unsigned long long)e->seq, show(e->path.s));
	n->time_ns = e->time_ns;
	return 0;
}

/*
 * Outside
 */

struct model *model_new(const char *root)
{
	struct model *m = calloc(1, sizeof(*m));

	m->root = strdup(root);
	m->rootlen = strlen(root);
	return m;
}

void model_is_settled(struct model *m)
{
	m->settled = 1;
}

void model_free(struct model *m)
{
	free_node(m->top);
	drop_moves(m);
	for (int i = 0; i < GONE; i++)
		free(m->gone[i]);
	free(m->root);
	free(m);
}

int model_line(struct model *m, const char *line, size_t len)
{
	struct json j = {line, line + len};
	struct event e = {0};
	int res;

	m->whylen = 0;
	m->n.lines++;
	if (object(&j, &e) || !e.what || !e.time_ns)
		res = complain(m, "not a strict record: %.*s\n", (int)len, line);
	else if (e.seq != ++m->seq)
		res = complain(m, "seq %llu after %llu\n", (unsigned long long)e.seq,
			       (unsigned long long)m->seq - 1);
	else
		res = apply(m, &e);
	free(e.path.s);
	free(e.from.s);
	free(e.to.s);
	return res;
}

const char *model_why(const struct model *m)
{
	return m->why;
}

/* A file with two names may change without a word to this one. */
static int was_linked(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int res = fd < 0 || fgetxattr(fd, WRITER_LINKED, NULL, 0) >= 0;

	close(fd);
	return res;
}

static int compare(struct model *m, struct node *n, int fd, const char *path)
{
	DIR *d = fdopendir(fd);
	struct dirent *de;
	int bad = 0;

	while (d && (de = readdir(d))) {
		struct node *c;
		struct stat st;
		char *sub;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		m->n.entries++;
		c = find_child(n, de->d_name, strlen(de->d_name));
		if (!c) {
			bad++;
			complain(m, "missed: %s/%s\n", show(path), show(de->d_name));
			continue;
		}
		if (fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			bad++;
			continue;
		}
		if (S_ISDIR(st.st_mode) != (c->type == 'd')) {
			bad++;
			complain(m, "wrong type: %s/%s\n", show(path), show(de->d_name));
			continue;
		}
		if (S_ISREG(st.st_mode) && !was_linked(dirfd(d), de->d_name) &&
		    (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec > c->time_ns) {
			bad++;
			complain(m, "its last change was not told: %s/%s\n", show(path),
				 show(de->d_name));
		}
		if (!S_ISDIR(st.st_mode))
			continue;
		if (asprintf(&sub, "%s/%s", path, de->d_name) < 0)
			abort();
		fd = openat(dirfd(d), de->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			bad += compare(m, c, fd, sub);
		free(sub);
	}
	for (struct node *c = n->child; c; c = c->next) {
		struct stat st;

		if (d && fstatat(dirfd(d), c->name, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT) {
			bad++;
			complain(m, "ghost: %s/%s\n", show(path), show(c->name));
		}
	}
	if (d)
		closedir(d);
	return bad;
}

int model_compare(struct model *m)
{
	int fd = open(m->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	m->whylen = 0;
	m->n.entries = 0;
	if (fd < 0)
		return m->top ? complain(m, "ghost: the root\n"), 1 : 0;
	if (!m->top) {
		close(fd);
		complain(m, "missed: the root\n");
		return 1;
	}
	return compare(m, m->top, fd, m->root);
}

int model_has(const struct model *m, const char *path)
{
	struct node *n, *parent;
	const char *last;

	return !look_up(m, path, &n, &parent, &last) && n;
}

struct model_counts model_counts(const struct model *m)
{
	return m->n;
}
