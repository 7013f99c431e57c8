/* SPDX-License-Identifier: MIT */
/*
 * control.c - commands on standard input, and their answers in the stream
 *
 * Answers; doing; reading.
 */
#include "control.h"

#include "cli.h"
#include "pathev.h"
#include "scope.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A path is removed behind a barrier of its own, so that nothing is lost that came before; and
 * answered behind another, so that nothing of it is still on its way.
 */
enum { IDLE, BEFORE_REMOVAL, BEFORE_ANSWER };

int control_init(struct control *c, const struct cli *cli, struct scope *scope,
		 struct stream *stream)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	*c = (struct control){ .cli = cli, .scope = scope, .stream = stream, .fd = STDIN_FILENO };
	for (size_t i = 0; i < cli->from_files.len; i++)
		if (cli_exclusive(cli, 1, "--control", !strcmp(cli->from_files.item[i], "-"),
				  "--from-file -"))
			return -1;
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) {
		cli_error(cli, "--control: standard input is closed");
		return -1;
	}
	/* one byte more tells that it is too long, and one ends it */
	c->text = malloc(COMMAND_MAX + 2);
	return c->text ? 0 : cli_no_memory(cli);
}

void control_fini(struct control *c)
{
	free(c->text);
}

/* ---- answers ---- */

static int has_failed(const struct control *c)
{
	return c->now.why || c->error;
}

static int answer(struct control *c, int64_t time_ns)
{
	static const uint32_t done[] = { PATHEV_ADDED, PATHEV_REMOVED, PATHEV_SYNC };
	const struct command *cmd = &c->now;
	struct pathev_event ev = { .time_ns = time_ns, .error = c->error, .why = cmd->why };
	const char *slash;

	ev.what = has_failed(c) ? PATHEV_ERROR : done[cmd->verb];
	if (has_failed(c))
		ev.command = cmd->name;
	if (cmd->verb == COMMAND_SYNC) {
		ev.token = cmd->arg;
	} else if (cmd->arg) {
		slash = strrchr(cmd->arg, '/');
		ev.path = cmd->arg;
		ev.root = has_failed(c) ? NULL : cmd->arg;
		ev.pathlen = ev.reloff = strlen(cmd->arg);
		ev.nameoff = slash && slash[1] ? (size_t)(slash + 1 - cmd->arg) : 0;
	}
	return stream_take(c->stream, &ev);
}

/* What is in the stream as an error is a message too. */
static void complain(struct control *c)
{
	const struct command *cmd = &c->now;

	if (cmd->why)
		cli_error(c->cli, "command '%s%s%s': %s", cmd->name, cmd->arg ? " " : "",
			  cmd->arg ? cmd->arg : "", cmd->why);
	else if (c->error)
		scope_refuse(c->scope, cmd->arg, c->error);
}

/* ---- doing ---- */

static int barrier(struct control *c, int state)
{
	c->state = state;
	if (pathev_sync(c->scope->pv, NULL) == 0)
		return 0;
	cli_error(c->cli, "cannot watch any more: %s", strerror(errno));
	return -1;
}

static void add(struct control *c)
{
	uint32_t flags = c->now.recursive ? PATHEV_RECURSIVE : 0;

	if (scope_add(c->scope, c->now.arg, flags, SCOPE_COMMAND, &c->now.why))
		c->error = errno;
}

static void remove_path(struct control *c)
{
	if (scope_remove(c->scope, c->now.arg) == 0)
		return;
	if (errno == ENOENT)
		c->now.why = "it is not watched, or was spelled otherwise";
	else
		c->error = errno;
}

static int begin(struct control *c)
{
	c->error = 0;
	if (!c->now.why && c->now.verb == COMMAND_REMOVE)
		return barrier(c, BEFORE_REMOVAL);
	if (!c->now.why && c->now.verb == COMMAND_ADD)
		add(c);
	complain(c);
	return barrier(c, BEFORE_ANSWER);
}

/* ---- reading ---- */

/* A command that is longer than any can be: what there is of it is enough for a message. */
static int begin_too_long(struct control *c)
{
	char *space = memchr(c->text, ' ', 32);

	(space ? space : c->text + 32)[0] = '\0';
	c->now = (struct command){ .verb = COMMAND_UNKNOWN, .name = c->text,
				   .why = "it is too long; 65536 bytes are the limit" };
	c->head = c->len = 0;
	c->skipping = 1;
	return begin(c);
}

static int begin_line(struct control *c, size_t len)
{
	char *line = c->text + c->head;
	int escaped = !c->cli->nul && !c->cli->output.raw;

	c->head += len + 1;
	if (c->head > c->len)
		c->head = c->len;	/* the last one, without an end */
	if (c->skipping) {
		c->skipping = 0;
		return 0;
	}
	command_parse(&c->now, line, len, escaped);
	return begin(c);
}

/* Begin the next command, if it was read as a whole. */
static int go(struct control *c)
{
	int ret = 0;

	while (c->state == IDLE && c->head < c->len && ret == 0) {
		char *line = c->text + c->head;
		size_t len = c->len - c->head;
		char *end = memchr(line, c->cli->nul ? '\0' : '\n', len);

		if (end)
			ret = begin_line(c, (size_t)(end - line));
		else if (c->fd < 0)
			ret = begin_line(c, len);
		else if (c->skipping)
			c->head = c->len = 0;
		else if (len <= COMMAND_MAX)
			break;
		else
			ret = begin_too_long(c);
	}
	return ret;
}

int control_fd(const struct control *c)
{
	return c->state == IDLE ? c->fd : -1;
}

int control_read(struct control *c)
{
	ssize_t n;

	/* what is left is the beginning of a command */
	memmove(c->text, c->text + c->head, c->len - c->head);
	c->len -= c->head;
	c->head = 0;
	n = read(c->fd, c->text + c->len, COMMAND_MAX + 1 - c->len);
	if (n < 0) {
		if (errno == EINTR || errno == EAGAIN)
			return 0;
		cli_error(c->cli, "cannot read commands: %s", strerror(errno));
		return -1;
	}
	if (n == 0)
		c->fd = -1;
	c->len += (size_t)n;
	return go(c);
}

int control_reached(struct control *c, const struct pathev_event *sync)
{
	if (c->state == BEFORE_REMOVAL) {
		remove_path(c);
		complain(c);
		return barrier(c, BEFORE_ANSWER);
	}
	if (answer(c, sync->time_ns))
		return -1;
	c->state = IDLE;
	return go(c);
}

void control_close(struct control *c)
{
	c->fd = -1;
	c->head = c->len;
}

int control_ended(const struct control *c)
{
	return c->fd < 0 && c->state == IDLE && c->head == c->len;
}
