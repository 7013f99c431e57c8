/* SPDX-License-Identifier: MIT */
/*
 * report.c - what pathstat counted, as a table, JSON or CSV
 *
 * All three have the same rows and columns: the total, a column for each event that was seen,
 * and the key last, so that a table stays readable whatever a path is.
 */
#include "report.h"

#include "clock.h"
#include "out.h"
#include "pathev.h"
#include "quote.h"
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* Space between the columns of a table. */
#define GAP 2

struct column {
	uint32_t event;
	const char *name;
	int width;
};

/* One report while it is made. */
struct page {
	struct report *report;
	struct out *out;
	const struct pathev__tally *tally;
	double seconds;
	char time[48];		/* now, as in 2000-01-01T00:00:00.000Z */
	int total_width;
	struct column column[REPORT_COLUMNS];
	size_t ncolumns;
	uint32_t *row;
	size_t nrows;
	size_t others;		/* keys that have no row */
	size_t width;		/* of the terminal; 0: lines are not cut */
	char *key;		/* a growing buffer */
	size_t keycap;
};

/* A row, or the line of all others: what is counted in these events. */
static uint64_t count(const struct page *p, size_t i, uint32_t events)
{
	if (i < p->nrows)
		return pathev__tally_count(p->tally, p->row[i], events);
	return pathev__tally_rest(p->tally, p->row, p->nrows, events);
}

/* Events per second since the mark. */
static double rate(const struct page *p, size_t i)
{
	uint64_t n;

	if (p->seconds <= 0)
		return 0;
	if (i < p->nrows)
		return (double)pathev__tally_total_since(p->tally, p->row[i]) / p->seconds;
	n = pathev__tally_sum_since(p->tally, PATHEV_ALL);
	for (i = 0; i < p->nrows; i++)
		n -= pathev__tally_total_since(p->tally, p->row[i]);
	return (double)n / p->seconds;
}

static int digits(uint64_t n)
{
	int d = 1;

	while (n /= 10)
		d++;
	return d;
}

/* No number in a column is longer than the column's sum. */
static int width_of(const char *name, uint64_t sum)
{
	int len = (int)strlen(name);

	return len > digits(sum) ? len : digits(sum);
}

static void choose_columns(struct page *p)
{
	/* CSV has one head for all reports, so its columns do not depend on what was seen */
	uint32_t always = p->report->style == CLI_CSV ? p->report->events : p->report->zero;
	const char *name;
	uint32_t event;

	p->total_width = width_of("total", pathev__tally_sum(p->tally, PATHEV_ALL));
	for (size_t i = 0; (name = pathev_event_name(i, &event)); i++) {
		uint64_t sum = pathev__tally_sum(p->tally, event);

		/* names of one event each: no groups, and none of our own records */
		if (!(event & PATHEV_ALL) || event & (event - 1))
			continue;
		if ((sum || event & always) && p->ncolumns < REPORT_COLUMNS)
			p->column[p->ncolumns++] =
				(struct column){ event, name, width_of(name, sum) };
	}
}

/* The key of a row into p->key; the length, or -1 without memory. */
static ssize_t get_key(struct page *p, size_t i)
{
	size_t len;

	if (i == p->nrows)
		len = (size_t)snprintf(p->key, p->keycap, "(%zu others)", p->others);
	else
		len = pathev__tally_key(p->tally, p->row[i], p->key, p->keycap);
	if (len < p->keycap)
		return (ssize_t)len;
	free(p->key);
	p->keycap = 2 * len + 64;
	p->key = malloc(p->keycap);
	if (!p->key) {
		p->keycap = 0;
		return cli_no_memory(p->report->cli);
	}
	return get_key(p, i);
}

/* Add the key in a notation, which tells its length before it is written. */
static int add_quoted(struct page *p, size_t len,
		      void (*quote)(struct pathev__out *, const char *, size_t))
{
	struct pathev__out q = { .buf = NULL };

	quote(&q, p->key, len);
	if (out_room(p->out, q.len))
		return -1;
	q = (struct pathev__out){ .buf = p->out->data + p->out->len, .size = q.len };
	quote(&q, p->key, len);
	p->out->len += q.len;
	return 0;
}

/* ---- table ---- */

/*
 * Cut the line that begins at the start'th byte that waits, so that the terminal does not wrap
 * it: a line has no more columns than bytes.
 */
static void cut_line(struct page *p, size_t start)
{
	struct out *o = p->out;
	size_t end = o->head + start + p->width;

	if (!p->width || o->len <= end)
		return;
	/* not inside a character of UTF-8 */
	while (end && ((unsigned char)o->data[end] & 0xc0) == 0x80)
		end--;
	o->len = end;
}

static int table_head(struct page *p)
{
	size_t start = out_pending(p->out);

	if (out_printf(p->out, "%*s", p->total_width, "total"))
		return -1;
	if (p->report->rates && out_printf(p->out, "%*s", GAP + 9, "per_s"))
		return -1;
	for (size_t i = 0; i < p->ncolumns; i++)
		if (out_printf(p->out, "%*s", GAP + p->column[i].width, p->column[i].name))
			return -1;
	if (out_printf(p->out, "%*s%s", GAP, "", p->report->key))
		return -1;
	cut_line(p, start);
	return out_add(p->out, "\n", 1);
}

static int table_row(struct page *p, size_t i)
{
	size_t start = out_pending(p->out);
	ssize_t len = get_key(p, i);

	if (len < 0 || out_printf(p->out, "%*llu", p->total_width,
				  (unsigned long long)count(p, i, PATHEV_ALL)))
		return -1;
	if (p->report->rates && out_printf(p->out, "%*.1f", GAP + 9, rate(p, i)))
		return -1;
	for (size_t c = 0; c < p->ncolumns; c++)
		if (out_printf(p->out, "%*llu", GAP + p->column[c].width,
			       (unsigned long long)count(p, i, p->column[c].event)))
			return -1;
	if (out_printf(p->out, "%*s", GAP, "") || add_quoted(p, (size_t)len, pathev__quote_text))
		return -1;
	cut_line(p, start);
	return out_add(p->out, "\n", 1);
}

/* ---- CSV ---- */

static int csv_head(struct page *p)
{
	if (p->report->printed)
		return 0;
	if (out_printf(p->out, "%stotal", p->report->rates ? "time," : "") ||
	    (p->report->rates && out_printf(p->out, ",per_s")))
		return -1;
	for (size_t i = 0; i < p->ncolumns; i++)
		if (out_printf(p->out, ",%s", p->column[i].name))
			return -1;
	return out_printf(p->out, ",%s\n", p->report->key);
}

static int csv_row(struct page *p, size_t i)
{
	ssize_t len = get_key(p, i);

	if (len < 0)
		return -1;
	if (p->report->rates && out_printf(p->out, "%s,", p->time))
		return -1;
	if (out_printf(p->out, "%llu", (unsigned long long)count(p, i, PATHEV_ALL)) ||
	    (p->report->rates && out_printf(p->out, ",%.1f", rate(p, i))))
		return -1;
	for (size_t c = 0; c < p->ncolumns; c++)
		if (out_printf(p->out, ",%llu",
			       (unsigned long long)count(p, i, p->column[c].event)))
			return -1;
	if (out_add(p->out, ",", 1))
		return -1;
	/* no key is empty, so this is the rest, and not a file of that name */
	if (i < p->nrows && add_quoted(p, (size_t)len, pathev__quote_csv))
		return -1;
	return out_add(p->out, "\n", 1);
}

/* ---- JSON ---- */

static void quote_json(struct pathev__out *q, const char *key, size_t len)
{
	if (pathev__quote_json(q, key, len))
		pathev__quote_base64(q, key, len);
}

/* "path":"name", or "path_b64":"bmFtZQ==" where that is not UTF-8 */
static int json_key(struct page *p, size_t i, size_t len)
{
	struct pathev__out none = { .buf = NULL };
	int utf8 = pathev__quote_json(&none, p->key, len) == 0;

	if (i == p->nrows)
		return out_printf(p->out, "\"others\":%zu", p->others);
	if (out_printf(p->out, "\"%s%s\":", p->report->key, utf8 ? "" : "_b64"))
		return -1;
	return add_quoted(p, len, quote_json);
}

static int json_row(struct page *p, size_t i)
{
	ssize_t len = get_key(p, i);
	const char *comma = "";

	if (len < 0 || out_add(p->out, "{", 1))
		return -1;
	if (p->report->rates && out_printf(p->out, "\"time\":\"%s\",", p->time))
		return -1;
	if (json_key(p, i, (size_t)len) ||
	    out_printf(p->out, ",\"total\":%llu", (unsigned long long)count(p, i, PATHEV_ALL)) ||
	    (p->report->rates && out_printf(p->out, ",\"per_s\":%.1f", rate(p, i))) ||
	    out_printf(p->out, ",\"events\":{"))
		return -1;
	for (size_t c = 0; c < p->ncolumns; c++) {
		uint64_t n = count(p, i, p->column[c].event);

		if (!n && !(p->column[c].event & p->report->zero))
			continue;
		if (out_printf(p->out, "%s\"%s\":%llu", comma, p->column[c].name,
			       (unsigned long long)n))
			return -1;
		comma = ",";
	}
	return out_add(p->out, "}}\n", 3);
}

/* ---- a report ---- */

static void set_time(struct page *p)
{
	int64_t now = pathev__clock_real_ns();
	time_t second = now / PATHEV__NS_PER_S;
	char text[32];
	struct tm tm;

	gmtime_r(&second, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(p->time, sizeof(p->time), "%s.%03dZ", text,
		 (int)(now / PATHEV__NS_PER_MS % 1000));
}

/* Rows: as many as were asked for, and on a terminal as it has lines. */
static int choose_rows(struct page *p)
{
	const struct report *r = p->report;
	size_t keys = pathev__tally_keys(p->tally);
	size_t top = r->top;
	struct winsize ws = { 0 };

	/* a size of 0 is not known */
	if (r->redraw && ioctl(p->out->fd, TIOCGWINSZ, &ws) == 0)
		p->width = ws.ws_col;
	if (ws.ws_row) {
		/* the head, the rest, and where the cursor stands */
		size_t lines = ws.ws_row > 4 ? ws.ws_row - 3U : 1;

		top = top < lines ? top : lines;
	}
	if (pathev__tally_sort(p->tally, r->sort, r->sort_flags, top, &p->row, &p->nrows))
		return cli_no_memory(r->cli);
	p->others = keys - p->nrows;
	return 0;
}

static int print_rows(struct page *p)
{
	static int (*const head[])(struct page *) = {
		[CLI_TEXT] = table_head, [CLI_JSON] = NULL, [CLI_CSV] = csv_head
	};
	static int (*const line[])(struct page *, size_t) = {
		[CLI_TEXT] = table_row, [CLI_JSON] = json_row, [CLI_CSV] = csv_row
	};
	enum cli_style style = p->report->style;
	size_t lines = p->nrows + (p->others > 0);

	if (head[style] && head[style](p))
		return -1;
	for (size_t i = 0; i < lines; i++)
		if (line[style](p, i))
			return -1;
	return 0;
}

/* Between two reports: a terminal's last one is wiped, in other text comes a blank line. */
static int separate(struct page *p)
{
	struct report *r = p->report;

	if (r->redraw && r->drawn && out_printf(p->out, "\033[%zuA\r\033[J", r->drawn))
		return -1;
	if (r->redraw)
		r->drawn = 1 + p->nrows + (p->others > 0);
	else if (r->style == CLI_TEXT && r->printed && out_add(p->out, "\n", 1))
		return -1;
	return 0;
}

int report_print(struct report *r, struct out *o, const struct pathev__tally *t, double seconds)
{
	struct page p = { .report = r, .out = o, .tally = t, .seconds = seconds };
	int ret = -1;

	if (!pathev__tally_keys(t) && r->style == CLI_TEXT)
		return 0;
	set_time(&p);
	choose_columns(&p);
	if (choose_rows(&p) == 0 && separate(&p) == 0 && print_rows(&p) == 0)
		ret = 0;
	r->printed++;
	free(p.row);
	free(p.key);
	return ret;
}
