/* SPDX-License-Identifier: MIT */
/* inotify.c - tests of the decoder by table, and a few of the kernel's part */
#include "inotify.h"

#include "pathev.h"
#include "scratch.h"
#include "tap.h"

#include <sys/inotify.h>

/* A record as the kernel writes it, but with a name field as long as len says. */
static size_t encode(char *to, int wd, uint32_t mask, uint32_t cookie, uint32_t len,
		     const char *name, size_t namelen)
{
	struct inotify_event ev = {.wd = wd, .mask = mask, .cookie = cookie, .len = len};

	memcpy(to, &ev, sizeof(ev));
	memcpy(to + sizeof(ev), name, namelen);
	return sizeof(ev) + namelen;
}

#define HEAD sizeof(struct inotify_event)
#define NUL4 "\0\0\0\0"
#define NUL16 NUL4 NUL4 NUL4 NUL4

static const struct good {
	const char *title;
	int wd;
	uint32_t mask, cookie;
	const char *field;	/* the bytes behind the header */
	size_t len;
	uint32_t what;
	int is_dir, ignored;
	const char *name;
} goods[] = {
	{"a name, padded", 3, IN_CREATE, 0, "file" NUL4 NUL4 NUL4, 16,
	 PATHEV_CREATE, 0, 0, "file"},
	{"a name that fills its field but for the NUL", 3, IN_DELETE, 0, "fifteen--bytes-", 16,
	 PATHEV_DELETE, 0, 0, "fifteen--bytes-"},
	{"a name in a field of odd size", 3, IN_MODIFY, 0, "ab", 3, PATHEV_MODIFY, 0, 0, "ab"},
	{"bytes behind the NUL", 3, IN_MODIFY, 0, "ab\0garbage behind", 16,
	 PATHEV_MODIFY, 0, 0, "ab"},
	{"an empty name in a field", 3, IN_ATTRIB, 0, NUL16, 16, PATHEV_ATTRIB, 0, 0, ""},
	{"no name at all", 3, IN_ATTRIB, 0, "", 0, PATHEV_ATTRIB, 0, 0, ""},
	{"a directory", 7, IN_CREATE | IN_ISDIR, 0, "d" NUL4, 5, PATHEV_CREATE, 1, 0, "d"},
	{"a rename's first half", 7, IN_MOVED_FROM, 0xfedcba98, "x" NUL4, 5,
	 PATHEV_MOVED_FROM, 0, 0, "x"},
	{"a rename's second half", INT32_MAX, IN_MOVED_TO | IN_ISDIR, 1, "y" NUL4, 5,
	 PATHEV_MOVED_TO, 1, 0, "y"},
	{"the watch is gone", 7, IN_IGNORED, 0, "", 0, 0, 0, 1, ""},
	{"unmounted", 7, IN_UNMOUNT, 0, "", 0, PATHEV_UNMOUNT, 0, 0, ""},
	{"overflow", -1, IN_Q_OVERFLOW, 0, "", 0, PATHEV_OVERFLOW, 0, 0, ""},
	{"deleted itself", 7, IN_DELETE_SELF, 0, "", 0, PATHEV_DELETE_SELF, 0, 0, ""},
	{"moved itself", 7, IN_MOVE_SELF | IN_ISDIR, 0, "", 0, PATHEV_MOVE_SELF, 1, 0, ""},
	{"bits that inotify does not have", 7, IN_OPEN | 0x10a31000, 0, "", 0,
	 PATHEV_OPEN, 0, 0, ""},
	{"nothing but unknown bits", 7, 0x00071000, 0, "a\0", 2, 0, 0, 0, "a"},
	{"bits of ours that the kernel has not set", 7, PATHEV_EXISTS | PATHEV_READY | PATHEV_ERROR,
	 0, "", 0, 0, 0, 0, ""},
	{"several bits", 7, IN_CLOSE_WRITE | IN_MODIFY, 0, "a\0", 2,
	 PATHEV_CLOSE_WRITE | PATHEV_MODIFY, 0, 0, "a"},
	{"a name that is not text", 7, IN_CREATE, 0, "\xff\n\t\x01\0", 5,
	 PATHEV_CREATE, 0, 0, "\xff\n\t\x01"},
	{"a negative descriptor", INT32_MIN, IN_CREATE, 0, "a\0", 2, PATHEV_CREATE, 0, 0, "a"},
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		const struct good *g = &goods[i];
		struct pathev__record rec;
		char data[PATHEV__RECORD_MAX + HEAD];
		size_t size = encode(data, g->wd, g->mask, g->cookie, (uint32_t)g->len, g->field,
				     g->len);
		size_t got;

		memset(data + size, 0x5a, HEAD);	/* what stands behind is no part of it */
		got = pathev__inotify_decode(data, size + HEAD, &rec);
		if (!is_int((intmax_t)got, (intmax_t)size, "%s: its size", g->title))
			continue;
		is_int(rec.wd, g->wd, "%s: descriptor", g->title);
		is_int(rec.what, g->what, "%s: what", g->title);
		is_int(rec.cookie, g->cookie, "%s: cookie", g->title);
		is_int(rec.is_dir * 2 + rec.ignored, g->is_dir * 2 + g->ignored, "%s: flags",
		       g->title);
		is_mem(rec.name, rec.namelen, g->name, strlen(g->name), "%s: name", g->title);
		is_int((intmax_t)pathev__inotify_decode(data, size, &rec), (intmax_t)size,
		       "%s: with nothing behind", g->title);
	}
}

/* Each whole record, cut anywhere, is none. */
static void test_cut(void)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		struct pathev__record rec = {.wd = 4711};
		char data[PATHEV__RECORD_MAX];
		size_t size = encode(data, goods[i].wd, goods[i].mask, 0, (uint32_t)goods[i].len,
				     goods[i].field, goods[i].len);
		size_t taken = 0;

		for (size_t len = 0; len < size; len++) {
			/* on the heap, so that a look behind the end is seen by the sanitizer */
			char *copy = malloc(len ? len : 1);

			memcpy(copy, data, len);
			taken += pathev__inotify_decode(copy, len, &rec);
			free(copy);
		}
		is_int((intmax_t)taken, 0, "%s: cut short, it is refused", goods[i].title);
		is_int(rec.wd, 4711, "%s: and nothing is filled", goods[i].title);
	}
}

static const struct bad {
	const char *title;
	uint32_t len;		/* as the header says */
	const char *field;
	size_t fieldlen;
} bads[] = {
	{"a name without its NUL", 4, "abcd", 4},
	{"a name whose NUL stands behind its field", 4, "abcd\0", 5},
	{"one byte that is not a NUL", 1, "a", 1},
	{"a field of four gigabytes", UINT32_MAX, NUL16, 16},
	{"a field whose end wraps around", UINT32_MAX - 15, NUL16, 16},
	{"a field longer than the bytes there are", 17, NUL16, 16},
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct pathev__record rec = {.wd = 4711};
		size_t size = HEAD + bads[i].fieldlen;
		char *data = malloc(size);

		encode(data, 1, IN_CREATE, 0, bads[i].len, bads[i].field, bads[i].fieldlen);
		is_int((intmax_t)pathev__inotify_decode(data, size, &rec), 0, "refuses %s",
		       bads[i].title);
		is_int(rec.wd, 4711, "%s: nothing is filled", bads[i].title);
		free(data);
	}
}

/* Records stand wherever the one before ended: no alignment is taken for granted. */
static void test_unaligned(void)
{
	char data[64];
	int wrong = 0;

	for (size_t off = 0; off < 16; off++) {
		struct pathev__record rec = {0};
		size_t size = encode(data + off, 5, IN_CREATE, 0, 4, "abc", 4);

		wrong += pathev__inotify_decode(data + off, size, &rec) != size || rec.wd != 5 ||
			 strcmp(rec.name, "abc") != 0;
	}
	is_int(wrong, 0, "decodes at every offset");
}

static void test_longest(void)
{
	char data[PATHEV__RECORD_MAX], name[256] = {0};
	struct pathev__record rec;
	size_t size;

	memset(name, 'n', 255);
	size = encode(data, 5, IN_CREATE, 0, 256, name, 256);
	is_int((intmax_t)size, PATHEV__RECORD_MAX, "a name of 255 bytes makes the longest record");
	is_int((intmax_t)pathev__inotify_decode(data, size, &rec), PATHEV__RECORD_MAX,
	       "which is decoded");
	is_int((intmax_t)rec.namelen, 255, "with the whole name");
}

/* What the kernel has for a watch: the mask in /proc/self/fdinfo; 0: it has none. */
static unsigned kernel_mask(int fd, int wd)
{
	char path[64], line[256];
	unsigned mask = 0, m;
	int w;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "inotify wd:%x ino:%*x sdev:%*x mask:%x", &w, &m) == 2 && w == wd)
			mask = m;
	if (f)
		fclose(f);
	return mask;
}

static void test_kernel(void)
{
	int fd = pathev__inotify_open();
	int wd, again;

	scratch_enter();
	mkdir("dir", 0777);
	scratch_file("file");
	if (symlink("dir", "link"))
		printf("# no symlink: %s\n", strerror(errno));
	ok(fd >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK,
	   "an instance is close-on-exec and does not block");
	wd = pathev__inotify_add(fd, "dir", PATHEV_CREATE, PATHEV__WATCH_DIR);
	ok(wd >= 0, "watches a directory");
	again = pathev__inotify_add(fd, "link", PATHEV_DELETE, PATHEV__WATCH_DIR);
	is_int(again, wd, "the same inode by another name has the same descriptor");
	is_int(kernel_mask(fd, wd) & IN_ALL_EVENTS, IN_CREATE | IN_DELETE,
	       "and is watched for both events");
	ok(kernel_mask(fd, wd) & IN_EXCL_UNLINK, "unlinked children are left out");
	is_int(pathev__inotify_add(fd, "file", PATHEV_CREATE, PATHEV__WATCH_DIR), -1,
	       "a file is not taken for a directory");
	is_int(errno, ENOTDIR, "but refused with ENOTDIR");
	is_int(pathev__inotify_add(fd, "link", PATHEV_CREATE,
				   PATHEV__WATCH_DIR | PATHEV__WATCH_NOFOLLOW), -1,
	       "a link is not followed where that is not wanted");
	wd = pathev__inotify_add(fd, "link", PATHEV_ATTRIB | PATHEV_UNMOUNT | PATHEV_READY,
				 PATHEV__WATCH_NOFOLLOW);
	ok(wd >= 0 && wd != again, "but watched itself");
	is_int(kernel_mask(fd, wd) & ~(unsigned)IN_EXCL_UNLINK, IN_ATTRIB,
	       "bits that the kernel would misread are not handed to it");
	errno = EDOM;
	pathev__inotify_rm(fd, wd);
	is_int(kernel_mask(fd, wd), 0, "a watch is removed");
	pathev__inotify_rm(fd, wd);
	is_int(errno, EDOM, "removing it again does no harm, not even to errno");
	close(fd);
}

int main(void)
{
	test_good();
	test_cut();
	test_bad();
	test_unaligned();
	test_longest();
	test_kernel();
	return done_testing();
}
