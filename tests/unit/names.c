/* SPDX-License-Identifier: MIT */
/* names.c - event lists and names, from the user's words to bits and back */
#include "names.h"

#include "pathev.h"
#include "tap.h"

#include <errno.h>

static void parses(const char *list, uint32_t before, uint32_t after)
{
	uint32_t mask = before;

	if (ok(pathev_parse_events(list, &mask, NULL, NULL) == 0, "takes \"%s\"", list))
		is_int(mask, after, "\"%s\" onto %#x", list, before);
}

/* at is where the offending word begins in list. */
static void refuses(const char *list, size_t at, size_t len)
{
	const char *bad = NULL;
	size_t badlen = 99;
	uint32_t mask = 0x12345678;

	errno = 0;
	is_int(pathev_parse_events(list, &mask, &bad, &badlen), -1, "refuses \"%s\"", list);
	is_int(errno, EINVAL, "\"%s\": EINVAL", list);
	is_int(mask, 0x12345678, "\"%s\": the mask is as it was", list);
	is_int(bad - list, (intmax_t)at, "\"%s\": where", list);
	is_int((intmax_t)badlen, (intmax_t)len, "\"%s\": how long", list);
	is_int(pathev_parse_events(list, &mask, NULL, NULL), -1, "\"%s\": nobody asks why", list);
}

static void test_lists(void)
{
	parses("create", 0, PATHEV_CREATE);
	parses("create", PATHEV_OPEN, PATHEV_CREATE | PATHEV_OPEN);
	parses("create,delete,attrib", 0, PATHEV_CREATE | PATHEV_DELETE | PATHEV_ATTRIB);
	parses("create,create", 0, PATHEV_CREATE);
	parses("Close_Write", 0, PATHEV_CLOSE_WRITE);
	parses("IN_CREATE", 0, PATHEV_CREATE);
	parses("in_create,In_MOVED_to", 0, PATHEV_CREATE | PATHEV_MOVED_TO);
	parses("close", 0, PATHEV_CLOSE_WRITE | PATHEV_CLOSE_NOWRITE);
	parses("move", 0, PATHEV_MOVED_FROM | PATHEV_MOVED_TO);
	parses("all", 0, 0x2fff);
	parses("all_events", 0, 0x2fff);
	parses("IN_ALL_EVENTS", 0, 0x2fff);
	parses("changes", 0, 0x2fff & ~(PATHEV_ACCESS | PATHEV_OPEN | PATHEV_CLOSE_NOWRITE));
	parses("Q_OVERFLOW", 0, PATHEV_OVERFLOW);
	parses("overflow,exists,ready,error,added,removed,sync", 0, PATHEV_OWN);
}

static void test_minus(void)
{
	parses("all,-access", 0, 0x2ffe);
	parses("-access", PATHEV_ALL, 0x2ffe);
	parses("-access,-open", PATHEV_ALL, 0x2ffe & ~PATHEV_OPEN);
	parses("-IN_Access", PATHEV_ALL, 0x2ffe);
	parses("-close", PATHEV_CLOSE | PATHEV_OPEN, PATHEV_OPEN);
	parses("-open,open", 0, PATHEV_OPEN);
	parses("open,-open", PATHEV_CREATE, PATHEV_CREATE);
	parses("-all", PATHEV_CREATE | PATHEV_READY, PATHEV_READY);
	parses("-open", PATHEV_CREATE, PATHEV_CREATE);
}

static void test_errors(void)
{
	refuses("", 0, 0);
	refuses(",", 0, 0);
	refuses("create,", 7, 0);
	refuses(",create", 0, 0);
	refuses("create,,open", 7, 0);
	refuses("-", 0, 1);
	refuses("create,-", 7, 1);
	refuses("--open", 0, 6);
	refuses("opened", 0, 6);
	refuses("ope", 0, 3);
	refuses("create,frob,open", 7, 4);
	refuses("create, open", 7, 5);
	refuses("open ", 0, 5);
	refuses("IN_", 0, 3);
	refuses("IN_IN_OPEN", 0, 10);
	refuses("IN_-open", 0, 8);
	refuses("-frob", 0, 5);
	refuses("create;open", 0, 11);
	refuses("\xc3\xb6pen", 0, 5);
}

static void test_table(void)
{
	static const char *const want[] = {
		"access", "modify", "attrib", "close_write", "close_nowrite", "open",
		"moved_from", "moved_to", "create", "delete", "delete_self", "move_self",
		"unmount", "overflow", "exists", "ready", "error", "written", "added", "removed",
		"sync",
		"close", "move", "changes", "all", NULL,
	};
	uint32_t seen = 0, mask, parsed, last = 0;

	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		const char *name = pathev_event_name(i, &mask);
		is_str(name, want[i], "name number %zu", i);
		is_str(pathev_event_name(i, NULL), want[i], "name number %zu, no mask wanted", i);
		if (!name)
			break;
		parsed = 0;
		pathev_parse_events(name, &parsed, NULL, NULL);
		is_int(parsed, mask, "%s is read as the bits it is told with", name);
		if (i < 20) {
			ok(!(mask & (mask - 1)) && mask > last, "%s is the next bit", name);
			last = mask;
		}
		seen |= mask;
	}
	is_int(seen, PATHEV_ALL | PATHEV_OWN | PATHEV_WRITTEN, "every event has a name");
	is_str(pathev_event_name((size_t)-1, NULL), NULL, "there is no name so far out");
}

static void prints(uint32_t what, char sep, const char *want)
{
	char buf[512];

	is_int((intmax_t)pathev_event_names(what, sep, buf, sizeof(buf)), (intmax_t)strlen(want),
	       "the length of \"%s\"", want);
	is_str(buf, want, "%#x by name", what);
}

static void test_names(void)
{
	prints(0, ',', "");
	prints(PATHEV_CREATE, ',', "create");
	prints(PATHEV_CLOSE_WRITE | PATHEV_MODIFY, ',', "modify,close_write");
	prints(PATHEV_MOVE, ' ', "moved_from moved_to");
	prints(PATHEV_OWN, '|', "overflow|exists|ready|error|added|removed|sync");
	prints(PATHEV_ALL, ',', "access,modify,attrib,close_write,close_nowrite,open,moved_from,"
				"moved_to,create,delete,delete_self,move_self,unmount");
	prints(0x80001000, ',', "");
	prints(0xffffffff, ',', "access,modify,attrib,close_write,close_nowrite,open,moved_from,"
				"moved_to,create,delete,delete_self,move_self,unmount,overflow,"
				"exists,ready,error,written,added,removed,sync");
}

static void prints_upper(uint32_t what, int is_dir, char sep, const char *want)
{
	char buf[PATHEV__NAMES_SIZE];

	is_int((intmax_t)pathev__names_upper(what, is_dir, sep, buf, sizeof(buf)),
	       (intmax_t)strlen(want), "the length of \"%s\"", want);
	is_str(buf, want, "%#x in upper case%s", what, is_dir ? ", a directory" : "");
}

static void test_upper(void)
{
	prints_upper(0, 0, ',', "");
	prints_upper(0, 1, ',', "ISDIR");
	prints_upper(PATHEV_CREATE, 0, ',', "CREATE");
	prints_upper(PATHEV_CREATE, 1, ',', "CREATE,ISDIR");
	prints_upper(PATHEV_CLOSE_WRITE, 0, ',', "CLOSE_WRITE,CLOSE");
	prints_upper(PATHEV_CLOSE_NOWRITE, 1, '|', "CLOSE_NOWRITE|CLOSE|ISDIR");
	prints_upper(PATHEV_MODIFY | PATHEV_CLOSE_WRITE | PATHEV_OPEN, 0, ',',
		     "MODIFY,CLOSE_WRITE,OPEN,CLOSE");
	prints_upper(PATHEV_OVERFLOW, 0, ',', "Q_OVERFLOW");
	prints_upper(PATHEV_EXISTS, 1, ',', "EXISTS,ISDIR");
	prints_upper(0xffffffff, 1, ' ',
		     "ACCESS MODIFY ATTRIB CLOSE_WRITE CLOSE_NOWRITE OPEN MOVED_FROM MOVED_TO "
		     "CREATE DELETE DELETE_SELF UNMOUNT Q_OVERFLOW CLOSE MOVE_SELF "
		     "EXISTS READY ERROR WRITTEN ADDED REMOVED SYNC ISDIR");
}

/* Every size: what fits, then a NUL, and nothing behind it. */
static void test_sizes(void)
{
	const char *want = "modify,close_write,open";
	const uint32_t what = PATHEV_MODIFY | PATHEV_CLOSE_WRITE | PATHEV_OPEN;
	int good = pathev_event_names(what, ',', NULL, 0) == strlen(want);

	for (size_t size = 1; size < 32; size++) {
		char buf[33];
		size_t fits = size - 1 < strlen(want) ? size - 1 : strlen(want);
		memset(buf, '#', sizeof(buf));
		if (pathev_event_names(what, ',', buf, size) != strlen(want) ||
		    memcmp(buf, want, fits) || buf[fits] || buf[fits + 1] != '#')
			good = 0;
	}
	ok(good, "names are cut at any size and end with a NUL");
}

static void test_take(void)
{
	uint32_t what = PATHEV_OPEN | PATHEV_MODIFY | PATHEV_SYNC | 0x80000000;
	size_t len;

	is_str(pathev__names_take(&what, &len), "modify", "takes the lowest bit first");
	is_int((int)len, 6, "says how long that is");
	is_int(what, PATHEV_OPEN | PATHEV_SYNC | 0x80000000, "and takes that bit only");
	is_str(pathev__names_take(&what, &len), "open", "then the next");
	is_str(pathev__names_take(&what, &len), "sync", "up to the last");
	is_str(pathev__names_take(&what, &len), NULL, "an unknown bit has no name");
}

int main(void)
{
	test_lists();
	test_minus();
	test_errors();
	test_table();
	test_names();
	test_upper();
	test_sizes();
	test_take();
	return done_testing();
}
