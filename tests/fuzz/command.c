/* SPDX-License-Identifier: MIT */
/* command.c - fuzz target: commands of pathwatch --control.  Input: escaped or not, a command. */
#include "fuzz.h"

#include "../../bin/command.c"

/* A string of the command lies in its text. */
static void within(const char *s, const char *text, size_t len)
{
	must(!s || (s >= text && s <= text + len && strlen(s) <= len - (size_t)(s - text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	int escaped = (int)(fuzz_number(&in, 1) & 1);
	char *text = malloc(in.len + 1);
	struct command c;

	must(text != NULL);
	if (in.len)
		memcpy(text, in.data, in.len);
	command_parse(&c, text, in.len, escaped);
	must(c.name == text);
	within(c.name, text, in.len);
	within(c.arg, text, in.len);
	must(c.why || (c.arg && *c.arg && c.verb != COMMAND_UNKNOWN));
	must(c.verb == COMMAND_ADD || !c.recursive);
	must(c.verb != COMMAND_UNKNOWN || !c.arg);
	free(text);
	return 0;
}
