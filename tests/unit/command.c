/* SPDX-License-Identifier: MIT */
/* command.c - the commands of --control, from text to parts */
#include "../../bin/command.h"

#include "random.h"
#include "tap.h"

static const struct {
	const char *text;
	enum command_verb verb;
	int recursive;
	const char *arg;	/* NULL: none */
	const char *why;	/* a part of it; NULL: it is good */
} table[] = {
	{ "add d", COMMAND_ADD, 0, "d", NULL },
	{ "add -r d", COMMAND_ADD, 1, "d", NULL },
	{ "add -r -r d", COMMAND_ADD, 1, "d", NULL },
	{ "add a b  c ", COMMAND_ADD, 0, "a b  c ", NULL },
	{ "add  d", COMMAND_ADD, 0, " d", NULL },
	{ "add -r  d", COMMAND_ADD, 1, " d", NULL },
	{ "add -- -d", COMMAND_ADD, 0, "-d", NULL },
	{ "add -r -- -r", COMMAND_ADD, 1, "-r", NULL },
	{ "add -- -- d", COMMAND_ADD, 0, "-- d", NULL },
	{ "add ./-d", COMMAND_ADD, 0, "./-d", NULL },
	{ "add @d", COMMAND_ADD, 0, "@d", NULL },
	{ "add a\\nb\\tc\\rd\\\\e\\x41\\x7f\\xfF", COMMAND_ADD, 0, "a\nb\tc\rd\\eA\x7f\xff", NULL },
	{ "add \\\\n", COMMAND_ADD, 0, "\\n", NULL },
	{ "add \\x20", COMMAND_ADD, 0, " ", NULL },
	{ "remove d", COMMAND_REMOVE, 0, "d", NULL },
	{ "remove a b", COMMAND_REMOVE, 0, "a b", NULL },
	{ "remove -- -d", COMMAND_REMOVE, 0, "-d", NULL },
	{ "sync 1", COMMAND_SYNC, 0, "1", NULL },
	{ "sync -r a b", COMMAND_SYNC, 0, "-r a b", NULL },
	{ "sync  ", COMMAND_SYNC, 0, " ", NULL },
	{ "sync \\n", COMMAND_SYNC, 0, "\n", NULL },

	{ "", COMMAND_UNKNOWN, 0, NULL, "empty" },
	{ " add d", COMMAND_UNKNOWN, 0, NULL, "no such command" },
	{ "frob d", COMMAND_UNKNOWN, 0, NULL, "there are add, remove and sync" },
	{ "ADD d", COMMAND_UNKNOWN, 0, NULL, "no such command" },
	{ "adds d", COMMAND_UNKNOWN, 0, NULL, "no such command" },
	{ "add\td", COMMAND_UNKNOWN, 0, NULL, "no such command" },
	{ "add", COMMAND_ADD, 0, NULL, "PATH is missing" },
	{ "add ", COMMAND_ADD, 0, NULL, "PATH is missing" },
	{ "add -r", COMMAND_ADD, 1, NULL, "PATH is missing" },
	{ "add -r ", COMMAND_ADD, 1, NULL, "PATH is missing" },
	{ "add --", COMMAND_ADD, 0, NULL, "PATH is missing" },
	{ "add -x d", COMMAND_ADD, 0, "-x d", "unknown option" },
	{ "add -rx d", COMMAND_ADD, 0, "-rx d", "unknown option" },
	{ "add -r -x", COMMAND_ADD, 1, "-x", "unknown option" },
	{ "remove", COMMAND_REMOVE, 0, NULL, "PATH is missing" },
	{ "remove -r d", COMMAND_REMOVE, 0, "-r d", "takes no option" },
	{ "sync", COMMAND_SYNC, 0, NULL, "TOKEN is missing" },
	{ "sync ", COMMAND_SYNC, 0, NULL, "TOKEN is missing" },
	{ "add a\\", COMMAND_ADD, 0, "a\\", "bad escape" },
	{ "add a\\qb", COMMAND_ADD, 0, "a\\qb", "bad escape" },
	{ "add \\x", COMMAND_ADD, 0, "\\x", "bad escape" },
	{ "add \\x4", COMMAND_ADD, 0, "\\x4", "bad escape" },
	{ "add \\x4g", COMMAND_ADD, 0, "\\x4g", "bad escape" },
	{ "add \\n\\q", COMMAND_ADD, 0, "\\n\\q", "bad escape" },
	{ "add \\x00", COMMAND_ADD, 0, "\\x00", "NUL" },
	{ "sync \\q", COMMAND_SYNC, 0, "\\q", "bad escape" },
};

static void test_table(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[64];
		struct command c;

		snprintf(text, sizeof(text), "%s", table[i].text);
		command_parse(&c, text, strlen(text), 1);
		is_int(c.verb, table[i].verb, "\"%s\": which it is", table[i].text);
		is_int(c.recursive, table[i].recursive, "\"%s\": -r", table[i].text);
		is_str(c.arg, table[i].arg, "\"%s\": its argument", table[i].text);
		if (table[i].why)
			ok(c.why && strstr(c.why, table[i].why), "\"%s\": is wrong: %s",
			   table[i].text, c.why ? c.why : "no");
		else
			is_str(c.why, NULL, "\"%s\": is good", table[i].text);
	}
}

static void test_raw(void)
{
	char text[] = "add a\\nb\nc", nul[] = "add a\0b", unknown[] = "frob a b";
	struct command c;

	command_parse(&c, text, strlen(text), 0);
	is_str(c.arg, "a\\nb\nc", "unescaped, every byte is itself");
	is_str(c.name, "add", "the name");
	command_parse(&c, unknown, strlen(unknown), 1);
	is_str(c.name, "frob a b", "of a command that is unknown, all is the name");
	command_parse(&c, nul, sizeof(nul) - 1, 1);
	ok(c.why && strstr(c.why, "NUL") && !c.arg, "a NUL inside");
}

/* Whatever comes: strings end within the text, and what is good was changed into bytes. */
static void test_any(void)
{
	static const char bytes[] = "adremovsync -\\xntr0fF19 \x01\xff/.";
	int good = 1;

	for (int i = 0; i < 200000; i++) {
		char text[40];
		size_t len = draw(sizeof(text) - 1);
		size_t begin = 0;
		struct command c;

		if (draw(4))
			begin = (size_t)snprintf(text, sizeof(text), "%s ",
						 draw(2) ? "add" : draw(2) ? "remove" : "sync");
		for (size_t k = begin; k < len; k++)
			text[k] = draw(50) ? bytes[draw(sizeof(bytes) - 1)] : '\0';
		if (len < begin)
			len = begin;
		command_parse(&c, text, len, (int)draw(2));
		if (c.name != text || strlen(c.name) > len ||
		    (c.arg && (c.arg < text || c.arg + strlen(c.arg) > text + len)) ||
		    (!c.arg && !c.why) || (c.verb == COMMAND_UNKNOWN && !c.why))
			good = 0;
	}
	ok(good, "200000 texts of any kind are parsed within their bounds");
}

int main(void)
{
	test_table();
	test_raw();
	test_any();
	return done_testing();
}
