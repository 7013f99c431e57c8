/* SPDX-License-Identifier: MIT */
/*
 * render.c - renders an event by a compiled format
 *
 * In the file's order: the strings of an event, numbers and times, the operations of a text
 * format, JSON, CSV.  This runs once per event: no allocation, no stdio; strftime(3) runs once
 * per second.
 */
#include "format.h"

#include "names.h"
#include "quote.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

/* What is kept out of its callers: there it would make plain text pay for its room. */
#define APART __attribute__((noinline))

/* A part of an event's strings; s is NULL when the event has no such string. */
struct piece {
	const char *s;
	size_t len;
};

static struct piece string(const char *s)
{
	return (struct piece){ s, s ? strlen(s) : 0 };
}

static struct piece tail(const struct pathev_event *ev, size_t off)
{
	if (!ev->path)
		return (struct piece){ 0 };
	return (struct piece){ ev->path + off, ev->pathlen - off };
}

static int is_root(const struct pathev_event *ev)
{
	return ev->reloff == ev->pathlen;
}

/* As dirname(1): what `%{dir}/%{name}' needs to be the path again. */
static struct piece dir_of(const struct pathev_event *ev)
{
	size_t len = ev->nameoff;

	if (!ev->path)
		return (struct piece){ 0 };
	while (len && ev->path[len - 1] == '/')
		len--;
	if (len)
		return (struct piece){ ev->path, len };
	return string(ev->path[0] == '/' ? "/" : ".");
}

/* Why a path cannot be watched; inotify's meaning where that is another than usual. */
static const char *reason(int error)
{
	switch (error) {
	case ENOSPC:
		return "The limit of inotify watches is reached";
	case EREMOTE:
		return "Changes by other hosts are not told";
	case EOPNOTSUPP:
		return "The file system tells of next to no changes";
	default:
		return strerror(error);
	}
}

static struct piece error_text(const struct pathev_event *ev)
{
	if (!(ev->what & PATHEV_ERROR))
		return (struct piece){ 0 };
	return string(ev->why ? ev->why : reason(ev->error));
}

static struct piece piece_of(enum op_kind kind, const struct pathev_event *ev)
{
	switch (kind) {
	case OP_PATH:
		return tail(ev, 0);
	case OP_REL:
		return tail(ev, ev->reloff);
	case OP_ROOT:
		return string(ev->root);
	case OP_DIR:
		return dir_of(ev);
	case OP_NAME:
		return tail(ev, ev->nameoff);
	case OP_INSIDE:
		return tail(ev, is_root(ev) ? ev->pathlen : ev->nameoff);
	case OP_FROM:
		return string(ev->from);
	case OP_TO:
		return string(ev->to);
	case OP_TOKEN:
		return string(ev->token);
	case OP_COMMAND:
		return string(ev->command);
	case OP_ERROR:
		return error_text(ev);
	default:
		return (struct piece){ 0 };
	}
}

static const char *type_word(char type)
{
	switch (type) {
	case 'd':
		return "dir";
	case 'f':
		return "file";
	case 'l':
		return "link";
	case 'p':
		return "fifo";
	case 's':
		return "socket";
	case 'c':
		return "char";
	case 'b':
		return "block";
	default:
		return "";
	}
}

/* A literal: its length is known, and a short one is stored without a call. */
#define PUT(o, text) pathev__out_put(o, text, sizeof(text) - 1)

/* Decimal, with zeros in front up to width. */
static void put_number(struct pathev__out *o, uint64_t v, size_t width)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[20], *p = digits + sizeof(digits);
	const char *end = p;

	for (; v >= 10; v /= 100) {
		p -= 2;
		memcpy(p, pairs + 2 * (v % 100), 2);
	}
	if (v || p == end)
		*--p = (char)('0' + v);
	while ((size_t)(end - p) < width)
		*--p = '0';
	pathev__out_put(o, p, (size_t)(end - p));
}

static void put_hex(struct pathev__out *o, uint32_t v)
{
	char digits[8], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	pathev__out_put(o, p, (size_t)(digits + sizeof(digits) - p));
}

#define NS_PER_S 1000000000

/* Rounded down, so that the fraction counts up before 1970 as well. */
static int64_t seconds(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

static void put_fraction(struct pathev__out *o, int64_t ns, int digits)
{
	int64_t rest = ns % NS_PER_S;
	uint64_t v = (uint64_t)(rest < 0 ? rest + NS_PER_S : rest);

	for (int i = digits; i < 9; i++)
		v /= 10;
	put_number(o, v, (size_t)digits);
}

static void put_stamp(struct pathev__out *o, struct stamp *s, int64_t ns)
{
	int64_t second = seconds(ns);

	if (s->second != second) {
		time_t t = (time_t)second;
		struct tm tm = { 0 };
		if (s->utc)
			gmtime_r(&t, &tm);
		else
			localtime_r(&t, &tm);
		s->len = strftime(s->text, s->cap, s->fmt, &tm);
		s->second = second;
	}
	pathev__out_put(o, s->text, s->len);
}

static void put_epoch(struct pathev__out *o, int64_t ns)
{
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		pathev__out_putc(o, '-');
	put_number(o, v / NS_PER_S, 1);
	pathev__out_putc(o, '.');
	put_number(o, v % NS_PER_S, 9);
}

/* The names with sep between them; quote, unless it is 0, around each. */
static void put_events(struct pathev__out *o, uint32_t what, char sep, char quote)
{
	const char *name;
	size_t len;
	int more = 0;

	while (what && (name = pathev__names_take(&what, &len))) {
		if (more++)
			pathev__out_putc(o, sep);
		if (quote)
			pathev__out_putc(o, quote);
		pathev__out_put(o, name, len);
		if (quote)
			pathev__out_putc(o, quote);
	}
}

APART static void put_upper(struct pathev__out *o, const struct pathev_event *ev, char sep)
{
	char names[PATHEV__NAMES_SIZE];
	size_t len = pathev__names_upper(ev->what, ev->type == 'd', sep, names, sizeof(names));

	assert(len < sizeof(names));
	pathev__out_put(o, names, len);
}

/* A JSON value for any bytes: a string where they are UTF-8, else an object with b64. */
static void put_json_value(struct pathev__out *o, struct piece p)
{
	if (!p.s) {
		PUT(o, "null");
	} else if (pathev__quote_json(o, p.s, p.len)) {
		PUT(o, "{\"b64\":");
		pathev__quote_base64(o, p.s, p.len);
		pathev__out_putc(o, '}');
	}
}

static void put_piece(struct pathev__out *o, enum quote quote, struct piece p)
{
	if (quote == QUOTE_JSON) {
		put_json_value(o, p);
		return;
	}
	if (!p.s)
		p.s = "";
	switch (quote) {
	case QUOTE_SH:
		pathev__quote_sh(o, p.s, p.len, 0);
		break;
	case QUOTE_SH_ONE_LINE:
		pathev__quote_sh(o, p.s, p.len, PATHEV__SH_ONE_LINE);
		break;
	case QUOTE_RAW:
		pathev__out_put(o, p.s, p.len);
		break;
	default:
		pathev__quote_text(o, p.s, p.len);
	}
}

/* %w: the directory that the name is in, or the watched path itself, with a slash behind it. */
static void put_watched(struct pathev__out *o, enum quote quote, const struct pathev_event *ev)
{
	struct piece p = tail(ev, 0);

	if (!p.s)
		return;
	if (!is_root(ev))
		p.len = ev->nameoff;
	put_piece(o, quote, p);
	if (is_root(ev) && ev->type == 'd' && p.len && p.s[p.len - 1] != '/')
		pathev__out_putc(o, '/');
}

APART static void put_op(struct pathev__out *o, const struct op *op, const struct pathev_event *ev)
{
	switch (op->kind) {
	case OP_EVENTS:
		put_events(o, ev->what, ',', 0);
		break;
	case OP_TYPE:
		pathev__out_put(o, type_word(ev->type), strlen(type_word(ev->type)));
		break;
	case OP_COOKIE:
		put_number(o, ev->cookie, 1);
		break;
	case OP_COOKIE_HEX:
		put_hex(o, ev->cookie);
		break;
	case OP_EPOCH:
		put_epoch(o, ev->time_ns);
		break;
	case OP_SEQ:
		put_number(o, ev->seq, 1);
		break;
	case OP_WATCHED:
		put_watched(o, op->quote, ev);
		break;
	case OP_UPPER:
		put_upper(o, ev, op->sep);
		break;
	case OP_STAMP:
		put_stamp(o, op->stamp, ev->time_ns);
		break;
	case OP_FRACTION:
		put_fraction(o, ev->time_ns, op->digits);
		break;
	default:
		put_piece(o, op->quote, piece_of(op->kind, ev));
	}
}

/* The events of one read have one time. */
static void put_time(struct pathev__out *o, struct pathev_format *f, int64_t ns)
{
	struct pathev__out text = { f->time, sizeof(f->time), 0 };

	if (!f->timelen || f->time_ns != ns) {
		put_stamp(&text, f->second, ns);
		pathev__out_putc(&text, '.');
		put_fraction(&text, ns, 9);
		pathev__out_putc(&text, 'Z');
		assert(text.len <= sizeof(f->time));
		f->timelen = text.len;
		f->time_ns = ns;
	}
	pathev__out_put(o, f->time, f->timelen);
}

/* What is no Unicode text has _b64 behind its key. */
static void put_path_member(struct pathev__out *o, const char *key, size_t keylen, struct piece p)
{
	size_t before = o->len;

	pathev__out_put(o, key, keylen);
	PUT(o, "\":");
	if (pathev__quote_json(o, p.s, p.len)) {
		o->len = before + keylen;
		PUT(o, "_b64\":");
		pathev__quote_base64(o, p.s, p.len);
	}
}

static inline void put_member(struct pathev__out *o, const char *key, size_t keylen,
			      struct piece p)
{
	if (p.s)
		put_path_member(o, key, keylen, p);
}

/* A member that has a path, nothing if there is none. */
#define PUT_PATH(o, key, p) put_member(o, ",\"" key, sizeof(",\"" key) - 1, p)

APART static void put_json(struct pathev__out *o, struct pathev_format *f,
			   const struct pathev_event *ev)
{
	if (ev->seq) {
		PUT(o, "{\"seq\":");
		put_number(o, ev->seq, 1);
		PUT(o, ",\"time\":\"");
	} else {
		PUT(o, "{\"time\":\"");
	}
	put_time(o, f, ev->time_ns);
	PUT(o, "\",\"events\":[");
	put_events(o, ev->what, ',', '"');
	pathev__out_putc(o, ']');
	PUT_PATH(o, "path", piece_of(OP_PATH, ev));
	PUT_PATH(o, "root", piece_of(OP_ROOT, ev));
	if (ev->type && *type_word(ev->type))
		PUT_PATH(o, "type", string(type_word(ev->type)));
	if (ev->cookie) {
		PUT(o, ",\"cookie\":");
		put_number(o, ev->cookie, 1);
	}
	PUT_PATH(o, "from", piece_of(OP_FROM, ev));
	PUT_PATH(o, "to", piece_of(OP_TO, ev));
	if (ev->synthesized)
		PUT(o, ",\"synthesized\":true");
	PUT_PATH(o, "error", error_text(ev));
	PUT_PATH(o, "token", piece_of(OP_TOKEN, ev));
	PUT_PATH(o, "command", piece_of(OP_COMMAND, ev));
	pathev__out_putc(o, '}');
}

static void put_csv_piece(struct pathev__out *o, struct piece p)
{
	pathev__out_putc(o, ',');
	if (p.s)
		pathev__quote_csv(o, p.s, p.len);
}

/* The columns of PATHEV_CSV_HEADER. */
APART static void put_csv(struct pathev__out *o, struct pathev_format *f,
			  const struct pathev_event *ev)
{
	if (ev->seq)
		put_number(o, ev->seq, 1);
	pathev__out_putc(o, ',');
	put_time(o, f, ev->time_ns);
	pathev__out_putc(o, ',');
	put_events(o, ev->what, ' ', 0);
	put_csv_piece(o, piece_of(OP_PATH, ev));
	put_csv_piece(o, piece_of(OP_ROOT, ev));
	put_csv_piece(o, string(type_word(ev->type)));
	pathev__out_putc(o, ',');
	if (ev->cookie)
		put_number(o, ev->cookie, 1);
	put_csv_piece(o, piece_of(OP_FROM, ev));
	put_csv_piece(o, piece_of(OP_TO, ev));
	put_csv_piece(o, string(ev->synthesized ? "true" : NULL));
	put_csv_piece(o, error_text(ev));
	put_csv_piece(o, piece_of(OP_TOKEN, ev));
	put_csv_piece(o, piece_of(OP_COMMAND, ev));
}

static void put_ops(struct pathev__out *o, const struct pathev_format *f,
		    const struct pathev_event *ev)
{
	for (size_t i = 0; i < f->nops; i++) {
		const struct op *op = &f->op[i];

		/* what nearly all formats are made of, without a detour */
		if (op->kind == OP_TEXT && op->len == 1)
			pathev__out_putc(o, f->text.data[op->off]);
		else if (op->kind == OP_TEXT)
			pathev__out_put(o, f->text.data + op->off, op->len);
		else if (op->kind == OP_PATH && op->quote == QUOTE_TEXT && ev->path)
			pathev__quote_text(o, ev->path, ev->pathlen);
		else
			put_op(o, op, ev);
	}
}

size_t pathev_format_render(struct pathev_format *f, const struct pathev_event *ev, char *buf,
			    size_t size)
{
	struct pathev__out o = { buf, size, 0 };

	if (f->kind == JSON)
		put_json(&o, f, ev);
	if (f->kind == CSV)
		put_csv(&o, f, ev);
	put_ops(&o, f, ev);
	return o.len;
}
