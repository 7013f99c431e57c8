/* SPDX-License-Identifier: MIT */
/* quote.c - every byte, in every notation, read back by somebody else */
#include "quote.h"

#include "json.h"
#include "tap.h"

#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 4096 };

typedef void quoter(struct pathev__out *o, const char *s, size_t len);

static void sh_any(struct pathev__out *o, const char *s, size_t len)
{
	pathev__quote_sh(o, s, len, 0);
}

static void sh_line(struct pathev__out *o, const char *s, size_t len)
{
	pathev__quote_sh(o, s, len, PATHEV__SH_ONE_LINE);
}

static void json(struct pathev__out *o, const char *s, size_t len)
{
	if (pathev__quote_json(o, s, len))
		pathev__out_put(o, "refused", 7);
}

static size_t quote(quoter *q, const char *s, size_t len, char *buf)
{
	struct pathev__out o = { buf, ROOM, 0 };

	q(&o, s, len);
	return o.len;
}

#define quotes(q, s, want) quotes_mem(q, s, sizeof(s) - 1, want, #q " " #s)

static void quotes_mem(quoter *q, const char *s, size_t len, const char *want, const char *name)
{
	char buf[ROOM];
	size_t n = quote(q, s, len, buf);

	is_mem(buf, n, want, strlen(want), "%s", name);
}

static void test_text(void)
{
	quotes(pathev__quote_text, "", "");
	quotes(pathev__quote_text, "plain name.txt", "plain name.txt");
	quotes(pathev__quote_text, "a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\\\e");
	quotes(pathev__quote_text, "\033[2J\a\177", "\\x1b[2J\\x07\\x7f");
	quotes(pathev__quote_text, "\"'$`", "\"'$`");
	quotes(pathev__quote_text, "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80",
	       "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80");
	/* C1, next line among them, and its neighbours that may stay */
	quotes(pathev__quote_text, "\xc2\x80\xc2\x85\xc2\x9f", "\\xc2\\x80\\xc2\\x85\\xc2\\x9f");
	quotes(pathev__quote_text, "\xc2\xa0", "\xc2\xa0");
	/* separators, overrides, isolates; and what stands beside them */
	quotes(pathev__quote_text, "\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xae\xe2\x80\xaf",
	       "\xe2\x80\xa7\\xe2\\x80\\xa8\\xe2\\x80\\xae\xe2\x80\xaf");
	quotes(pathev__quote_text, "\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa",
	       "\xe2\x81\xa5\\xe2\\x81\\xa6\\xe2\\x81\\xa9\xe2\x81\xaa");
	/* not UTF-8: each byte for itself, and what follows is seen again */
	quotes(pathev__quote_text, "\xff" "a", "\\xffa");
	quotes(pathev__quote_text, "\xc3(", "\\xc3(");
	quotes(pathev__quote_text, "\xe2\x80", "\\xe2\\x80");
	quotes(pathev__quote_text, "\xc0\xaf", "\\xc0\\xaf");
	quotes(pathev__quote_text, "\xed\xa0\x80", "\\xed\\xa0\\x80");
	quotes(pathev__quote_text, "\xe2\xc3\xbc", "\\xe2\xc3\xbc");
}

static void test_json(void)
{
	quotes(json, "", "\"\"");
	quotes(json, "a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	quotes(json, "\n\t\r\b\f\033\177", "\"\\n\\t\\r\\u0008\\u000c\\u001b\\u007f\"");
	quotes(json, "\xc2\x85\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae",
	       "\"\\u0085\\u2028\\u2029\\u202e\"");
	quotes(json, "\xc3\xbc\xf0\x9f\x98\x80", "\"\xc3\xbc\xf0\x9f\x98\x80\"");
	quotes(json, "a\n\xff" "b", "refused");
	quotes(json, "a\xc3", "refused");
}

static void test_base64(void)
{
	quotes(pathev__quote_base64, "", "\"\"");
	quotes(pathev__quote_base64, "f", "\"Zg==\"");
	quotes(pathev__quote_base64, "fo", "\"Zm8=\"");
	quotes(pathev__quote_base64, "foo", "\"Zm9v\"");
	quotes(pathev__quote_base64, "foobar", "\"Zm9vYmFy\"");
	quotes(pathev__quote_base64, "\xff\xfe\xfd\xfb", "\"//79+w==\"");
}

static void test_sh(void)
{
	quotes(sh_line, "", "''");
	quotes(sh_line, "src/a-b_c.d", "src/a-b_c.d");
	quotes(sh_line, "/x:1,2@3%4+5", "/x:1,2@3%4+5");
	quotes(sh_line, "2", "'2'");
	quotes(sh_line, "a b", "'a b'");
	quotes(sh_line, "A=b", "'A=b'");
	quotes(sh_line, "~", "'~'");
	quotes(sh_line, "it's", "'it'\\''s'");
	quotes(sh_line, "'", "''\\'''");
	quotes(sh_line, "a\nb", "'a'$'\\n''b'");
	quotes(sh_any, "a\nb", "'a\nb'");
	quotes(sh_line, "\xc3\xbc", "'\xc3\xbc'");
}

static void test_csv(void)
{
	quotes(pathev__quote_csv, "", "");
	quotes(pathev__quote_csv, "a b;c'd", "a b;c'd");
	quotes(pathev__quote_csv, "a,b", "\"a,b\"");
	quotes(pathev__quote_csv, "\"", "\"\"\"\"");
	quotes(pathev__quote_csv, "a\"b\"", "\"a\"\"b\"\"\"");
	quotes(pathev__quote_csv, "a\nb", "\"a\nb\"");
	quotes(pathev__quote_csv, "a\r", "\"a\r\"");
	quotes(pathev__quote_csv, "\xff", "\xff");
}

/* Readers: what was quoted, in place; 0 when it is not in the notation. */
static int read_text(char *s, size_t *len)
{
	size_t used = 0;

	if (!json_is_utf8(s, *len))
		return 0;
	for (size_t i = 0; i < *len; i++) {
		static const char from[] = "ntr\\", to[] = "\n\t\r\\";
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return 0;
		if (s[i] != '\\') {
			s[used++] = s[i];
			continue;
		}
		i++;
		const char *f = s[i] ? strchr(from, s[i]) : NULL;
		if (f) {
			s[used++] = to[f - from];
			continue;
		}
		const char digits[] = { s[i + 1], s[i + 2], '\0' };
		if (s[i] != 'x' || strspn(digits, "0123456789abcdef") != 2)
			return 0;
		s[used++] = (char)strtol(digits, NULL, 16);
		i += 2;
	}
	*len = used;
	return 1;
}

static int read_json(char *s, size_t *len)
{
	char out[ROOM];
	size_t outlen;
	struct json j = { s, s + *len };

	if (!json_string(&j, out, &outlen) || j.p != j.end)
		return 0;
	for (size_t i = 0; i < *len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return 0;
	memcpy(s, out, outlen);
	*len = outlen;
	return 1;
}

static int read_base64(char *s, size_t *len)
{
	if (*len < 2 || s[0] != '"' || s[*len - 1] != '"')
		return 0;
	*len -= 2;
	memmove(s, s + 1, *len);
	return json_unbase64(s, len);
}

static int read_csv(char *s, size_t *len)
{
	size_t used = 0;

	if (*len && s[0] != '"') {
		for (size_t i = 0; i < *len; i++)
			if (strchr("\r\n,\"", s[i]))
				return 0;
		return 1;
	}
	for (size_t i = 1; i < *len; i++) {
		if (s[i] == '"' && ++i < *len && s[i] != '"')
			return 0;
		if (i < *len)
			s[used++] = s[i];
	}
	*len = used;
	return 1;
}

/* Quotes and reads back one name; says which it was when it comes back wrong. */
static int survives(quoter *q, int (*read_back)(char *, size_t *), const char *s, size_t len)
{
	char buf[ROOM];
	size_t n = quote(q, s, len, buf);
	int good = n <= ROOM - 3;

	if (good) {
		memset(buf + n, 0, 3);
		good = read_back(buf, &n) && n == len && !memcmp(buf, s, len);
	}
	if (!good) {
		printf("# lost:");
		for (size_t i = 0; i < len; i++)
			printf(" %02x", (unsigned char)s[i]);
		printf("\n");
	}
	return good;
}

/* Every byte at every place of names of every length up to 20: eight at a time or not. */
static int survives_all_bytes(quoter *q, int (*read_back)(char *, size_t *), int utf8_only)
{
	for (int c = 1; c < 256; c++) {
		for (size_t len = 1; len <= 20; len++) {
			for (size_t at = 0; at < len; at++) {
				char s[20];
				memset(s, 'a', len);
				s[at] = (char)c;
				if (utf8_only && c >= 0x80)
					continue;
				if (!survives(q, read_back, s, len))
					return 0;
			}
		}
	}
	return 1;
}

static unsigned random_below(unsigned n)
{
	static uint64_t state = 20240229;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

/* Bytes that mean something to somebody, UTF-8 whole and broken, anything. */
static size_t random_name(char *s, size_t max, int utf8_only)
{
	static const char *const bits[] = {
		"a", "xyzzy/plain", "\n", "'", "\"", "\\", "$(id)", "`", ",", "\r\n", "\t",
		"\033[", "\177", "\xc3\xbc", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae",
		"\xf0\x9f\x98\x80", " ", "*", "!", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf",
		/* from here on not UTF-8 */
		"\xc3", "\xe2\x80", "\xf0\x9f\x98", "\xff", "\xc0\x80", "\xed\xa0\x80",
		"\xf4\x90\x80\x80",
	};
	size_t len = 0, want = random_below((unsigned)max - 16), kinds = utf8_only ? 24 : 31;

	while (len < want) {
		const char *b = bits[random_below((unsigned)kinds)];
		if (!utf8_only && !random_below(4))
			s[len++] = (char)(1 + random_below(255));
		memcpy(s + len, b, strlen(b));
		len += strlen(b);
	}
	return len;
}

static int survives_random(quoter *q, int (*read_back)(char *, size_t *), int utf8_only)
{
	for (int i = 0; i < 5000; i++) {
		char s[300];
		size_t len = random_name(s, 255, utf8_only);
		if (!survives(q, read_back, s, len))
			return 0;
	}
	return 1;
}

static void test_round_trips(void)
{
	static const struct {
		const char *name;
		quoter *q;
		int (*read_back)(char *, size_t *);
		int utf8_only;
	} table[] = {
		{ "text", pathev__quote_text, read_text, 0 },
		{ "JSON", json, read_json, 1 },
		{ "base64", pathev__quote_base64, read_base64, 0 },
		{ "CSV", pathev__quote_csv, read_csv, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		ok(survives_all_bytes(table[i].q, table[i].read_back, table[i].utf8_only),
		   "%s: every byte at every place comes back", table[i].name);
		ok(survives_random(table[i].q, table[i].read_back, table[i].utf8_only),
		   "%s: random names come back", table[i].name);
	}
}

/* Ours and the reader's table were written from different texts. */
static int agree(const unsigned char *u, size_t len)
{
	const char *s = (const char *)u;
	struct pathev__out o = { NULL, 0, 5 };
	int taken = !pathev__quote_json(&o, s, len);

	if (taken == json_is_utf8(s, len) && (o.len > 5) == taken)
		return 1;
	printf("# %zu bytes, %02x %02x %02x %02x\n", len, u[0], u[1], u[2], u[3]);
	return 0;
}

static void test_utf8(void)
{
	static const unsigned char edge[] = { 0, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					      0xc0, 0xff };
	const size_t edges = sizeof(edge);
	const unsigned step = 0x10000 / (unsigned)rounds(0x10000);
	unsigned char u[4] = { 0 };
	int good = 1;

	for (unsigned i = 0; i < 0x10000 && good; i += step) {
		u[0] = (unsigned char)(i >> 8);
		u[1] = (unsigned char)i;
		good = agree(u, 1) && agree(u, 2);
		for (size_t k = 0; k < edges * edges && good; k++) {
			u[2] = edge[k / edges];
			u[3] = edge[k % edges];
			good = agree(u, 3) && agree(u, 4);
		}
	}
	ok(good, "UTF-8 is what the Unicode standard's table says");
}

enum { NO_SHELL = 99 };

/* What shell makes of script, in out; its length, or -1 when there is no such shell. */
static long run_shell(const char *shell, const char *script, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd[2], status;

	if (pipe(fd))
		return -1;
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		dup2(fd[1], 1);
		close(fd[0]);
		close(fd[1]);
		execlp(shell, shell, "-c", "eval \"$1\"", shell, script, (char *)NULL);
		_exit(NO_SHELL);
	}
	close(fd[1]);
	while (len < size && (n = read(fd[0], out + len, size - len)) > 0)
		len += (size_t)n;
	close(fd[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == NO_SHELL ? -1 : (long)len;
}

/* Collects names, and the command that prints them NUL-ended if it is quoted well. */
struct words {
	char script[100000];
	size_t scriptlen;
	char want[100000];
	size_t wantlen;
};

static void add_word(struct words *w, quoter *q, const char *s, size_t len)
{
	size_t room = sizeof(w->script) - w->scriptlen - 1;
	struct pathev__out o = { w->script + w->scriptlen, room, 0 };

	pathev__out_putc(&o, ' ');
	q(&o, s, len);
	if (o.len > o.size || w->wantlen + len + 1 > sizeof(w->want))
		return;
	w->scriptlen += o.len;
	w->script[w->scriptlen] = '\0';
	memcpy(w->want + w->wantlen, s, len);
	w->want[w->wantlen + len] = '\0';
	w->wantlen += len + 1;
}

static void evaluates(const char *shell, quoter *q, const char *name)
{
	static struct words w;
	static char out[sizeof(w.want) + 1];
	static const char *const words[] = {
		"", "-n", "a b", "a'b", "''", "\\", "'\\''", "$HOME", "$(echo x)", "`id`", "~",
		"~root", "*", "if", "2", "a=b", "#", "!", "!!", "{a,b}", "[a]", "a;b", "&", "|",
		">x", "$'\\n'", "%1", "a\nb", "\n", "a\n", "\n$(echo x) #",
	};

	strcpy(w.script, "printf '%s\\0'");
	w.scriptlen = strlen(w.script);
	w.wantlen = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		add_word(&w, q, words[i], strlen(words[i]));
	for (int c = 1; c < 256; c++) {
		const char alone[] = { (char)c }, inside[] = { 'a', (char)c, 'z' };
		add_word(&w, q, alone, 1);
		add_word(&w, q, inside, 3);
	}
	for (int i = 0; i < 200; i++) {
		char s[300];
		add_word(&w, q, s, random_name(s, 255, 0));
	}
	if (q == sh_line)
		ok(!strchr(w.script, '\n'), "%s: no newline in the quoted words", name);
	long n = run_shell(shell, w.script, out, sizeof(out));
	if (n < 0)
		skip("there is no such shell here");
	else
		is_mem(out, (size_t)n, w.want, w.wantlen, "%s: evaluates to the same names", name);
}

/* Every size: what fits and nothing behind it, and always the same length. */
static void test_sizes(void)
{
	static const char s[] = "plain \n' \"\xc3\xbc\xe2\x80\xae, and more of it";
	static quoter *const all[] = { pathev__quote_text, json, pathev__quote_base64,
				       pathev__quote_csv, sh_any, sh_line };
	int good = 1;

	for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
		char want[ROOM], buf[ROOM];
		size_t full = quote(all[k], s, sizeof(s) - 1, want);
		for (size_t size = 0; size <= full + 1; size++) {
			struct pathev__out o = { buf, size, 0 };
			size_t fits = size < full ? size : full;
			memset(buf, '#', sizeof(buf));
			all[k](&o, s, sizeof(s) - 1);
			if (o.len != full || memcmp(buf, want, fits) || buf[fits] != '#')
				good = 0;
		}
		struct pathev__out none = { NULL, 0, 0 };
		all[k](&none, s, sizeof(s) - 1);
		good = good && none.len == full;
	}
	ok(good, "output is cut at any size, its length is not");
}

int main(void)
{
	test_text();
	test_json();
	test_base64();
	test_sh();
	test_csv();
	test_round_trips();
	test_utf8();
	evaluates("sh", sh_any, "sh, newlines as they are");
	evaluates("bash", sh_any, "bash, newlines as they are");
	evaluates("bash", sh_line, "bash, newlines as $'\\n'");
	test_sizes();
	return done_testing();
}
