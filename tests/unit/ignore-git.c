/* SPDX-License-Identifier: MIT */
/*
 * ignore-git.c - ignore patterns mean here what they mean to git
 *
 *	ignore-git [ROUNDS [SEED]]
 *
 * One tree of odd names is made.  Each round writes random pattern files into it, at the top and
 * in directories, and asks git check-ignore and ourselves about every path.
 */
#include "ignore.h"

#include "base.h"
#include "pathev.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_PATHS = 400,
	MAX_PATH_LEN = 100,
	MAX_TEXT = 1000
};

static struct {
	char rel[MAX_PATH_LEN];
	int is_dir;
} path[MAX_PATHS];
static size_t paths;

/* one round: what stands in which pattern file */
static struct {
	const char *base;
	char text[MAX_TEXT];
	size_t len;
} file[3];
static size_t files;

static uint64_t draw_state;

static unsigned draw(unsigned below)
{
	draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(draw_state >> 33) % below;
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the tree ---- */

static const char *const names[] = {
	"a", "b", "ab", "abc", "ba", "aab", "abab", "A", "a.b", ".a", "b.a.b", "foo", "foobar",
	"a b", " a", "a ", "a  ", "#a", "!a", "\\a", "a\\", "*", "?", "[a]", "[", "]", "-", "^", "a-b",
	"0", "a7", "\t", "a\nb", "a\r", "\x01", "\x0b", "\x7f", "\xc3\xa9", "\xff\xfe", "~", "$", "_",
};

static void add_path(const char *dir, const char *name, int is_dir)
{
	char *rel = path[paths].rel;
	int fd;

	snprintf(rel, MAX_PATH_LEN, "%s%s%s", dir, *dir ? "/" : "", name);
	for (size_t i = 0; i < paths; i++)
		if (!strcmp(path[i].rel, rel))
			return;
	path[paths++].is_dir = is_dir;
	if (is_dir) {
		if (mkdir(rel, 0777))
			die(rel);
		return;
	}
	fd = open(rel, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || close(fd))
		die(rel);
}

/* All names at the top, and in each directory a few; plain ones more often the deeper it is. */
static void make_tree(void)
{
	for (size_t i = 0; i < PATHEV__COUNT(names); i++)
		add_path("", names[i], i % 3 == 0);
	for (size_t i = 0; i < paths && paths < MAX_PATHS - 8; i++)
		for (size_t n = 0; path[i].is_dir && n < 8; n++)
			if (strlen(path[i].rel) < MAX_PATH_LEN - 20)
				add_path(path[i].rel, names[draw(draw(2) ? 7 : PATHEV__COUNT(names))],
					 n % 2);
}

static void write_whole(const char *name, const char *data, size_t len)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		die(name);
}

static void write_path_list(const char *name)
{
	FILE *f = fopen(name, "w");

	if (!f)
		die(name);
	for (size_t i = 0; i < paths; i++)
		fwrite(path[i].rel, 1, strlen(path[i].rel) + 1, f);
	if (fclose(f))
		die(name);
}

/* ---- random patterns ---- */

static void append(char *text, size_t *len, const char *more)
{
	size_t n = strlen(more);

	if (*len + n < MAX_TEXT - 1) {
		memcpy(text + *len, more, n);
		*len += n;
	}
}

static const char *draw_piece(void)
{
	static const char *const piece[] = {
		"a", "b", "ab", "foo", ".", "A", "7", "*", "*", "*", "**", "***", "?", "?", "/", "/",
		"/**/", "/**", "**/", "/*", "*/", "**/**/", "/**\\/",
		"[ab]", "[!a]", "[^b]", "[a-c]", "[!a-b]", "[]a]", "[!]]", "[]-a]", "[a-]", "[-a]",
		"[a\\]]", "[\\a-\\c]", "[--0]", "[z-a]", "[/]", "[a/b]", "[!/]", "[*?]", "[\\\\]",
		"[[:alpha:]]", "[[:digit:]7]", "[![:alnum:]]", "[[:punct:]]", "[[:space:]]",
		"[[:cntrl:]]", "[[:upper:][:digit:]]", "[[:print:]]", "[[:graph:]]", "[[:blank:]]",
		"[[:xdigit:]-z]", "[[:lower:]", "[[:nope:]]", "[[:]", "[[::]]", "[[:alpha]", "[[]",
		"[a-[:alpha:]]", "[[:alpha:]-]", "[", "]", "[a", "-", "[!", "[\\",
		" ", "#", "!", "\\", "\\ ", "\\#", "\\!", "\\*", "\\?", "\\[", "\\]", "\\\\", "\\a", "\\/",
		"\t", "\r", "\x01", "\x7f", "\xc3", "\xa9", "\xff", "~", "$",
	};

	return piece[draw(PATHEV__COUNT(piece))];
}

/* A path of the tree in which some parts have become wildcards: most such patterns match. */
static void draw_from_path(char *text, size_t *len)
{
	const char *start = path[draw((unsigned)paths)].rel, *p = start;
	unsigned odds = 3 + draw(15);

	if (draw(3) == 0 && strrchr(p, '/'))
		p = strrchr(p, '/') + draw(2);
	for (; *p; p++) {
		char plain[3] = { *p, '\0' };

		if ((p == start || p[-1] == '/') && draw(odds) < 2) {
			append(text, len, draw(2) ? "**" : "*");
			p += strcspn(p, "/") - 1;
		} else if (*p == '\n') {
			append(text, len, "?");
		} else if (draw(odds) == 0) {
			append(text, len, draw_piece());
		} else if (*p != '/' && draw(odds) == 0) {
			append(text, len, draw(2) ? "?" : "*");
		} else if (strchr("\\*?[ ", *p) && draw(4)) {
			append(text, len, (char[]){ '\\', *p, '\0' });
		} else {
			append(text, len, plain);
		}
	}
}

static void draw_line(char *text, size_t *len)
{
	if (draw(4) == 0)
		append(text, len, "!");
	if (draw(6) == 0)
		append(text, len, "/");
	if (draw(3)) {
		draw_from_path(text, len);
	} else {
		for (unsigned n = 1 + draw(7); n > 0; n--)
			append(text, len, draw_piece());
	}
	if (draw(4) == 0)
		append(text, len, "/");
	if (draw(10) == 0)
		append(text, len, draw(2) ? " " : "\r");
}

/*
 * git before 2.53 compares what is before the first wildcard by itself and then takes a ** behind
 * it for one at the beginning: "foo**" + "/bar" matches foobar.  Not documented, and mended.
 */
static int git_is_wrong_about(const char *line, size_t len)
{
	size_t bang = len && line[0] == '!';
	size_t lead = bang + strcspn(line + bang, "*?[\\\n");
	size_t behind;

	if (lead == bang || lead >= len || line[lead] != '*' || line[lead + 1] != '*' ||
	    line[lead - 1] == '/')
		return 0;
	behind = lead + strspn(line + lead, "*");
	return behind >= len || strchr(" \r/\\", line[behind]) != NULL;
}

static void draw_text(char *text, size_t *len, unsigned lines)
{
	*len = 0;
	while (lines > 0) {
		size_t start = *len;

		draw_line(text, len);
		text[*len] = '\n';
		text[*len + 1] = '\0';
		if (git_is_wrong_about(text + start, *len - start)) {
			*len = start;
			continue;
		}
		lines--;
		if (lines || draw(2))	/* the last line need not have an end */
			append(text, len, "\n");
	}
}

/* ---- the two answers ---- */

static void draw_files(void)
{
	files = 1;
	file[0].base = "";
	draw_text(file[0].text, &file[0].len, 1 + draw(draw(3) ? 2 : 6));
	while (files < PATHEV__COUNT(file) && draw(3) == 0) {
		size_t dir = draw((unsigned)paths);

		if (!path[dir].is_dir)
			continue;
		for (size_t i = 1; i < files; i++)
			if (file[i].base == path[dir].rel)
				return;
		file[files].base = path[dir].rel;
		draw_text(file[files].text, &file[files].len, 1 + draw(3));
		files++;
	}
}

static void name_of_file(size_t i, char *name, size_t size)
{
	snprintf(name, size, "%s%s.gitignore", file[i].base, *file[i].base ? "/" : "");
}

/* git's answers into out: four NUL-ended fields a path, the third the deciding pattern. */
static size_t ask_git(char *out, size_t size)
{
	size_t len;
	FILE *f;

	for (size_t i = 0; i < files; i++) {
		char name[MAX_PATH_LEN + 20];

		name_of_file(i, name, sizeof(name));
		write_whole(name, file[i].text, file[i].len);
	}
	if (system("git check-ignore --no-index -v --non-matching --stdin -z <../paths >../out") == -1)
		die("git");
	for (size_t i = 0; i < files; i++) {
		char name[MAX_PATH_LEN + 20];

		name_of_file(i, name, sizeof(name));
		unlink(name);
	}
	f = fopen("../out", "r");
	if (!f)
		die("out");
	len = fread(out, 1, size, f);
	fclose(f);
	return len;
}

/* As a walk would: each directory above first, and no further where one is ignored. */
static unsigned ask_ours(const struct pathev__ignore *ig, const char *rel, int is_dir)
{
	char above[MAX_PATH_LEN];
	unsigned answer;

	for (const char *p = strchr(rel, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s", (int)(p - rel), rel);
		answer = pathev__ignore_ask(ig, above, 1);
		if (answer)
			return answer;
	}
	return pathev__ignore_ask(ig, rel, is_dir);
}

static struct pathev__ignore *load_ours(void)
{
	struct pathev__ignore *ig = pathev__ignore_new();

	/* from the last: the order of adding must not matter between directories */
	for (size_t i = files; i-- > 0;)
		if (!ig || pathev__ignore_add_text(ig, file[i].base, file[i].text, file[i].len))
			die("ignore");
	return ig;
}

static void explain(size_t which, int theirs, int ours)
{
	printf("# path '");
	tap_text(path[which].rel, strlen(path[which].rel));
	printf("'%s: git %s it, we %s\n", path[which].is_dir ? " (directory)" : "",
	       theirs ? "ignores" : "keeps", ours ? "do" : "do not");
	for (size_t i = 0; i < files; i++) {
		printf("#   in '%s': ", file[i].base);
		tap_text(file[i].text, file[i].len);
		putchar('\n');
	}
}

/* How many paths the answers differ for; *hits counts those that some pattern decides. */
static size_t compare_round(size_t *hits)
{
	static char out[MAX_PATHS * (MAX_PATH_LEN * 2 + MAX_TEXT)];
	size_t len = ask_git(out, sizeof(out) - 1), wrong = 0;
	struct pathev__ignore *ig = load_ours();
	const char *p = out;

	out[len] = '\0';
	for (size_t i = 0; i < paths; i++) {
		const char *field[4];
		int theirs, ours;

		for (size_t k = 0; k < 4; k++) {
			if (p >= out + len)
				die("git answered less than it was asked");
			field[k] = p;
			p += strlen(p) + 1;
		}
		if (strcmp(field[3], path[i].rel))
			die("git answered something else than it was asked");
		theirs = field[2][0] && field[2][0] != '!';
		ours = ask_ours(ig, path[i].rel, path[i].is_dir) != 0;
		*hits += field[2][0] != '\0';
		if (theirs != ours && wrong++ == 0)
			explain(i, theirs, ours);
	}
	pathev__ignore_free(ig);
	return wrong;
}

/* A directory of our own, git in it, nothing of the user's configuration. */
static int begin(char *dir)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, 4096, "%s/pathev-ignore.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(dir) || chdir(dir) || mkdir("repo", 0777) || chdir("repo"))
		die(dir);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	unsetenv("GIT_INDEX_FILE");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	return system("git init -q . >/dev/null 2>&1 && rm -f .git/info/exclude") == 0;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
	size_t wrong = 0, hits = 0;
	char dir[4096], command[4200];

	draw_state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	if (begin(dir)) {
		make_tree();
		write_path_list("../paths");
		for (unsigned long i = 0; i < rounds; i++) {
			draw_files();
			wrong += compare_round(&hits);
		}
		printf("# %lu rounds, %zu paths, %zu answers made by a pattern\n", rounds, paths, hits);
		is_int((intmax_t)wrong, 0, "git check-ignore answers the same");
		ok(hits > rounds * paths / 20, "enough of the patterns match something");
	} else {
		skip("git is not installed");
	}
	snprintf(command, sizeof(command), "cd / && rm -rf '%s'", dir);
	if (system(command))
		printf("# %s is left behind\n", dir);
	return done_testing();
}
