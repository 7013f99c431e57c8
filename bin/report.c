/* SPDX-License-Identifier: MIT */
/*
 * report.c - what pathstat counted, as a table, JSON or CSV
 *
 * All three have the same rows and columns: the total, a column for each event that was seen,
 * and the key last, so that a table stays readable whatever a path is.  A table that is drawn
 * anew on a terminal is as large as that: there events share a column where there are too many.
 */
#include "report.h"

#include "clock.h"
#include "out.h"
#include "pathev.h"
#include "quote.h"
#include "screen.h"
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

/* Space between the columns of a table, and the width of the column of rates. */
#define GAP 2
#define RATE_WIDTH 9

/* On a terminal at least so much of the longest key is to be seen, if events can give way. */
#define KEY_WIDTH 24

struct column {
	uint32_t events;	/* several: those that have no column of their own */
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
	int rates;
	int total_width;
	struct column column[REPORT_COLUMNS];
	size_t ncolumns;
	uint32_t *row;
	size_t nrows;
	size_t others;		/* keys that have no row */
	size_t nlines;		/* below the head */
	size_t key_width;	/* keys are shortened to this many columns; SIZE_MAX: not */
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

/* On a terminal nothing is to remain of what was in this line. */
static int begin_line(struct page *p)
{
	return p->report->screen ? out_add(p->out, "\033[K", 3) : 0;
}

/* Cut the line that begins at the start'th byte that waits, where it is too long without a key. */
static int end_line(struct page *p, size_t start)
{
	size_t len = out_pending(p->out) - start;

	if (p->key_width == 0 && len > p->report->screen->columns)
		p->out->len -= len - p->report->screen->columns;
	return out_add(p->out, "\n", 1);
}

static int table_head(struct page *p)
{
	size_t start;

	if (begin_line(p))
		return -1;
	start = out_pending(p->out);
	if (out_printf(p->out, "%*s", p->total_width, "total"))
		return -1;
	if (p->rates && out_printf(p->out, "%*s", GAP + RATE_WIDTH, "per_s"))
		return -1;
	for (size_t i = 0; i < p->ncolumns; i++)
		if (out_printf(p->out, "%*s", GAP + p->column[i].width, p->column[i].name))
			return -1;
	if (out_printf(p->out, "%*s%.*s", GAP, "", p->key_width > 8 ? 8 : (int)p->key_width,
		       p->report->key))
		return -1;
	return end_line(p, start);
}

/* The key as a table shows it. */
static int table_key(struct page *p, size_t len)
{
	size_t start = out_pending(p->out);

	if (add_quoted(p, len, pathev__quote_text))
		return -1;
	if (p->key_width != SIZE_MAX) {
		char *text = p->out->data + p->out->head + start;

		len = out_pending(p->out) - start;
		p->out->len -= len - screen_shorten(p->report->screen, text, len, p->key_width);
	}
	return 0;
}

static int table_row(struct page *p, size_t i)
{
	ssize_t len = get_key(p, i);
	size_t start;

	if (len < 0 || begin_line(p))
		return -1;
	start = out_pending(p->out);
	if (out_printf(p->out, "%*llu", p->total_width,
		       (unsigned long long)count(p, i, PATHEV_ALL)))
		return -1;
	if (p->rates && out_printf(p->out, "%*.1f", GAP + RATE_WIDTH, rate(p, i)))
		return -1;
	for (size_t c = 0; c < p->ncolumns; c++)
		if (out_printf(p->out, "%*llu", GAP + p->column[c].width,
			       (unsigned long long)count(p, i, p->column[c].events)))
			return -1;
	if (out_printf(p->out, "%*s", GAP, "") || table_key(p, (size_t)len))
		return -1;
	return end_line(p, start);
}

/* ---- a table as wide as a terminal ---- */

/* How wide the longest key would be; SIZE_MAX without memory. */
static size_t longest_key(struct page *p)
{
	struct out scratch = { .cli = p->report->cli, .fd = -1 };
	struct out *out = p->out;
	size_t longest = strlen(p->report->key);

	p->out = &scratch;
	for (size_t i = 0; i < p->nlines; i++) {
		ssize_t len = get_key(p, i);
		size_t width;

		scratch.len = 0;
		if (len < 0 || add_quoted(p, (size_t)len, pathev__quote_text)) {
			longest = SIZE_MAX;
			break;
		}
		width = screen_width(p->report->screen, scratch.data, scratch.len);
		longest = width > longest ? width : longest;
	}
	p->out = out;
	free(scratch.data);
	return longest;
}

/* How many columns of the terminal are before the key. */
static size_t used_width(const struct page *p)
{
	size_t width = (size_t)p->total_width + GAP;

	if (p->rates)
		width += RATE_WIDTH + GAP;
	for (size_t i = 0; i < p->ncolumns; i++)
		width += (size_t)p->column[i].width + GAP;
	return width;
}

/* The event that has to give its column up: the rarest, but not the one that is sorted by. */
static size_t rarest(const struct page *p)
{
	size_t found = p->ncolumns;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < p->ncolumns; i++) {
		uint64_t sum = pathev__tally_sum(p->tally, p->column[i].events);

		if (p->column[i].events == p->report->sort || sum > least)
			continue;
		least = sum;
		found = i;
	}
	return found;
}

/* Take columns away until there is room for the keys, and count their events in one column. */
static void merge_columns(struct page *p, size_t room)
{
	struct column other = { .name = "other" };
	size_t i;

	while (used_width(p) + (other.events ? (size_t)other.width + GAP : 0) > room &&
	       (i = rarest(p)) < p->ncolumns) {
		other.events |= p->column[i].events;
		other.width = width_of(other.name, pathev__tally_sum(p->tally, other.events));
		p->ncolumns--;
		memmove(&p->column[i], &p->column[i + 1],
			(p->ncolumns - i) * sizeof(p->column[0]));
	}
	/* alone, or where there is no room for it either, it says nothing */
	if (other.events && p->ncolumns && used_width(p) + (size_t)other.width + GAP <= room)
		p->column[p->ncolumns++] = other;
	if (used_width(p) > room)
		p->ncolumns = 0;
	if (used_width(p) > room)
		p->rates = 0;
}

static int fit_columns(struct page *p)
{
	const struct screen *screen = p->report->screen;
	size_t columns = screen->columns;
	size_t wanted = columns / 3 > KEY_WIDTH ? columns / 3 : KEY_WIDTH;
	size_t longest = longest_key(p);

	if (longest == SIZE_MAX)
		return -1;
	if (wanted > longest)
		wanted = longest;
	merge_columns(p, columns > wanted ? columns - wanted : 0);
	p->key_width = columns > used_width(p) ? columns - used_width(p) : 0;
	return 0;
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
			       (unsigned long long)count(p, i, p->column[c].events)))
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
		uint64_t n = count(p, i, p->column[c].events);

		if (!n && !(p->column[c].events & p->report->zero))
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

	size_t room = r->screen ? r->screen->lines - 1 : SIZE_MAX;

	/* those that have no row need a line too */
	if (room && room != SIZE_MAX && (keys > room || keys > top))
		room--;
	if (pathev__tally_sort(p->tally, r->sort, r->sort_flags, top < room ? top : room, &p->row,
			       &p->nrows))
		return cli_no_memory(r->cli);
	p->others = keys - p->nrows;
	p->nlines = p->nrows + (p->others > 0);
	if (r->screen && p->nlines > r->screen->lines - 1)
		p->nlines = r->screen->lines - 1;
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

	if (head[style] && head[style](p))
		return -1;
	for (size_t i = 0; i < p->nlines; i++)
		if (line[style](p, i))
			return -1;
	return 0;
}

/* A table over the last one.  Where it is shorter, what is below it is wiped. */
static int draw(struct page *p)
{
	struct screen *screen = p->report->screen;

	if (fit_columns(p) || out_add(p->out, "\r", 1) || print_rows(p))
		return -1;
	/* without the last newline, so that the lines may be all that there are */
	p->out->len--;
	screen->drawn = 1 + p->nlines;
	if (out_printf(p->out, "\033[J\r"))
		return -1;
	return p->nlines ? out_printf(p->out, "\033[%zuA", p->nlines) : 0;
}

int report_leave(struct report *r, struct out *o, enum report_leave how)
{
	size_t drawn = r->screen ? r->screen->drawn : 0;

	if (!drawn)
		return 0;
	r->screen->drawn = 0;
	if (how == REPORT_WIPED)
		return out_printf(o, "\r\033[J");
	if (drawn > 1 && out_printf(o, "\033[%zuB", drawn - 1))
		return -1;
	return out_printf(o, "\n");
}

int report_print(struct report *r, struct out *o, const struct pathev__tally *t, double seconds)
{
	struct page p = { .report = r, .out = o, .tally = t, .seconds = seconds,
			  .rates = r->rates, .key_width = SIZE_MAX };
	int ret = -1;

	/* a terminal is to show that there is nothing yet */
	if (!pathev__tally_keys(t) && r->style == CLI_TEXT && !r->screen)
		return 0;
	if (r->screen)
		screen_measure(r->screen);
	set_time(&p);
	choose_columns(&p);
	if (choose_rows(&p) == 0) {
		if (r->screen)
			ret = draw(&p);
		else if (r->style != CLI_TEXT || !r->printed || out_add(o, "\n", 1) == 0)
			ret = print_rows(&p);
	}
	r->printed++;
	free(p.row);
	free(p.key);
	return ret;
}
