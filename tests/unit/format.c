/* SPDX-License-Identifier: MIT */
/* format.c - formats: what they print, what they refuse, whatever the event */
#include "alloc.h"

#include "../../lib/buf.c"
#include "../../lib/format.c"

#include "json.h"
#include "tap.h"

#include <time.h>

enum {
	RAW = PATHEV_FORMAT_RAW,
	NUL = PATHEV_FORMAT_NUL,
	NO_END = PATHEV_FORMAT_NO_END,
	ROOM = 65536
};

/* 2024-02-29 12:34:56.123456789 UTC */
#define LEAP 1709210096123456789

/* An event of root or of what is below it, rel.  Strings live until the next call. */
static struct pathev_event event(uint32_t what, const char *root, const char *rel)
{
	static char path[10000];
	struct pathev_event ev = {
		.what = what, .root = root, .time_ns = LEAP, .seq = 7, .type = 'f'
	};
	int joined = *rel && root[strlen(root) - 1] != '/';
	const char *slash;

	snprintf(path, sizeof(path), "%s%s%s", root, joined ? "/" : "", rel);
	slash = strrchr(path, '/');
	ev.path = path;
	ev.pathlen = strlen(path);
	ev.nameoff = slash ? (size_t)(slash + 1 - path) : 0;
	ev.reloff = ev.pathlen - strlen(rel);
	return ev;
}

static struct pathev_format *must_compile(const char *fmt, const char *timefmt, unsigned flags)
{
	struct pathev_format *f;
	const char *bad, *why;
	size_t badlen;

	if (!strcmp(fmt, "json"))
		return pathev_format_new_json(flags);
	if (!strcmp(fmt, "csv"))
		return pathev_format_new_csv(flags);
	f = pathev_format_new(fmt, timefmt, flags, &bad, &badlen, &why);
	if (!f) {
		printf("Bail out! \"%s\" refused: %.*s: %s\n", fmt, (int)badlen, bad, why);
		exit(1);
	}
	return f;
}

/* Renders ev into a static place, NUL behind it; its length in *len. */
static const char *render(const char *fmt, const char *timefmt, unsigned flags,
			  const struct pathev_event *ev, size_t *len)
{
	static char buf[ROOM + 1];
	struct pathev_format *f = must_compile(fmt, timefmt, flags);

	*len = pathev_format_render(f, ev, buf, ROOM);
	buf[*len <= ROOM ? *len : ROOM] = '\0';
	pathev_format_free(f);
	return buf;
}

/* fmt renders ev as want, at its end nothing. */
static void renders(const char *fmt, const struct pathev_event *ev, const char *want)
{
	size_t len;
	const char *got = render(fmt, "%H:%M", NO_END, ev, &len);

	is_mem(got, len, want, strlen(want), "\"%s\" is \"%s\"", fmt, want);
}

static void test_directives(void)
{
	struct pathev_event ev = event(PATHEV_CREATE, "src", "sub/a.c");

	renders("", &ev, "");
	renders("plain", &ev, "plain");
	renders("%{events} %{path}", &ev, "create src/sub/a.c");
	renders("%{path}|%{rel}|%{root}|%{dir}|%{name}", &ev,
		"src/sub/a.c|sub/a.c|src|src/sub|a.c");
	renders("%w|%f|%w%f", &ev, "src/sub/|a.c|src/sub/a.c");
	renders("%e", &ev, "CREATE");
	renders("%{type}", &ev, "file");
	renders("%{seq}", &ev, "7");
	renders("%{from}|%{to}", &ev, "|");
	renders("%c|%{cookie}", &ev, "0|0");
	renders("%{epoch}", &ev, "1709210096.123456789");
	renders("%{time}", &ev, "2024-02-29T12:34:56.123456789Z");
	renders("100%%|%n|%%{path}", &ev, "100%|\n|%{path}");
	renders("}{path}", &ev, "}{path}");
	ev.cookie = 0xabcde;
	renders("%c|%{cookie}", &ev, "abcde|703710");
	ev.cookie = 0xffffffff;
	renders("%c|%{cookie}", &ev, "ffffffff|4294967295");
	ev.seq = UINT64_MAX;
	renders("%{seq}", &ev, "18446744073709551615");
	ev.from = "old/name";
	ev.to = "new/name";
	renders("%{from} -> %{to}", &ev, "old/name -> new/name");
}

static void test_events(void)
{
	struct pathev_event ev = event(PATHEV_MODIFY | PATHEV_CLOSE_WRITE, "d", "x");

	renders("%{events}", &ev, "modify,close_write");
	renders("%e", &ev, "MODIFY,CLOSE_WRITE,CLOSE");
	renders("%:e", &ev, "MODIFY:CLOSE_WRITE:CLOSE");
	renders("% e%|ee", &ev, "MODIFY CLOSE_WRITE CLOSEMODIFY|CLOSE_WRITE|CLOSEe");
	renders("%\\e", &ev, "MODIFY\\CLOSE_WRITE\\CLOSE");
	/* looked at first, so not the X of %Xe */
	renders("%ne|%%e|%we|%fe|%ce|%ee", &ev, "\ne|%e|d/e|xe|0e|MODIFY,CLOSE_WRITE,CLOSEe");
	ev.what = PATHEV_CREATE;
	ev.type = 'd';
	renders("%e", &ev, "CREATE,ISDIR");
	renders("%{events}", &ev, "create");
	ev.what = 0;
	renders("[%{events}]", &ev, "[]");
	ev.what = 0x80000000;
	renders("[%{events}]", &ev, "[]");
	ev.what = 0xffffffff;
	renders("%{events}", &ev, "access,modify,attrib,close_write,close_nowrite,open,moved_from,"
		"moved_to,create,delete,delete_self,move_self,unmount,overflow,exists,ready,error,"
		"written,added,removed,sync");
}

static void test_types(void)
{
	static const struct {
		char type;
		const char *word;
	} table[] = {
		{ 'd', "dir" }, { 'f', "file" }, { 'l', "link" }, { 'p', "fifo" },
		{ 's', "socket" }, { 'c', "char" }, { 'b', "block" }, { 0, "" }, { '?', "" },
	};
	struct pathev_event ev = event(PATHEV_CREATE, "d", "x");

	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		ev.type = table[i].type;
		renders("%{type}", &ev, table[i].word);
	}
}

/* The event is of the added path itself, or of what is directly below unusual ones. */
static void test_roots(void)
{
	struct pathev_event ev = event(PATHEV_DELETE_SELF, "a/dir", "");

	ev.type = 'd';
	renders("%w|%f", &ev, "a/dir/|");
	renders("%{path}|%{rel}|%{root}|%{dir}|%{name}", &ev, "a/dir||a/dir|a|dir");
	ev.type = 'f';
	renders("%w|%f", &ev, "a/dir|");
	ev = event(PATHEV_CREATE, "file", "");
	renders("%w|%f|%{dir}|%{name}", &ev, "file||.|file");
	ev = event(PATHEV_CREATE, "/", "etc");
	renders("%w|%f|%{dir}|%{name}|%{rel}", &ev, "/|etc|/|etc|etc");
	ev = event(PATHEV_ATTRIB, "/", "");
	ev.type = 'd';
	renders("%w|%f|%{dir}", &ev, "/||/");
	ev.nameoff = 0;
	renders("%{dir}|%{name}", &ev, "/|/");
	ev = event(PATHEV_ATTRIB, "dir/", "");
	ev.type = 'd';
	renders("%w|%f", &ev, "dir/|");
	ev = event(PATHEV_CREATE, "a//", "b");
	renders("%w|%f|%{dir}", &ev, "a//|b|a");
}

static void test_no_path(void)
{
	struct pathev_event ev = { .what = PATHEV_OVERFLOW, .time_ns = LEAP };

	renders("%w|%f|%{path}|%{rel}|%{root}|%{dir}|%{name}|%{from}|%{to}", &ev, "||||||||");
	renders("%e", &ev, "Q_OVERFLOW");
	renders("%{path:sh}|%{path:json}|%{path:raw}", &ev, "''|null|");
	renders("json", &ev,
		"{\"time\":\"2024-02-29T12:34:56.123456789Z\",\"events\":[\"overflow\"]}");
	renders("csv", &ev, ",2024-02-29T12:34:56.123456789Z,overflow,,,,,,,,,,");
	ev.what = PATHEV_SYNC;
	ev.token = "a,b";
	renders("%{events} %{token} %{token:sh} %{token:json}", &ev, "sync a,b a,b \"a,b\"");
	renders("json", &ev, "{\"time\":\"2024-02-29T12:34:56.123456789Z\",\"events\":[\"sync\"],"
			     "\"token\":\"a,b\"}");
	renders("csv", &ev, ",2024-02-29T12:34:56.123456789Z,sync,,,,,,,,,\"a,b\",");
	ev = (struct pathev_event){ .what = PATHEV_ERROR, .time_ns = LEAP, .command = "x\n",
				    .why = "no such command" };
	renders("%{command}|%{command:raw}|%{error}", &ev, "x\\n|x\n|no such command");
	renders("json", &ev, "{\"time\":\"2024-02-29T12:34:56.123456789Z\",\"events\":[\"error\"],"
			     "\"error\":\"no such command\",\"command\":\"x\\n\"}");
	renders("csv", &ev, ",2024-02-29T12:34:56.123456789Z,error,,,,,,,,no such command,,\"x\n\"");
	ev.why = NULL;
	ev.error = EACCES;
	renders("%{error}", &ev, "Permission denied");
	ev.what = PATHEV_CREATE;
	renders("%{error}", &ev, "");
}

static void test_escapes(void)
{
	struct pathev_event ev = event(PATHEV_CREATE, "d", "x");
	size_t len;
	const char *got;

	renders("\\n\\t\\\\\\a\\b\\e\\f\\r\\v", &ev, "\n\t\\\a\b\033\f\r\v");
	renders("\\x41\\x4a\\x4A\\x4\\x7z", &ev, "AJJ\004\007z");
	renders("\\x411", &ev, "A1");
	renders("\\101\\7\\18\\0101", &ev, "A\a\0018\b1");
	renders("\\377\\xff", &ev, "\377\377");
	got = render("a\\0b%0c\\000\\x00", NULL, NO_END, &ev, &len);
	is_mem(got, len, "a\0b\0c\0\0", 7, "NUL bytes, four ways");
}

static void test_modifiers(void)
{
	struct pathev_event ev = event(PATHEV_MOVED_TO, "d", "it's\n\xff");

	ev.from = "b c";
	ev.to = "\\";
	renders("%{path}", &ev, "d/it's\\n\\xff");
	renders("%{path:raw}", &ev, "d/it's\n\xff");
	renders("%{path:sh}", &ev, "'d/it'\\''s'$'\\n''\xff'");
	renders("%{path:json}", &ev, "{\"b64\":\"ZC9pdCdzCv8=\"}");
	renders("%w%f", &ev, "d/it's\\n\\xff");
	renders("%{rel:sh} %{root:sh} %{dir:sh} %{name:sh} %{from:sh} %{to:sh}", &ev,
		"'it'\\''s'$'\\n''\xff' d d 'it'\\''s'$'\\n''\xff' 'b c' '\\'");
	renders("%{root:json} %{from:json} %{to:json}", &ev, "\"d\" \"b c\" \"\\\\\"");
	renders("%{to}%{to:raw}", &ev, "\\\\\\");
	ev = event(PATHEV_DELETE_SELF, "d", "");
	renders("%{rel:sh}|%{rel:json}|%{from:json}", &ev, "''|\"\"|null");
}

static void test_raw(void)
{
	struct pathev_event ev = event(PATHEV_CREATE, "d\n", "\\\033\xff");
	size_t len;
	const char *got = render("%{path} %w%f", NULL, RAW | NO_END, &ev, &len);

	is_mem(got, len, "d\n/\\\033\xff d\n/\\\033\xff", 13, "raw paths");
	got = render("%{path:sh}", NULL, RAW | NO_END, &ev, &len);
	is_mem(got, len, "'d\n/\\\033\xff'", 8, "raw: sh words keep their newlines");
	got = render("%{path}%{path:sh}", NULL, NUL, &ev, &len);
	is_mem(got, len, "d\n/\\\033\xff'd\n/\\\033\xff'", 15, "NUL-ended records are raw as well");
}

static void test_ends(void)
{
	static const struct {
		const char *fmt;
		unsigned flags;
		const char *end;
		size_t len;
	} table[] = {
		{ "x", 0, "\n", 1 }, { "x", RAW, "\n", 1 }, { "x", NUL, "\0", 1 },
		{ "x", NO_END, "", 0 }, { "x", NUL | NO_END, "", 0 }, { "x%{seq}", 0, "\n", 1 },
		{ "json", 0, "\n", 1 }, { "json", NUL, "\0", 1 }, { "json", NO_END, "", 0 },
		{ "csv", 0, "\n", 1 }, { "csv", NUL, "\0", 1 }, { "csv", NO_END, "", 0 },
	};
	struct pathev_event ev = event(PATHEV_CREATE, "d", "x");

	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		size_t len, bare;
		bare = strlen(render(table[i].fmt, NULL, NO_END, &ev, &len));
		const char *got = render(table[i].fmt, NULL, table[i].flags, &ev, &len);
		is_mem(got + bare, len - bare, table[i].end, table[i].len, "the end of %s, flags %u",
		       table[i].fmt, table[i].flags);
	}
	errno = 0;
	ok(!pathev_format_new("x", NULL, 16, NULL, NULL, NULL) && errno == EINVAL, "unknown flags");
	ok(!pathev_format_new_json(PATHEV_FORMAT_LETTERS) && !pathev_format_new_csv(1u << 31),
	   "unknown flags, JSON and CSV");
}

/* Nearly the Kiritimati of the test: half hours are the ones that go wrong. */
static void test_times(void)
{
	struct pathev_event ev = event(PATHEV_CREATE, "d", "x");
	char text[16];

	setenv("TZ", "TST-5:30", 1);
	tzset();
	renders("%{time:%Y-%m-%d %H:%M:%S}", &ev, "2024-02-29 18:04:56");
	renders("%{time:%H:%M:%S.%3N}", &ev, "18:04:56.123");
	renders("%{time:%1N %2N %4N %5N %6N %7N %8N %9N %N}", &ev,
		"1 12 1234 12345 123456 1234567 12345678 123456789 123456789");
	renders("%{time:%3N}%{time:%%3N%%%s}", &ev, "123%3N%1709210096");
	if (strftime(text, sizeof(text), "%^b", &(struct tm){ .tm_mon = 1 }))
		renders("%{time:%z %-d %_H %^b %010Y %_4d|%9a|}", &ev,
			"+0530 29 18 FEB 0000002024   29|      Thu|");
	else
		skip("this libc's strftime does not know the flags of glibc's");
	renders("%{time:at \\n %Ey}", &ev, "at \\n 24");
	renders("%T %T", &ev, "18:04 18:04");
	renders("%{time}", &ev, "2024-02-29T12:34:56.123456789Z");
	ev.time_ns = 1000000000000000007;
	renders("%{time} %{time:%9N|%3N} %{epoch}", &ev,
		"2001-09-09T01:46:40.000000007Z 000000007|000 1000000000.000000007");
	ev.time_ns = 0;
	renders("%{time} %{epoch}", &ev, "1970-01-01T00:00:00.000000000Z 0.000000000");
	ev.time_ns = -1;
	renders("%{time} %{epoch}", &ev, "1969-12-31T23:59:59.999999999Z -0.000000001");
	ev.time_ns = -1000000000;
	renders("%{time} %{epoch}", &ev, "1969-12-31T23:59:59.000000000Z -1.000000000");
	ev.time_ns = INT64_MIN;
	renders("%{time} %{epoch}", &ev, "1677-09-21T00:12:43.145224192Z -9223372036.854775808");
	ev.time_ns = INT64_MAX;
	renders("%{time} %{epoch}", &ev, "2262-04-11T23:47:16.854775807Z 9223372036.854775807");
}

/* What is remembered of a second must not outlive it, in either direction. */
static void test_seconds(void)
{
	static const struct {
		int64_t ns;
		const char *want;
	} table[] = {
		{ LEAP, "2024-02-29T12:34:56.123456789Z 56 123" },
		{ LEAP + 1000000, "2024-02-29T12:34:56.124456789Z 56 124" },
		{ LEAP + 1000000000, "2024-02-29T12:34:57.123456789Z 57 123" },
		{ LEAP, "2024-02-29T12:34:56.123456789Z 56 123" },
		{ LEAP + 86400000000000, "2024-03-01T12:34:56.123456789Z 56 123" },
	};
	struct pathev_format *f = must_compile("%{time} %{time:%S %3N}", NULL, NO_END);
	struct pathev_format *json = must_compile("json", NULL, NO_END);
	struct pathev_event ev = event(PATHEV_CREATE, "d", "x");
	char buf[256];

	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		ev.time_ns = table[i].ns;
		size_t len = pathev_format_render(f, &ev, buf, sizeof(buf));
		is_mem(buf, len, table[i].want, strlen(table[i].want), "one after the other: %s",
		       table[i].want);
		pathev_format_render(json, &ev, buf, sizeof(buf));
		ok(!memcmp(buf, "{\"seq\":7,\"time\":\"", 17) &&
		   !memcmp(buf + 17, table[i].want, 30), "one after the other in JSON: %s", table[i].want);
	}
	pathev_format_free(f);
	pathev_format_free(json);
}

static void test_json(void)
{
	struct pathev_event ev = event(PATHEV_CLOSE_WRITE | PATHEV_MODIFY, "src", "a b");

	renders("json", &ev, "{\"seq\":7,\"time\":\"2024-02-29T12:34:56.123456789Z\","
			     "\"events\":[\"modify\",\"close_write\"],\"path\":\"src/a b\","
			     "\"root\":\"src\",\"type\":\"file\"}");
	ev = event(PATHEV_MOVED_TO, "src", "\"\n");
	ev.seq = 0;
	ev.cookie = 12;
	ev.from = "old";
	ev.to = "\xff";
	ev.synthesized = 1;
	ev.type = 0;
	renders("json", &ev, "{\"time\":\"2024-02-29T12:34:56.123456789Z\",\"events\":[\"moved_to\"],"
			     "\"path\":\"src/\\\"\\n\",\"root\":\"src\",\"cookie\":12,\"from\":\"old\","
			     "\"to_b64\":\"/w==\",\"synthesized\":true}");
	ev = event(PATHEV_ERROR, "\xfe", "\x80");
	ev.error = EACCES;
	ev.type = 'd';
	ev.from = "\xff";
	renders("json", &ev, "{\"seq\":7,\"time\":\"2024-02-29T12:34:56.123456789Z\","
			     "\"events\":[\"error\"],\"path_b64\":\"/i+A\",\"root_b64\":\"/g==\","
			     "\"type\":\"dir\",\"from_b64\":\"/w==\",\"error\":\"Permission denied\"}");
	ev = event(0x80000000, "d", "");
	ev.error = EACCES;
	ev.seq = 0;
	renders("json", &ev, "{\"time\":\"2024-02-29T12:34:56.123456789Z\",\"events\":[],"
			     "\"path\":\"d\",\"root\":\"d\",\"type\":\"file\"}");
}

static void test_csv(void)
{
	struct pathev_event ev = event(PATHEV_CLOSE_WRITE | PATHEV_MODIFY, "src", "a b");

	is_str(PATHEV_CSV_HEADER, "seq,time,events,path,root,type,cookie,from,to,synthesized,error,"
	       "token,command", "the columns of CSV");
	renders("csv", &ev,
		"7,2024-02-29T12:34:56.123456789Z,modify close_write,src/a b,src,file,,,,,,,");
	ev = event(PATHEV_MOVED_FROM, "a,b", "\"\n\xff\\");
	ev.cookie = 9;
	ev.from = "x";
	ev.to = "y\rz";
	ev.synthesized = 1;
	renders("csv", &ev, "7,2024-02-29T12:34:56.123456789Z,moved_from,\"a,b/\"\"\n\xff\\\",\"a,b\","
			    "file,9,x,\"y\rz\",true,,,");
	ev = event(PATHEV_ERROR, "d", "");
	ev.error = ENOSPC;
	ev.seq = 0;
	ev.type = 'd';
	renders("csv", &ev, ",2024-02-29T12:34:56.123456789Z,error,d,d,dir,,,,,The limit of inotify watches is reached,,");
}

static void test_shows(void)
{
	static const struct {
		const char *fmt;
		int events, pairs;
	} table[] = {
		{ "%{path}", 0, 0 }, { "%e", 1, 0 }, { "%:e", 1, 0 }, { "%{events}", 1, 0 },
		{ "%%e", 0, 0 }, { "%{from}", 0, 1 }, { "%{to:sh}", 0, 1 },
		{ "%w%f%T%c%{time}%{epoch}%{seq}", 0, 0 },
		{ "json", 1, 1 }, { "csv", 1, 1 }, { "", 0, 0 },
	};

	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		struct pathev_format *f = must_compile(table[i].fmt, "%H", 0);
		is_int(pathev_format_shows_events(f), table[i].events, "\"%s\": events",
		       table[i].fmt);
		is_int(pathev_format_shows_pairs(f), table[i].pairs, "\"%s\": from or to",
		       table[i].fmt);
		pathev_format_free(f);
	}
}

/* at and len are of the offending text in fmt, or in timefmt where there is one. */
static void refuses(const char *fmt, const char *timefmt, size_t at, size_t len, const char *cure)
{
	const char *bad = NULL, *why = NULL;
	size_t badlen = 99;

	errno = 0;
	ok(!pathev_format_new(fmt, timefmt, 0, &bad, &badlen, &why), "refuses \"%s\"", fmt);
	is_int(errno, EINVAL, "\"%s\": EINVAL", fmt);
	is_int(bad - (timefmt ? timefmt : fmt), (intmax_t)at, "\"%s\": where", fmt);
	is_int((intmax_t)badlen, (intmax_t)len, "\"%s\": how long", fmt);
	ok(why && strstr(why, cure), "\"%s\": says \"%s\"", fmt, cure);
	ok(!pathev_format_new(fmt, timefmt, 0, NULL, NULL, NULL), "\"%s\": nobody asks why", fmt);
}

static void test_errors(void)
{
	refuses("ab%", NULL, 2, 1, "%%");
	refuses("a%q", NULL, 1, 2, "%%");
	refuses("%qz", NULL, 0, 2, "%%");
	refuses("%\xc3\xbc" "e", NULL, 0, 3, "%%");
	refuses("%\xff" "e", NULL, 0, 2, "%%");
	refuses("a%{path", NULL, 1, 6, "}");
	refuses("%{", NULL, 0, 2, "}");
	refuses("%{}", NULL, 0, 3, "path rel root");
	refuses("a%{foo}b", NULL, 1, 6, "path rel root");
	refuses("%{Path}", NULL, 0, 7, "path rel root");
	refuses("%{pat}", NULL, 0, 6, "path rel root");
	refuses("%{paths}", NULL, 0, 8, "path rel root");
	refuses("%{foo:sh}", NULL, 0, 9, "path rel root");
	refuses("x%{path:html}y", NULL, 1, 12, "sh json raw");
	refuses("%{path:}", NULL, 0, 8, "sh json raw");
	refuses("%{path:sh:json}", NULL, 0, 15, "sh json raw");
	refuses("%{to:SH}", NULL, 0, 8, "sh json raw");
	refuses("%{seq:sh}", NULL, 0, 9, "colon");
	refuses("%{events:}", NULL, 0, 10, "colon");
	refuses("%{epoch:%H}", NULL, 0, 11, "colon");
	refuses("x%Ty", NULL, 1, 2, "--timefmt");
	refuses("%{time:}", NULL, 7, 0, "strftime");
	refuses("%{time:%H:%Q}", NULL, 10, 2, "strftime");
	refuses("%{time:%H%}", NULL, 9, 1, "%%");
	refuses("%{time:%_Q}", NULL, 7, 3, "strftime");
	refuses("%{time:%0N}", NULL, 7, 3, "%1N");
	refuses("%{time:%10N}", NULL, 7, 4, "%1N");
	refuses("%{time:%100Y}", NULL, 7, 4, "strftime");
	refuses("%{time:%\xc3\xbc}", NULL, 7, 3, "strftime");
	refuses("%{time:%E}", NULL, 7, 2, "strftime");
	refuses("%T", "%H:%i", 3, 2, "strftime");
	refuses("%T", "ab%", 2, 1, "%%");
	refuses("%T", "", 0, 0, "strftime");
	refuses("a\\", NULL, 1, 1, "\\\\");
	refuses("a\\qb", NULL, 1, 2, "\\\\");
	refuses("\\\xc3\xbc", NULL, 0, 3, "\\\\");
	refuses("\\8", NULL, 0, 2, "\\\\");
	refuses("\\xg", NULL, 0, 2, "hex");
	refuses("\\x", NULL, 0, 2, "hex");
	refuses("a\\400", NULL, 1, 4, "\\377");
	refuses("\\777", NULL, 0, 4, "\\377");
}

static void test_memory(void)
{
	const char *bad, *why;
	size_t badlen;
	int failed = 0;
	struct pathev_format *f = NULL;

	for (int i = 0; i < 100 && !f; i++) {
		alloc_left = i;
		f = pathev_format_new("text %e %{path} %{time} %{time:%H %3N %M} %T %w %{seq}\\n%%"
				      "%{path}%{path}%{path}%{path}%{path}%{path}%{path}",
				      "%S", 0, &bad, &badlen, &why);
		failed += !f && errno == ENOMEM && !strcmp(why, "out of memory");
		ok(f || failed == i + 1, "no memory after %d allocations is told", i);
	}
	alloc_left = -1;
	ok(f && failed > 5, "and with enough of it all is well");
	pathev_format_free(f);
	for (int i = 0; i < 3; i++) {
		alloc_left = i;
		f = pathev_format_new_json(0);
		ok(!f && errno == ENOMEM, "JSON: no memory after %d allocations", i);
		alloc_left = i;
		f = pathev_format_new_csv(0);
		ok(!f && errno == ENOMEM, "CSV: no memory after %d allocations", i);
	}
	alloc_left = -1;
	errno = 5;
	pathev_format_free(NULL);
	is_int(errno, 5, "freeing nothing keeps errno");
}

static unsigned random_below(unsigned n)
{
	static uint64_t state = 20240229;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

/* Into every size: the same length, the same bytes, none behind.  buf is exact for ASan. */
static int cuts_anywhere(struct pathev_format *f, const struct pathev_event *ev, size_t step)
{
	size_t full = pathev_format_render(f, ev, NULL, 0);
	char *want = malloc(full + 1);
	int good = want && pathev_format_render(f, ev, want, full) == full;

	for (size_t size = 1; good && size <= full; size += step) {
		char *buf = malloc(size);
		good = buf && pathev_format_render(f, ev, buf, size) == full &&
		       !memcmp(buf, want, size);
		free(buf);
	}
	free(want);
	return good;
}

static const char everything[] =
	"%w %f %e %:e %c %T %0 %n %% \\x41 %{path} %{rel} %{root} %{dir} %{name} %{events} "
	"%{type} %{cookie} %{from} %{to} %{time} %{time:%H %3N} %{epoch} %{seq} %{path:sh} "
	"%{name:json} %{to:raw} %{from:sh}";

static void test_sizes(void)
{
	static const char *const formats[] = { everything, "json", "csv" };
	struct pathev_event ev = event(PATHEV_MOVED_TO | PATHEV_ERROR, "r\xc3\xbct",
				       "a\n\"',\xff\\\033z");

	ev.cookie = 123456;
	ev.from = "it's\xff";
	ev.to = "\xe2\x80\xae\"";
	ev.error = ENOENT;
	for (size_t i = 0; i < PATHEV__COUNT(formats); i++) {
		struct pathev_format *f = must_compile(formats[i], "%H", 0);
		ok(cuts_anywhere(f, &ev, 1), "\"%.10s\": cut at every size", formats[i]);
		pathev_format_free(f);
	}
}

static void test_long(void)
{
	char name[256], deep[9001];
	size_t len;

	memset(name, '\n', 255);
	name[255] = '\0';
	struct pathev_event ev = event(PATHEV_CREATE, "d", name);
	const char *got = render("%f", NULL, NO_END, &ev, &len);
	int good = len == 510;
	for (size_t i = 0; i < len; i++)
		good = good && got[i] == "\\n"[i % 2];
	ok(good, "a name of 255 newlines");
	memset(name, '\xff', 255);
	ev = event(PATHEV_CREATE, "d", name);
	got = render("%f", NULL, NO_END, &ev, &len);
	ok(len == 1020 && !memcmp(got, "\\xff\\xff", 8), "a name of 255 bytes that are not UTF-8");
	for (size_t i = 0; i < 9000; i++)
		deep[i] = i % 10 ? 'n' : '/';
	deep[9000] = '\0';
	ev = event(PATHEV_CREATE, "root", deep + 1);
	got = render("%{rel}", NULL, NO_END, &ev, &len);
	is_mem(got, len, deep + 1, 8999, "a path longer than PATH_MAX");
	got = render("%{path:json}", NULL, NO_END, &ev, &len);
	is_int((intmax_t)len, 8999 + 5 + 2, "a path longer than PATH_MAX in JSON");
}

/* What key stands for: text, or base64 under its other name.  0 when there is neither. */
static int json_path(const char *text, size_t len, const char *key, char *out, size_t *outlen)
{
	char b64[32];

	snprintf(b64, sizeof(b64), "%s_b64", key);
	int plain = json_get(text, len, key, out, outlen);
	if (plain)
		return plain == 1 && json_get(text, len, b64, out + *outlen, &len) == 0;
	return json_get(text, len, b64, out, outlen) == 1 && json_unbase64(out, outlen) &&
	       !json_is_utf8(out, *outlen);
}

static int json_has(const char *text, size_t len, const char *key, const char *want)
{
	static char out[ROOM];
	size_t outlen;

	if (!want)
		return json_get(text, len, key, out, &outlen) == 0;
	return json_path(text, len, key, out, &outlen) && outlen == strlen(want) &&
	       !memcmp(out, want, outlen);
}

/* The record is strict JSON, one line, nothing for a terminal in it, and says what ev says. */
static int json_tells(const struct pathev_event *ev)
{
	size_t len;
	const char *got = render("json", NULL, NO_END, ev, &len);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)got[i] < 0x20 || got[i] == 0x7f)
			return 0;
	return json_has(got, len, "path", ev->path) && json_has(got, len, "root", ev->root) &&
	       json_has(got, len, "from", ev->from) && json_has(got, len, "to", ev->to);
}

static void test_json_bytes(void)
{
	int good = 1;

	for (int c = 1; c < 256; c++) {
		for (size_t at = 0; at < 12; at++) {
			char name[] = "abcdefghijkl";
			name[at] = (char)c;
			struct pathev_event ev = event(PATHEV_MOVED_TO, name, "x");
			ev.from = name;
			ev.to = name;
			if (!json_tells(&ev)) {
				printf("# byte %02x at %zu\n", c, at);
				good = 0;
			}
		}
	}
	ok(good, "JSON carries every byte in path, root, from and to");
}

static void random_bytes(char *s, size_t len)
{
	static const char often[] = "\n\"'\\,%$ \xc3\xbc\xe2\x80\xae\x1b\x7f\xff";

	for (size_t i = 0; i < len; i++)
		s[i] = random_below(3) ? (char)('a' + random_below(26))
			: random_below(2) ? often[random_below(sizeof(often) - 1)]
			: (char)(1 + random_below(255));
	s[len] = '\0';
}

static struct pathev_event random_event(void)
{
	static char root[64], rel[256], from[64], to[64];

	random_bytes(root, 1 + random_below(40));
	random_bytes(rel, random_below(250));
	random_bytes(from, random_below(60));
	random_bytes(to, random_below(60));
	uint32_t what = random_below(4) ? 1u << random_below(32) : random_below(0x7fffffff);
	struct pathev_event ev = event(what, root, rel[0] == '/' ? "" : rel);
	if (ev.reloff == ev.pathlen || !random_below(4))
		ev.nameoff = 0;
	ev.type = "dflpscb"[random_below(8)];
	ev.cookie = random_below(2) ? random_below(0x7fffffff) : 0;
	ev.synthesized = (char)random_below(2);
	ev.from = random_below(2) ? from : NULL;
	ev.to = random_below(2) ? to : NULL;
	ev.error = (int)random_below(140);
	ev.time_ns = (int64_t)((uint64_t)random_below(0x7fffffff) << 33 | random_below(0x7fffffff));
	ev.seq = random_below(3);
	if (!random_below(10)) {
		ev.path = ev.root = NULL;
		ev.pathlen = ev.nameoff = ev.reloff = 0;
	}
	return ev;
}

static void random_format(char *s, size_t size)
{
	static const char *const parts[] = {
		"%w", "%f", "%e", "%,e", "%c", "%T", "%0", "%n", "%%", "\\n", "\\x4", "\\0",
		"\\\\", "\\e", "%{path}", "%{rel}", "%{root}", "%{dir}", "%{name}", "%{events}",
		"%{type}", "%{cookie}", "%{from}", "%{to}", "%{time}", "%{time:%T.%3N}",
		"%{epoch}", "%{seq}", "%{path:sh}", "%{rel:json}", "%{name:raw}", "text", " ",
		"%{from:sh}", "%{to:json}", "%{time:%N%c%x}",
	};
	static const char *const wrong[] = {
		"%", "\\", "%{", "%{x}", "%q", "\\q", "}", ":", "%{path:", "%E", "\xff",
		"%{time:%", "%T", "\\40", "\\x",
	};
	size_t len = 0, n = random_below(12);

	s[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const char *p = random_below(20) ? parts[random_below(PATHEV__COUNT(parts))]
						 : wrong[random_below(PATHEV__COUNT(wrong))];
		if (len + strlen(p) + 1 > size)
			break;
		strcpy(s + len, p);
		len += strlen(p);
	}
}

static int error_is_sane(const char *fmt, const char *bad, size_t badlen, const char *why)
{
	return why && *why && bad >= fmt && bad + badlen <= fmt + strlen(fmt);
}

static void test_random(void)
{
	const int tries = rounds(20000);
	int good = 1, compiled = 0, refused = 0;

	for (int i = 0; i < tries && good; i++) {
		char fmt[256];
		const char *bad, *why;
		size_t badlen;
		struct pathev_event ev = random_event();
		random_format(fmt, sizeof(fmt));
		struct pathev_format *f =
			pathev_format_new(fmt, "%H:%M", random_below(8), &bad, &badlen, &why);
		if (f) {
			good = cuts_anywhere(f, &ev, 1 + random_below(40));
			compiled++;
		} else {
			good = errno == EINVAL && error_is_sane(fmt, bad, badlen, why);
			refused++;
		}
		good = good && json_tells(&ev);
		pathev_format_free(f);
		if (!good)
			printf("# round %d, format \"%s\"\n", i, fmt);
	}
	ok(good, "random formats render random events, or are refused with reason");
	ok(compiled > tries / 4 && refused > tries / 40, "the random formats were of both kinds");
}

/* By default no event can make two lines of one, nor reach the terminal. */
static void test_one_line(void)
{
	int good = 1;

	for (int i = 0; i < 5000 && good; i++) {
		struct pathev_event ev = random_event();
		size_t len;
		const char *got = render("%{events} %{path} %{rel} %{root} %{dir} %{name} %w %f "
					 "%{from} %{to}", NULL, NO_END, &ev, &len);
		good = json_is_utf8(got, len);
		for (size_t k = 0; k < len; k++)
			good = good && (unsigned char)got[k] >= 0x20 && got[k] != 0x7f;
	}
	ok(good, "random events are one line each, of UTF-8 and without control bytes");
}

int main(void)
{
	test_directives();
	test_events();
	test_types();
	test_roots();
	test_no_path();
	test_escapes();
	test_modifiers();
	test_raw();
	test_ends();
	test_times();
	test_seconds();
	test_json();
	test_csv();
	test_shows();
	test_errors();
	test_memory();
	test_sizes();
	test_long();
	test_json_bytes();
	test_random();
	test_one_line();
	return done_testing();
}
