/* SPDX-License-Identifier: MIT */
/* batch.c - records that gather and are written as one */
#include "batch.h"

#include "cli.h"
#include "clock.h"
#include "pathev.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* How often to look whether the last batch was read: nothing tells when a pipe becomes empty. */
#define LOOK_NS (5 * PATHEV__NS_PER_MS)
#define LOOK_MAX_NS (100 * PATHEV__NS_PER_MS)

/* Memory that a batch keeps for the next one. */
#define KEEP (256 * 1024)

int batch_init(struct batch *b, const struct cli *cli, int64_t cooldown_ns)
{
	*b = (struct batch){ .cli = cli, .on = 1, .cooldown_ns = cooldown_ns, .free_ns = INT64_MIN,
			     .look_ns = INT64_MIN, .patience_ns = LOOK_NS,
			     .text = { .cli = cli, .fd = -1 } };
	if (cli->output.style != CLI_JSON)
		return 0;
	b->head = pathev_format_new("{\"seq\":%{seq},\"time\":\"%{time}\",\"batch\":[", NULL,
				    PATHEV_FORMAT_NO_END, NULL, NULL, NULL);
	return b->head ? 0 : cli_no_memory(cli);
}

void batch_fini(struct batch *b)
{
	pathev_format_free(b->head);
	free(b->text.data);
	free(b->word);
}

int batch_is_joined(const struct cli *cli)
{
	return cli->output.style == CLI_JSON || (!cli->output.format && !cli->nul);
}

const char *batch_format(const struct cli *cli)
{
	return cli->nul ? "%{path}" : "%{path:sh}";
}

/* The slot of a word, or the unused one where it belongs. */
static struct batch_word *slot_of(const struct batch *b, struct batch_word w)
{
	const char *text = b->text.data;
	uint64_t hash = 14695981039346656037u;
	const size_t mask = b->nwords - 1;
	size_t i;

	for (i = 0; i < w.len; i++)
		hash = (hash ^ (unsigned char)text[w.off + i]) * 1099511628211u;
	for (i = (size_t)(hash ^ hash >> 29) & mask; b->word[i].len; i = (i + 1) & mask)
		if (b->word[i].len == w.len && !memcmp(text + b->word[i].off, text + w.off, w.len))
			break;
	return &b->word[i];
}

/* Room for one more word in the table: at most half of it is used. */
static int more_words(struct batch *b)
{
	struct batch_word *old = b->word;
	size_t n = b->nwords;

	if (2 * (b->records + 1) <= n)
		return 0;
	b->word = calloc(n ? 2 * n : 64, sizeof(*b->word));
	if (!b->word) {
		b->word = old;
		return cli_no_memory(b->cli);
	}
	b->nwords = n ? 2 * n : 64;
	for (size_t i = 0; i < n; i++)
		if (old[i].len)
			*slot_of(b, old[i]) = old[i];
	free(old);
	return 0;
}

/* Is the word there already?  Then it is taken back.  1, 0, -1. */
static int is_there(struct batch *b, struct batch_word w)
{
	struct batch_word *slot;

	if (more_words(b))
		return -1;
	slot = slot_of(b, w);
	if (!slot->len)
		*slot = w;
	return slot->off != w.off;
}

int batch_add(struct batch *b, struct record *r, struct pathev_event *ev)
{
	size_t before = b->text.len;
	struct batch_word w;
	int there = 0;

	if (b->records && batch_is_joined(b->cli) &&
	    out_add(&b->text, b->cli->output.style == CLI_JSON ? "," : " ", 1))
		return -1;
	/* in JSON the number stands once, before all */
	ev->seq = b->head ? 0 : r->seq + 1;
	w.off = b->text.len;
	if (record_add(r, &b->text, ev))
		return -1;
	w.len = b->text.len - w.off;
	if (b->cli->output.style == CLI_TEXT && !b->cli->output.format)
		there = is_there(b, w);
	if (there)
		b->text.len = before;
	else
		b->records++;
	return there < 0 ? -1 : 0;
}

int batch_is_free(struct batch *b, const struct out *o, int64_t now_ns)
{
	if (now_ns < b->free_ns || now_ns < b->look_ns)
		return 0;
	if (out_is_read(o)) {
		b->patience_ns = LOOK_NS;
		return 1;
	}
	b->look_ns = now_ns + b->patience_ns;
	if (b->patience_ns < LOOK_MAX_NS)
		b->patience_ns *= 2;
	return 0;
}

int64_t batch_free_time(const struct batch *b)
{
	return b->free_ns > b->look_ns ? b->free_ns : b->look_ns;
}

/* What follows the records. */
static int write_end(const struct batch *b, struct out *o)
{
	if (b->cli->output.style == CLI_JSON && out_add(o, "]}", 2))
		return -1;
	return out_add(o, b->cli->nul ? "" : "\n", 1);
}

int batch_write(struct batch *b, struct record *r, struct out *o, int64_t now_ns)
{
	struct pathev_event ev = { .seq = r->seq + 1 };

	if (!b->records)
		return 0;
	ev.time_ns = pathev__clock_real_ns();
	if (b->head && record_render(b->head, o, &ev))
		return -1;
	if (out_add(o, b->text.data, b->text.len) || write_end(b, o))
		return -1;
	r->seq++;
	b->records = 0;
	b->text.len = 0;
	free(b->word);
	b->word = NULL;
	b->nwords = 0;
	if (b->text.cap > KEEP) {
		free(b->text.data);
		b->text.data = NULL;
		b->text.cap = 0;
	}
	b->free_ns = pathev__clock_after(now_ns, b->cooldown_ns);
	return 0;
}
