/* SPDX-License-Identifier: MIT */
/* ignore.c - tests of gitignore's pattern rules; ignore-git.c compares them with git's */
#include "alloc.h"

#include "../../lib/ignore.c"

#include "tap.h"

#include <time.h>

#define HIDE PATHEV_HIDE
#define GONE (PATHEV_HIDE | PATHEV_PRUNE)

static const struct {
	const char *text;	/* a file at the top */
	const char *path;
	int file, dir;		/* is it ignored, being one */
} table[] = {
	/* a name, anywhere */
	{ "foo", "foo", 1, 1 },
	{ "foo", "a/b/foo", 1, 1 },
	{ "foo", "foobar", 0, 0 },
	{ "foo", "barfoo", 0, 0 },
	{ "foo", "foo/bar", 0, 0 },	/* a walk does not come there */
	{ "foo", "FOO", 0, 0 },
	/* directories only */
	{ "foo/", "foo", 0, 1 },
	{ "foo/", "a/foo", 0, 1 },
	{ "a/foo/", "a/foo", 0, 1 },
	{ "foo//", "foo", 0, 0 },
	/* a slash at the beginning or in the middle anchors */
	{ "/foo", "foo", 1, 1 },
	{ "/foo", "a/foo", 0, 0 },
	{ "/foo/", "foo", 0, 1 },
	{ "/foo/", "a/foo", 0, 0 },
	{ "a/foo", "a/foo", 1, 1 },
	{ "a/foo", "b/a/foo", 0, 0 },
	{ "/a/foo", "a/foo", 1, 1 },
	{ "//foo", "foo", 0, 0 },
	/* one star, and the question mark, stop at slashes */
	{ "*", "a", 1, 1 },
	{ "*.o", "x.o", 1, 1 },
	{ "*.o", "a/x.o", 1, 1 },
	{ "*.o", ".o", 1, 1 },
	{ "*.o", "x.oo", 0, 0 },
	{ "/*.o", "a/x.o", 0, 0 },
	{ "a/*", "a/b", 1, 1 },
	{ "a/*", "a/b/c", 0, 0 },
	{ "a/*/c", "a/b/c", 1, 1 },
	{ "a/*/c", "a/c", 0, 0 },
	{ "a/*/c", "a/b/b/c", 0, 0 },
	{ "a*c", "abbc", 1, 1 },
	{ "a*c", "ac", 1, 1 },
	{ "/a*c", "a/c", 0, 0 },
	{ "f*o/*/*", "foo/b/c", 1, 1 },
	{ "a*bc*d", "axbbcbcd", 1, 1 },
	{ "*ab*ab", "abab", 1, 1 },
	{ "*ab*ab", "aab", 0, 0 },
	{ "/*a/*a", "ba/bba", 1, 1 },
	{ "/*a/*a", "bb/bba", 0, 0 },
	{ "/a*b*/c", "ab/b/c", 0, 0 },
	{ "a?c", "abc", 1, 1 },
	{ "a?c", "ac", 0, 0 },
	{ "/a?c", "a/c", 0, 0 },
	{ "??", "\xc3\xa9", 1, 1 },
	{ "?", "\xff", 1, 1 },
	/* two stars in front */
	{ "**/foo", "foo", 1, 1 },
	{ "**/foo", "a/b/foo", 1, 1 },
	{ "**/foo", "a/bfoo", 0, 0 },
	{ "**/a/foo", "a/foo", 1, 1 },
	{ "**/a/foo", "b/a/foo", 1, 1 },
	{ "**/a/foo", "b/ba/foo", 0, 0 },
	{ "**/", "a/b", 0, 1 },
	{ "**", "a/b", 1, 1 },
	/* two stars at the end: all below, not the directory */
	{ "a/**", "a/b", 1, 1 },
	{ "a/**", "a/b/c", 1, 1 },
	{ "a/**", "a", 0, 0 },
	{ "a/**", "b/a/b", 0, 0 },
	{ "/**", "a/b", 1, 1 },
	{ "a/**/", "a/b", 0, 1 },
	/* two stars in the middle: no directory, or some */
	{ "a/**/b", "a/b", 1, 1 },
	{ "a/**/b", "a/x/b", 1, 1 },
	{ "a/**/b", "a/x/y/b", 1, 1 },
	{ "a/**/b", "a/xb", 0, 0 },
	{ "a/**/b", "ab", 0, 0 },
	{ "a/**/**/b", "a/b", 1, 1 },
	{ "a/**/b/**/c", "a/x/b/y/z/c", 1, 1 },
	{ "a/**/b/**/c", "a/x/y/z/c", 0, 0 },
	{ "**/a*b/*c", "x/ab/y/aab/cc", 1, 1 },
	{ "**/a/*/b", "a/a/x/y/a/b/b", 1, 1 },
	/* two stars elsewhere are one */
	{ "foo**/bar", "foobar", 0, 0 },
	{ "foo**/bar", "foo/bar", 1, 1 },
	{ "foo**/bar", "foox/bar", 1, 1 },
	{ "foo**/bar", "foo/x/bar", 0, 0 },
	{ "/foo**", "foo/x", 0, 0 },
	{ "f**/x", "fx", 0, 0 },
	{ "a/b**/x", "a/b/c/x", 0, 0 },
	{ "a/**b", "a/x/b", 0, 0 },
	{ "a/**b", "a/xb", 1, 1 },
	{ "a**b", "axxb", 1, 1 },
	{ "***/b", "a/b", 1, 1 },
	/* sets */
	{ "[ab]", "b", 1, 1 },
	{ "[ab]", "c", 0, 0 },
	{ "[!ab]", "c", 1, 1 },
	{ "[!ab]", "a", 0, 0 },
	{ "[^ab]", "a", 0, 0 },
	{ "[a-c]x", "bx", 1, 1 },
	{ "[a-c]x", "dx", 0, 0 },
	{ "[c-a]", "b", 0, 0 },
	{ "[a-]", "-", 1, 1 },
	{ "[-a]", "-", 1, 1 },
	{ "[]a]", "]", 1, 1 },
	{ "[!]a]", "]", 0, 0 },
	{ "[!]a]", "b", 1, 1 },
	{ "[a\\]]", "]", 1, 1 },
	{ "[a-\\d]", "c", 1, 1 },
	{ "[\\a-c]", "b", 1, 1 },
	{ "[--0]", ".", 1, 1 },
	{ "[a-c-e]", "d", 0, 0 },
	{ "[a-c-e]", "-", 1, 1 },
	{ "[[]", "[", 1, 1 },
	{ "[\x80-\xff]", "\xc3", 1, 1 },
	{ "[[:digit:]]", "7", 1, 1 },
	{ "[[:digit:]]", ":", 0, 0 },
	{ "[![:digit:]]", "7", 0, 0 },
	{ "[[:digit:]a]", "a", 1, 1 },
	{ "[[:upper:][:digit:]]", "Q", 1, 1 },
	{ "[[:alpha:]-z]", "-", 1, 1 },
	{ "[[:alpha:]-z]", "{", 0, 0 },
	{ "[[:]", "[", 1, 1 },
	{ "[[:]", ":", 1, 1 },
	{ "[[:digit]", ":", 1, 1 },
	{ "[[:digit]", "7", 0, 0 },
	{ "/a[/]b", "a/b", 0, 0 },
	{ "/a[!x]b", "a/b", 0, 0 },
	{ "/a[!x]b", "aab", 1, 1 },
	{ "a[!x]", "a", 0, 0 },
	/* escapes */
	{ "\\*", "*", 1, 1 },
	{ "\\*", "a", 0, 0 },
	{ "\\?\\[", "?[", 1, 1 },
	{ "\\a", "a", 1, 1 },
	{ "\\\\", "\\", 1, 1 },
	{ "\\#a", "#a", 1, 1 },
	{ "\\!a", "!a", 1, 1 },
	{ "a\\/b", "a/b", 1, 1 },
	{ "a/**\\/b", "a/x/y/b", 1, 1 },
	{ "a/**\\/b", "a/b", 0, 0 },
	{ "a/**\\b", "a/x/b", 0, 0 },
	/* what can match nothing does not */
	{ "a\\", "a", 0, 0 },
	{ "a\\", "a\\", 0, 0 },
	{ "[", "[", 0, 0 },
	{ "[a", "a", 0, 0 },
	{ "[]", "]", 0, 0 },
	{ "[a\\", "a", 0, 0 },
	{ "[a-\\", "a", 0, 0 },
	{ "[[:nope:]]", "n", 0, 0 },
	{ "[[::]]", ":", 0, 0 },
	{ "[[:alpha:", "a", 0, 0 },
	{ "/", "a", 0, 0 },
	{ "!", "a", 0, 0 },
	{ "a\n!\n!/\n", "a", 1, 1 },
	/* lines */
	{ "", "a", 0, 0 },
	{ "\n\n\n", "a", 0, 0 },
	{ "a\nb", "a", 1, 1 },
	{ "a\nb", "b", 1, 1 },
	{ "#a", "#a", 0, 0 },
	{ "a#", "a#", 1, 1 },
	{ " #a", " #a", 1, 1 },
	{ "a\r\nb\r\n", "a", 1, 1 },
	{ "a\r", "a", 1, 1 },
	{ "a\r\r\n", "a\r", 1, 1 },
	{ "\xef\xbb\xbf" "a\n", "a", 1, 1 },
	{ "b\n\xef\xbb\xbf" "a\n", "a", 0, 0 },
	{ "a  ", "a", 1, 1 },
	{ "a  ", "a  ", 0, 0 },
	{ "a\\ ", "a ", 1, 1 },
	{ "a\\  ", "a ", 1, 1 },
	{ "a \\ ", "a  ", 1, 1 },
	{ "a \\", "a", 0, 0 },
	{ "a b ", "a b", 1, 1 },
	{ " a", " a", 1, 1 },
	{ "a\t", "a", 0, 0 },
	{ "a\t", "a\t", 1, 1 },
	{ "   ", "   ", 0, 0 },
	{ "a/ ", "a", 0, 1 },
	{ "a \r\n", "a", 1, 1 },
	/* the last that matches decides */
	{ "a\n!a", "a", 0, 0 },
	{ "!a\na", "a", 1, 1 },
	{ "a\n!a\na", "a", 1, 1 },
	{ "*.o\n!x.o", "x.o", 0, 0 },
	{ "*.o\n!x.o", "y.o", 1, 1 },
	{ "a\n!a/", "a", 1, 0 },
	{ "!a", "a", 0, 0 },
	{ "*\n!*.c\n!*/", "a.c", 0, 0 },
	{ "*\n!*.c\n!*/", "a", 1, 0 },
};

/* As a walk would: each directory above first, and no further where one is ignored. */
static unsigned walk(const struct pathev__ignore *ig, const char *rel, int is_dir)
{
	char above[200];
	unsigned answer = 0;

	for (const char *p = strchr(rel, '/'); p && !answer; p = strchr(p + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s", (int)(p - rel), rel);
		answer = pathev__ignore_ask(ig, above, 1);
	}
	return answer ? answer : pathev__ignore_ask(ig, rel, is_dir);
}

static struct pathev__ignore *load(const char *text)
{
	struct pathev__ignore *ig = pathev__ignore_new();

	if (!ig || pathev__ignore_add_text(ig, "", text, strlen(text)))
		abort();
	return ig;
}

static void follows_the_rules(void)
{
	for (size_t i = 0; i < PATHEV__COUNT(table); i++) {
		struct pathev__ignore *ig = load(table[i].text);

		is_int(pathev__ignore_ask(ig, table[i].path, 0), table[i].file ? HIDE : 0,
		       "row %zu: '%s' and the file '%s'", i, table[i].text, table[i].path);
		is_int(pathev__ignore_ask(ig, table[i].path, 1), table[i].dir ? GONE : 0,
		       "row %zu: '%s' and the directory '%s'", i, table[i].text, table[i].path);
		pathev__ignore_free(ig);
	}
}

/* The classes, byte by byte; isalpha(3) and its like agree in the C locale. */
static void knows_the_classes(void)
{
	static const struct {
		const char *name, *members;
	} classes[] = {
		{ "digit", "0123456789" },
		{ "lower", "abcdefghijklmnopqrstuvwxyz" },
		{ "upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
		{ "alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
		{ "alnum", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
		{ "xdigit", "0123456789ABCDEFabcdef" },
		{ "blank", "\t " },
		{ "space", "\t\n\r " },
		{ "punct", "!\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~" },
		{ "cntrl", "\1\2\3\4\5\6\a\b\t\n\v\f\r\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34"
			   "\35\36\37\177" },
		{ "graph", "!\"#$%&'()*+,-.0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			   "abcdefghijklmnopqrstuvwxyz{|}~" },
		{ "print", " !\"#$%&'()*+,-.0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			   "abcdefghijklmnopqrstuvwxyz{|}~" },
	};

	for (size_t i = 0; i < PATHEV__COUNT(classes); i++) {
		char pattern[30], name[2] = "";
		struct pathev__ignore *ig;
		int wrong = 0;

		snprintf(pattern, sizeof(pattern), "[[:%s:]]", classes[i].name);
		ig = load(pattern);
		for (int c = 1; c < 256; c++) {
			name[0] = (char)c;
			if (c != '/')
				wrong += !pathev__ignore_ask(ig, name, 0) !=
					 !strchr(classes[i].members, c);
		}
		is_int(wrong, 0, "the bytes of %s", pattern);
		pathev__ignore_free(ig);
	}
}

static void takes_single_patterns(void)
{
	struct pathev__ignore *ig = pathev__ignore_new();

	is_int(pathev__ignore_ask(ig, "a", 1), 0, "without patterns nothing is ignored");
	is_int(pathev__ignore_add(ig, "", "#*#"), 0, "adds a single pattern");
	is_int(pathev__ignore_ask(ig, "#a#", 0), HIDE, "in a single pattern # is no comment");
	pathev__ignore_add(ig, "", "b ");
	is_int(pathev__ignore_ask(ig, "b ", 0), HIDE, "nor are spaces cut");
	is_int(pathev__ignore_ask(ig, "b", 0), 0, "nor are they nothing");
	is_int(pathev__ignore_add(ig, "", ""), 0, "an empty one is no error");
	pathev__ignore_add(ig, "", "!#b#");
	is_int(pathev__ignore_ask(ig, "#b#", 0), 0, "a later one brings back");
	pathev__ignore_free(ig);
}

static void cuts_lines_at_nul(void)
{
	struct pathev__ignore *ig = pathev__ignore_new();

	pathev__ignore_add_text(ig, "", "ab\0c\nd", 6);
	is_int(pathev__ignore_ask(ig, "ab", 0), HIDE, "a line ends at a NUL, as in git");
	is_int(pathev__ignore_ask(ig, "d", 0), HIDE, "and the next one counts");
	is_int(pathev__ignore_ask(ig, "c", 0), 0, "what is between does not");
	pathev__ignore_free(ig);
}

static void nests_directories(void)
{
	struct pathev__ignore *ig = pathev__ignore_new();

	/* the deepest first, to see that depth decides and not the order of adding */
	pathev__ignore_add(ig, "a/b", "!x");
	pathev__ignore_add(ig, "a", "x");
	pathev__ignore_add(ig, "", "!x");
	pathev__ignore_add(ig, "a", "/y");
	pathev__ignore_add(ig, "a", "z/w");
	pathev__ignore_add(ig, "*", "s");
	is_int(pathev__ignore_ask(ig, "x", 0), 0, "base: nothing applies above it");
	is_int(pathev__ignore_ask(ig, "a/x", 0), HIDE, "base: a deeper one outweighs");
	is_int(pathev__ignore_ask(ig, "a/c/x", 0), HIDE, "base: reaches down");
	is_int(pathev__ignore_ask(ig, "a/b/x", 0), 0, "base: a still deeper one outweighs that");
	is_int(pathev__ignore_ask(ig, "a/bb/x", 0), HIDE, "base: is whole components");
	is_int(pathev__ignore_ask(ig, "ab/x", 0), 0, "base: is whole components at the top");
	is_int(pathev__ignore_ask(ig, "a/y", 0), HIDE, "base: a slash in front anchors at it");
	is_int(pathev__ignore_ask(ig, "y", 0), 0, "base: and not at the top");
	is_int(pathev__ignore_ask(ig, "a/c/y", 0), 0, "base: nor below");
	is_int(pathev__ignore_ask(ig, "a/z/w", 0), HIDE, "base: a slash inside anchors at it");
	is_int(pathev__ignore_ask(ig, "b/s", 0), 0, "base: is no pattern");
	is_int(pathev__ignore_ask(ig, "*/s", 0), HIDE, "base: is its own bytes");
	is_int(pathev__ignore_ask(ig, "a", 1), 0, "base: the directory itself is not below it");
	pathev__ignore_add(ig, "a", "!x");
	is_int(pathev__ignore_ask(ig, "a/x", 0), 0, "base: in one, the last added decides");
	pathev__ignore_free(ig);
}

static void keeps_out_what_is_below(void)
{
	struct pathev__ignore *ig = load("/*\n!/foo\n/foo/*\n!/foo/bar\nbuild/\n!build/keep\n");

	/* the example at the end of gitignore(5) */
	is_int(walk(ig, "no", 0), HIDE, "walk: all is out");
	is_int(walk(ig, "foo/no", 0), HIDE, "walk: in foo as well");
	is_int(walk(ig, "foo/bar/yes/x", 0), 0, "walk: but not foo/bar");
	is_int(walk(ig, "boo/bar", 0), GONE, "walk: nor another directory");
	is_int(walk(ig, "foo/bar/build/keep", 0), GONE, "walk: nothing is brought back from below");
	pathev__ignore_free(ig);
}

/* Each would take longer than the world exists if it were tried in all ways. */
static void is_not_exponential(void)
{
	static const char *const pattern[] = {
		"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/a*/**/b",
		"**/*a*a*a*a*a*a*a*a*a*a*/**/*a*a*a*a*a*a*a*a*a*a*/**/*a*a*a*a*a*a*a*a/**/b",
	};
	enum { LEN = 4000 };
	char *name = malloc(LEN + 1), *deep = malloc(LEN + 1);
	clock_t start = clock();

	if (!name || !deep)
		abort();
	for (size_t i = 0; i < LEN; i++) {
		name[i] = 'a';
		deep[i] = i % 20 == 19 && i + 1 < LEN ? '/' : 'a';
	}
	name[LEN] = deep[LEN] = '\0';
	for (size_t i = 0; i < PATHEV__COUNT(pattern); i++) {
		struct pathev__ignore *ig = load(pattern[i]);

		is_int(pathev__ignore_ask(ig, name, 0), 0, "a long name and %s", pattern[i]);
		is_int(pathev__ignore_ask(ig, deep, 0), 0, "a deep path and %s", pattern[i]);
		pathev__ignore_free(ig);
	}
	ok(clock() - start < 2 * CLOCKS_PER_SEC, "they take no more than a moment");
	free(name);
	free(deep);
}

/* ---- against a matcher too simple to be wrong, and too slow to be used ---- */

static uint32_t draw(uint32_t below)
{
	static uint64_t state = 20240229;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

/* All of text by all of p, which begins a component if whole; letters ? * and whole ** only. */
static int simple_match(const char *p, const char *text, int whole)
{
	if (whole && !strncmp(p, "**/", 3)) {
		if (simple_match(p + 3, text, 1))
			return 1;
		text = strchr(text, '/');
		return text && simple_match(p, text + 1, 1);
	}
	if (whole && !strcmp(p, "**"))
		return 1;
	switch (*p) {
	case '\0':
		return !*text;
	case '*':
		return simple_match(p + 1, text, 0) ||
		       (*text && *text != '/' && simple_match(p, text + 1, 0));
	case '?':
		return *text && *text != '/' && simple_match(p + 1, text + 1, 0);
	default:
		return *text == *p && simple_match(p + 1, text + 1, *p == '/');
	}
}

static void draw_path(char *path, const char *const *component, uint32_t components)
{
	*path = '\0';
	for (uint32_t n = 1 + draw(5); n > 0; n--) {
		strcat(path, component[draw(components)]);
		if (n > 1)
			strcat(path, "/");
	}
}

static void equals_the_simple_matcher(void)
{
	static const char *const plain[] = { "a", "b", "ab", "ba", "aab", "abab", "bbab" };
	static const char *const wild[] = { "a", "b", "*", "**", "**", "a*", "*b", "?", "a?*", "*a*b",
					    "*ab", "*a*" };
	int wrong = 0, hits = 0;

	for (int i = 0; i < 100000; i++) {
		char pattern[100] = "/", path[100];
		struct pathev__ignore *ig;
		int want, got;

		draw_path(pattern + 1, wild, PATHEV__COUNT(wild));
		draw_path(path, plain, PATHEV__COUNT(plain));
		ig = load(pattern);
		want = simple_match(pattern + 1, path, 1);
		hits += want;
		got = pathev__ignore_ask(ig, path, 0) != 0;
		if (got != want && wrong++ < 5)
			printf("# '%s' and '%s': want %d\n", pattern, path, want);
		pathev__ignore_free(ig);
	}
	is_int(wrong, 0, "100000 random patterns match as they should");
	ok(hits > 10000, "of which %d did match", hits);
}

/* Bytes without sense, in memory without a byte to spare: nothing but an answer. */
static void survives_random_text(void)
{
	static const char bytes[] = "ab/*?[]!^-\\:# \r\n.[[::]]alphadigit";
	unsigned answers = 0;

	for (int i = 0; i < 100000; i++) {
		struct pathev__ignore *ig = pathev__ignore_new();
		size_t len = draw(24);
		char *text = malloc(len ? len : 1), path[16];

		if (!ig || !text)
			abort();
		for (size_t k = 0; k < len; k++)
			text[k] = draw(20) ? bytes[draw(sizeof(bytes) - 1)] : (char)draw(256);
		pathev__ignore_add_text(ig, draw(2) ? "" : "a", text, len);
		free(text);
		len = 1 + draw(sizeof(path) - 1);
		for (size_t k = 0; k < len; k++)
			path[k] = bytes[draw(sizeof(bytes) - 1)];
		path[len] = '\0';
		answers |= pathev__ignore_ask(ig, path, draw(2) != 0);
		pathev__ignore_free(ig);
	}
	is_int(answers, GONE, "100000 random files of patterns have an answer");
}

/* Allocation n fails, if there are as many.  1 if there are. */
static int fail_at(long n)
{
	struct pathev__ignore *ig;
	int added, failed;

	alloc_left = n;
	ig = pathev__ignore_new();
	if (!ig)
		return 1;
	errno = 0;
	added = pathev__ignore_add(ig, "a", "[b]") == 0;
	ok(added || errno == ENOMEM, "allocation %ld: adding succeeds or says why", n);
	failed = alloc_left == -1;
	alloc_left = -1;
	is_int(pathev__ignore_ask(ig, "a/b", 0), added ? HIDE : 0,
	       "allocation %ld: the list is as it was", n);
	is_int(pathev__ignore_add(ig, "", "[c]"), 0, "allocation %ld: the list can grow", n);
	is_int(pathev__ignore_ask(ig, "c", 0), HIDE, "allocation %ld: and counts", n);
	pathev__ignore_free(ig);
	return failed;
}

static void survives_failed_allocations(void)
{
	struct pathev__ignore *ig = pathev__ignore_new();
	long n = 0;

	while (fail_at(n))
		n++;
	is_int(n, 5, "has met every allocation");
	alloc_left = 6;
	errno = 0;
	ok(pathev__ignore_add_text(ig, "", "a\nb\nc\nd\n", 8) == -1 && errno == ENOMEM,
	   "a file that does not fit is told");
	alloc_left = -1;
	is_int(pathev__ignore_ask(ig, "a", 0), HIDE, "its first lines count");
	is_int(pathev__ignore_ask(ig, "d", 0), 0, "its last do not");
	pathev__ignore_free(ig);
}

static void frees(void)
{
	errno = 7;
	pathev__ignore_free(NULL);
	pathev__ignore_free(pathev__ignore_new());
	is_int(errno, 7, "freeing keeps errno");
}

int main(void)
{
	follows_the_rules();
	knows_the_classes();
	takes_single_patterns();
	cuts_lines_at_nul();
	nests_directories();
	keeps_out_what_is_below();
	is_not_exponential();
	equals_the_simple_matcher();
	survives_random_text();
	survives_failed_allocations();
	frees();
	return done_testing();
}
