/* SPDX-License-Identifier: MIT */
/*
 * written.c - when a file is told to be complete, in which place, and when it is not
 *
 * The scripts are those of script.h.
 */
#include "nomem.h"

static const uint32_t WANT = PATHEV_WRITTEN | PATHEV_CREATE | PATHEV_CLOSE_WRITE | PATHEV_MOVE |
			     PATHEV_DELETE;

static const struct script scripts[] = {
/*
 * Closed, renamed, linked
 */
{"behind the close that completed it", .line = {
	"mkdir t", "add t", "= ready",
	"file t/a", "k t create a", "k t close_write a",
	"= create t/a", "= close_write t/a", "= ~written t/a",
}},
{"of which the last one counts", .line = {
	"mkdir t", "add t", "= ready",
	"file t/a", "k t create a", "k t close_write a", "k t close_write a", "k t create b",
	"= create t/a", "= close_write t/a", "= close_write t/a", "= create t/b", "= ~written t/a",
}},
{"each time anew", .line = {
	"mkdir t", "file t/a", "add t", "= ready",
	"k t close_write a", "= close_write t/a", "= ~written t/a",
	"k t close_write a", "= close_write t/a", "= ~written t/a",
}},
{"also to who wants to hear of nothing else", .want = PATHEV_WRITTEN, .line = {
	"mkdir t", "add t", "= ready",
	"live file t/a", "= ~written t/a", "live mv t/a t/b", "= ~written t/b", "live rm t/b", "=",
}},
{"a file that was renamed to here", .line = {
	"mkdir t", "file a", "add t", "= ready",
	"mv a t/a", "k t moved_to a 1",
	"= moved_to t/a #1", "= ~written t/a",
}},
{"a hard link", .line = {
	"mkdir t", "file a", "add t", "= ready",
	"ln a t/a", "k t create a",
	"= create t/a", "= ~written t/a",
}},
{"nothing but regular files", .line = {
	"mkdir t", "file a", "add t r", "= ready",
	"symlink ../a t/l", "k t create l",
	"mkdir t/d", "k t create,isdir d",
	"= create t/l", "= create t/d/",
}},

/*
 * Somebody writes
 */
{"not while somebody writes it", .line = {
	"mkdir t", "open t/a", "add t", "= ready",
	"k t create a", "= create t/a",
	"k t close_write a", "= close_write t/a",
	"close", "wait", "= ~written t/a",
}},
{"not before its writer's end was told, which the kernel does first", .line = {
	"mkdir t", "open t/a", "add t", "= ready",
	"k t create a", "= create t/a",
	"live close", "wait", "= close_write t/a", "= ~written t/a",
}},
{"under its new name, if it was renamed meanwhile", .line = {
	"mkdir t", "open t/a", "add t", "= ready",
	"k t create a", "= create t/a",
	"mv t/a t/b", "k t moved_from a 1", "k t moved_to b 1",
	"= moved_from t/a #1 > t/b", "= moved_to t/b #1 < t/a",
	"close", "wait", "= ~written t/b",
}},
{"with the new name of its directory", .line = {
	"mkdir t", "mkdir t/d", "open t/d/a", "add t r", "= ready",
	"k t/d create a", "= create t/d/a",
	"mv t/d t/e", "k t moved_from,isdir d 1", "k t moved_to,isdir e 1",
	"= moved_from t/d/ #1 > t/e", "= moved_to t/e/ #1 < t/d",
	"close", "wait", "= ~written t/e/a",
}},
{"not when it is gone", .line = {
	"mkdir t", "open t/a", "add t", "= ready",
	"k t create a", "= create t/a",
	"rm t/a", "k t delete a", "close", "= delete t/a",
	"live file t/b", "= create t/b", "= close_write t/b", "= ~written t/b",
}},
{"nor when only the file knows that it is gone", .line = {
	"mkdir t", "add t", "= ready",
	"file t/a", "k t create a", "k t close_write a", "rm t/a",
	"= create t/a", "= close_write t/a",
	"k t delete a", "= delete t/a",
}},
{"nor when its directory left", .line = {
	"mkdir t", "mkdir t/d", "open t/d/a", "add t r", "= ready",
	"k t/d create a", "= create t/d/a",
	"mv t/d o", "k t moved_from,isdir d 1", "k t/d move_self",
	"= moved_from t/d/ #1", "close",
	"live file t/b", "= create t/b", "= close_write t/b", "= ~written t/b",
}},
{"nor when its directory was removed, whose place another takes", .line = {
	"mkdir t", "mkdir t/d", "open t/d/a", "add t r", "= ready",
	"k t/d create a", "= create t/d/a",
	"rmtree t/d", "k t/d delete a", "k t/d delete_self", "k t/d ignored", "k t delete,isdir d",
	"= delete t/d/a", "= delete t/d/",
	"mkdir t/e", "file t/e/a", "k t create,isdir e", "close",
	"= create t/e/", "= ~create t/e/a", "= ~close_write t/e/a", "= ~written t/e/a",
}},
{"nor when the added path was removed", .line = {
	"mkdir t", "mkdir u", "open t/a", "add t", "add u", "= ready",
	"k t create a", "= create t/a @t", "remove t", "close",
	"live file u/b", "= create u/b @u", "= close_write u/b @u", "= ~written u/b @u",
}},
{"a file that is empty and new may be about to be opened", .line = {
	"mkdir t", "add t", "= ready",
	"empty t/a", "k t create a", "= create t/a", "wait", "= ~written t/a",
}},
{"not where it was closed", .line = {
	"mkdir t", "add t", "= ready",
	"empty t/a", "k t create a", "k t close_write a",
	"= create t/a", "= close_write t/a", "= ~written t/a",
}},
{"nor where an added path was, before it could be watched", .line = {
	"add f m", "= ready",
	"empty f", "k . create f", "k . close_write f",
	"= create f", "= ~close_write f", "= ~written f",
	"k f close_write", "= close_write f", "= ~written f", "=",
}},
{"nor where an added path was that lies in another one", .line = {
	"mkdir t", "add t", "add t/f m", "= ready",
	"empty t/f", "k t create f", "k t close_write f",
	"= create t/f @t/f", "= ~close_write t/f @t/f", "= ~written t/f @t/f",
}},
{"as the directory tells", .want = PATHEV_WRITTEN, .line = {
	"add f m", "= ready", "live touch f", "= ~written f",
}},
{"and an added path that somebody has just made may be about to be opened", .line = {
	"add f m", "= ready",
	"empty f", "k . create f", "k . create g", "k . close_write g",
	"= create f", "= ~close_write f", "wait", "= ~written f",
}},
{"after it was left alone for a while", .settle_ms = 50, .line = {
	"mkdir t", "add t", "= ready",
	"file t/a", "k t create a", "k t close_write a",
	"= create t/a", "= close_write t/a", "wait", "= ~written t/a",
}},
{"and a write begins that time anew", .settle_ms = 300, .line = {
	"mkdir t", "add t", "= ready",
	"file t/a", "k t create a", "k t close_write a",
	"= create t/a", "= close_write t/a", "wait", "write t/a", "=", "wait", "= ~written t/a",
}},

/*
 * Found
 */
{"found in a directory that is new", .line = {
	"mkdir t", "add t r", "= ready",
	"mkdir t/d", "mkdir t/d/e", "file t/d/e/a", "open t/d/e/b", "k t create,isdir d",
	"= create t/d/", "= ~create t/d/e/",
	"= ~create t/d/e/a", "= ~close_write t/d/e/a", "= ~create t/d/e/b",
	"= ~written t/d/e/a",
	"close", "wait", "= ~written t/d/e/b",
}},
{"found in a directory that was moved to here", .line = {
	"mkdir t", "mkdir d", "file d/a", "add t r", "= ready",
	"mv d t/d", "k t moved_to,isdir d 1",
	"= moved_to t/d/ #1", "= ~create t/d/a", "= ~close_write t/d/a", "= ~written t/d/a",
}},
{"not again in a directory that was renamed", .line = {
	"mkdir t", "mkdir t/d", "file t/d/a", "add t r", "= ready",
	"mv t/d t/e", "k t moved_from,isdir d 1", "k t moved_to,isdir e 1",
	"= moved_from t/d/ #1 > t/e", "= moved_to t/e/ #1 < t/d",
}},
{"complete at the start, which is of no interest", .line = {
	"mkdir t", "file t/a", "file f", "add t r", "add f", "= ready",
}},
{"complete at the start, before all is ready", .line = {
	"mkdir t", "mkdir t/d", "file t/a", "file t/d/b", "open t/c", "add t re",
	"= ~written t/a", "= ~written t/d/b", "= ready",
	"close", "wait", "= ~written t/c",
}},
{"the same beside a listing", .line = {
	"mkdir t", "file t/a", "add t rle",
	"= ~exists t/", "= ~exists t/a", "= ~written t/a", "= ready",
}},
{"what is left out is not told, nor what is deeper", .max_depth = 1, .hide = "*.tmp", .line = {
	"mkdir t", "mkdir t/d", "file t/a", "file t/a.tmp", "file t/d/b", "add t re",
	"= ~written t/a", "= ready",
	"k t close_write a.tmp", "k t close_write a", "= close_write t/a", "= ~written t/a",
}},
{"an added path itself", .line = {
	"file f", "add f e", "= ~written f", "= ready",
	"live write f", "= close_write f", "= ~written f",
	"live mv f g", "= moved_from f #1",
	"live file f", "= create f", "= ~close_write f", "= ~written f",
	"live mv g f", "= moved_to f #2", "= ~close_write f", "= ~written f",
}},
{"an added path that is not there yet", .line = {
	"add d/f me", "= ready",
	"live mkdir d", "live file d/f", "= ~create d/f", "= ~close_write d/f", "= ~written d/f",
}},
{"an added path that is a link, when that leads elsewhere", .line = {
	"file a", "file b", "symlink a l", "add l", "= ready",
	"symlink b m", "live mv m l", "= moved_to l #1", "= ~close_write l", "= ~written l",
}},
{"a path that two added ones lead to, once", .line = {
	"mkdir t", "file t/a", "add t", "add t/a", "= ready",
	"live write t/a", "= close_write t/a @t/a", "= ~written t/a @t/a",
}},

/*
 * After a loss
 */
{"who was waited for is not forgotten in a loss", .line = {
	"mkdir t", "mkdir t/d", "open t/d/a", "add t r", "= ready",
	"k t/d create a", "= create t/d/a", "tick", "=",
	"close", "k - q_overflow",
	"= overflow", "= ~written t/d/a", "= ready",
}},
{"what changed in a loss is told", .line = {
	"mkdir t", "file t/old", "add t r", "= ready", "tick",
	"=", "mkdir t/d", "file t/d/a", "file t/b", "k - q_overflow",
	"= overflow", "= ~close_write,create t/b", "= ~written t/b",
	"= ~create t/d/", "= ~create t/d/a", "= ~close_write t/d/a", "= ~written t/d/a", "= ready",
}},
{"what is complete is told again to who wants that", .want = PATHEV_WRITTEN, .line = {
	"mkdir t", "file t/a", "add t e", "= ~written t/a", "= ready", "tick",
	"k - q_overflow", "= overflow", "= ~written t/a", "= ready",
}},
{"its own memory full of other events, it comes behind the loss", .queue_limit = 100, .line = {
	"mkdir t", "add t", "= ready", "tick", "=",
	"live file t/a", "live file t/b", "live file t/c",
	"= overflow",
	"= ~close_write,create t/a", "= ~close_write,create t/b", "= ~close_write,create t/c",
	"= ~written t/a", "= ~written t/b", "= ~written t/c", "= ready",
}},
{"it does not fill its own memory", .want = PATHEV_WRITTEN, .queue_limit = 100, .line = {
	"mkdir t", "file t/a", "file t/b", "file t/c", "file t/d", "add t e",
	"= ~written t/a", "= ~written t/b", "= ~written t/c", "= ~written t/d", "= ready",
}},

/*
 * What it does by itself
 */
{"the questions do not show in the stream", .want = PATHEV_ALL | PATHEV_WRITTEN, .line = {
	"mkdir t", "add t", "= ready",
	"live file t/a",
	"= create t/a", "= open t/a", "= modify t/a", "= close_write t/a", "= ~written t/a",
	"live chmod 600 t/a", "= attrib t/a",
}},
{"a barrier comes behind", .line = {
	"mkdir t", "add t", "= ready",
	"live file t/a", "sync 1",
	"= create t/a", "= close_write t/a", "= ~written t/a", "= sync 1",
}},
};

/* Nothing wakes a watcher that waits for a change, and what the options refuse. */
static void test_options(void)
{
	struct pathev_options o = {.want = PATHEV_CREATE, .flags = PATHEV_EXISTING};
	struct pathev *pv;

	is_str(pathev_open(&o) ? "opened" : strerror(errno), strerror(EINVAL),
	       "who wants existing files wants the event");
	o = (struct pathev_options){.settle_ns = 1};
	is_str(pathev_open(&o) ? "opened" : strerror(errno), strerror(EINVAL),
	       "so does who wants files to settle");
	o = (struct pathev_options){.want = PATHEV_WRITTEN, .settle_ns = -1};
	is_str(pathev_open(&o) ? "opened" : strerror(errno), strerror(EINVAL),
	       "a time below 0 is none");
	pv = pathev_open(NULL);
	is_int(pathev_add(pv, ".", PATHEV_EXISTING), -1, "the flag of a path needs it as well");
	pathev_close(pv);
}

static int next_written(struct pathev *pv, struct pathev_event *ev)
{
	int64_t deadline = pathev_now() + 5 * PATHEV__NS_PER_S;

	while (pathev_wait(pv, deadline) == 1)
		while (pathev_next(pv, ev) == 1)
			if (ev->what & PATHEV_WRITTEN)
				return 1;
	return 0;
}

static void test_evidence(void)
{
	struct pathev_options o = {.want = PATHEV_WRITTEN | PATHEV_CREATE};
	struct pathev *pv = pathev_open(&o);
	struct pathev_event ev;

	is_int(pathev_add(pv, ".", 0), 0, "a directory");
	is_int(pathev_next(pv, &ev), 1, "is ready");
	script_write("a", O_CREAT);
	ok(next_written(pv, &ev), "a file in it is written");
	is_str(ev.path, "./a", "its path is told");
	is_int(ev.what, PATHEV_WRITTEN, "alone");
	is_int(ev.evidence, PATHEV_BY_LEASE, "with what that stands on");
	is_int(ev.type, 'f', "it is a file");
	is_int(pathev_next(pv, &ev), 0, "that is all");
	is_int(pathev_pending(pv), 0, "nothing is to come");
	is_int(pv->timer_ns, -1, "and no time is waited for");
	pathev_close(pv);
}

int main(void)
{
	scratch_enter();
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct script s = scripts[i];

		if (!script_wanted(&s))
			continue;
		if (!s.want)
			s.want = WANT;
		script_run(&s, SCRIPT_PLAIN);
		script_run(&s, SCRIPT_FILL);
	}
	if (!getenv("SCRIPT")) {
		test_options();
		test_evidence();
	}
	return done_testing();
}
