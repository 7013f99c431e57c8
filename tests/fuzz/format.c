/* SPDX-License-Identifier: MIT */
/*
 * format.c - fuzz target: output formats, compiled, and an event rendered by them.  Input: flags,
 * a format, a time format, then the event.
 */
#include "fuzz.h"

#include "../unit/json.h"
#include "pathev.h"

#include <errno.h>

static int lies_in(const char *part, size_t len, const char *all)
{
	size_t n = all ? strlen(all) : 0;

	return all && part >= all && part <= all + n && len <= (size_t)(all + n - part);
}

/* A heap copy of what is rendered.  Into less room goes the beginning of the same. */
static char *render(struct pathev_format *f, const struct pathev_event *ev, size_t *len)
{
	size_t n = pathev_format_render(f, ev, NULL, 0);
	char *whole = fuzz_copy("", 0), *part = malloc(n / 2 + 1);

	whole = realloc(whole, n + 1);
	must(whole && part);
	must(pathev_format_render(f, ev, whole, n) == n);
	must(pathev_format_render(f, ev, part, n / 2) == n);
	must(!memcmp(whole, part, n / 2));
	free(part);
	*len = n;
	return whole;
}

static void text(unsigned flags, const char *fmt, const char *timefmt,
		 const struct pathev_event *ev)
{
	const char *bad = NULL, *why = NULL;
	size_t badlen = 0, len;
	struct pathev_format *f = pathev_format_new(fmt, timefmt, flags, &bad, &badlen, &why);

	if (!f) {
		must(errno == EINVAL && why && *why);
		must(lies_in(bad, badlen, fmt) || lies_in(bad, badlen, timefmt));
		return;
	}
	free(render(f, ev, &len));
	if (!(flags & PATHEV_FORMAT_NO_END))
		must(len);
	pathev_format_free(f);
}

/* A member of an object is this string, as text or as base64, or is not there. */
static void member(const char *line, size_t len, const char *key, const char *want)
{
	char *got = malloc(len + 8), b64[16];
	size_t gotlen = 0;
	int there, there64;

	must(got);
	snprintf(b64, sizeof(b64), "%s_b64", key);
	there64 = json_get(line, len, b64, got, &gotlen);
	must(!there64 || (there64 == 1 && json_unbase64(got, &gotlen)));
	there = there64 ? 0 : json_get(line, len, key, got, &gotlen);
	must(there != -1 && there + there64 == !!want);
	if (want)
		must(gotlen == strlen(want) && !memcmp(got, want, gotlen));
	free(got);
}

static void json(const struct pathev_event *ev)
{
	struct pathev_format *f = pathev_format_new_json(PATHEV_FORMAT_NO_END);
	size_t len;
	char *line;

	must(f);
	line = render(f, ev, &len);
	member(line, len, "path", ev->path);
	member(line, len, "root", ev->root);
	member(line, len, "from", ev->from);
	member(line, len, "to", ev->to);
	free(line);
	pathev_format_free(f);
}

/* The columns are as many as the header has, and the record is one line. */
static void csv(const struct pathev_event *ev)
{
	struct pathev_format *f = pathev_format_new_csv(0);
	int quoted = 0, columns = 1, wanted = 1;
	size_t len;
	char *line;

	must(f);
	for (const char *p = PATHEV_CSV_HEADER; *p; p++)
		wanted += *p == ',';
	line = render(f, ev, &len);
	for (size_t i = 0; i < len; i++) {
		quoted ^= line[i] == '"';
		columns += !quoted && line[i] == ',';
		must(quoted || line[i] != '\n' || i == len - 1);
	}
	must(!quoted && columns == wanted && line[len - 1] == '\n');
	free(line);
	pathev_format_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	unsigned flags = (unsigned)fuzz_number(&in, 1) & 15;
	char *fmt = fuzz_word(&in), *timefmt = fuzz_word(&in);
	unsigned has = (unsigned)fuzz_number(&in, 1);
	struct pathev_event ev = {
		.what = (uint32_t)fuzz_number(&in, 4),
		.cookie = (uint32_t)fuzz_number(&in, 4),
		.error = (int)fuzz_number(&in, 1),
		.type = (char)fuzz_number(&in, 1),
		.synthesized = (char)(fuzz_number(&in, 1) & 1),
		.nameoff = (size_t)fuzz_number(&in, 2),
		.reloff = (size_t)fuzz_number(&in, 2),
		.time_ns = (int64_t)fuzz_number(&in, 8),
		.seq = fuzz_number(&in, 8),
	};
	char *path = fuzz_word(&in), *root = fuzz_word(&in);
	char *from = fuzz_word(&in), *to = fuzz_word(&in);

	if (has & 1) {
		ev.path = path;
		ev.pathlen = strlen(path);
		ev.root = root;
	}
	ev.nameoff %= ev.pathlen + 1;
	ev.reloff %= ev.pathlen + 1;
	ev.from = has & 2 ? from : NULL;
	ev.to = has & 4 ? to : NULL;
	text(flags, fmt, has & 8 ? timefmt : NULL, &ev);
	json(&ev);
	csv(&ev);
	free(to);
	free(from);
	free(root);
	free(path);
	free(timefmt);
	free(fmt);
	return 0;
}
