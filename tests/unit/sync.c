/* SPDX-License-Identifier: MIT */
/*
 * sync.c - barriers, and paths that are added, listed and removed while events are under way
 *
 * The scripts are those of script.h.
 */
#include "nomem.h"

static const struct script scripts[] = {
/*
 * Barriers
 */
{"nothing is under way: the answer comes at once", .line = {
	"mkdir t", "add t r", "= ready",
	"sync 1", "wait", "= sync 1",
	"sync a b", "sync \xff", "= sync a b", "= sync \xff",
}},
{"what happened before is told before, and what comes later may be", .split = 1, .line = {
	"mkdir t", "add t r", "= ready",
	"k t create a", "sync 1", "k t create b",
	"= create t/a", "= sync 1", "= create t/b",
}},
{"the kernel is asked when the barrier is", .line = {
	"mkdir t", "add t r", "= ready",
	"live file t/a", "sync 1", "live file t/b",
	"= create t/a", "= modify t/a", "= close_write t/a", "= sync 1",
	"= create t/b", "= modify t/b", "= close_write t/b",
}},
{"what a new directory holds is told before", .line = {
	"mkdir t", "add t r", "= ready",
	"mkdir t/d", "mkdir t/d/e", "file t/d/e/f",
	"k t create,isdir d", "sync 1",
	"= create t/d/", "= ~create t/d/e/", "= ~create t/d/e/f", "= ~close_write t/d/e/f", "= sync 1",
}},
{"a look that was overtaken is repeated before", .line = {
	"mkdir t", "add t r", "= ready",
	"mkdir t/d", "file t/d/f",
	"at read t/d: mv t/d t/e",
	"k t create,isdir d", "sync 1",
	"= create t/d/",
	"= moved_from t/d/ #1 > t/e",
	"= moved_to t/e/ #1 < t/d",
	"= ~create t/e/f", "= ~close_write t/e/f",
	"= sync 1",
}},
{"never between the halves of a rename that are told together", .line = {
	"mkdir t", "file t/a", "add t r", "= ready",
	"mv t/a t/b", "k t moved_from a 1", "sync 1", "=", "held",
	"k t moved_to b 1",
	"= moved_from t/a #1 > t/b", "= moved_to t/b #1 < t/a", "= sync 1",
}},
{"never between the halves of a rename that are told apart", .pair_ms = -1, .line = {
	"mkdir t", "file t/a", "add t", "= ready",
	"mv t/a t/b", "k t moved_from a 1", "= moved_from t/a #1", "patience",
	"sync 1", "k t moved_to b 1", "k t create c",
	"= moved_to t/b #1 < t/a", "= sync 1", "= create t/c",
}},
{"nor if both are asked for in one go", .pair_ms = -1, .line = {
	"mkdir t", "file t/a", "add t", "= ready",
	"mv t/a t/b", "k t moved_from a 1", "sync 1", "k t moved_to b 1",
	"= moved_from t/a #1 > t/b", "= moved_to t/b #1 < t/a", "= sync 1",
}},
{"the half that left is not waited for in vain", .pair_ms = -1, .line = {
	"mkdir t", "file t/a", "add t", "= ready",
	"mv t/a o", "k t moved_from a 1", "sync 1", "= moved_from t/a #1",
	"wait", "= sync 1",
}},
{"the listing of what was added is told before", .line = {
	"mkdir t", "mkdir t/d", "file t/d/f",
	"add t rl", "sync 1",
	"= ~exists t/", "= ~exists t/d/", "= ~exists t/d/f", "= ready", "= sync 1",
}},
{"an overflow, and what is told again for it, comes before", .line = {
	"mkdir t", "file t/a", "add t rl", "= ~exists t/", "= ~exists t/a", "= ready",
	"k t create x", "k - q_overflow", "sync 1",
	"= create t/x", "= overflow", "= ~exists t/", "= ~exists t/a", "= ready", "= sync 1",
}},
{"it is not lost where events are", .queue_limit = 100, .line = {
	"mkdir t", "add t r", "= ready", "tick",
	"k t create a", "k t create b", "k t create c", "k t create d", "k t create e",
	"k t create f", "sync 1",
	"= overflow", "= ready", "= sync 1",
}},
/*
 * Added again
 */
{"listed again, without a gap", .line = {
	"mkdir t", "mkdir t/d", "file t/d/f", "add t rl",
	"= ~exists t/", "= ~exists t/d/", "= ~exists t/d/f", "= ready",
	"k t/d modify f",
	"add t rl", "k t/d attrib f",
	"= ~exists t/ @t", "= modify t/d/f @t", "= attrib t/d/f @t", "= ~exists t/d/ @t",
	"= ~exists t/d/f @t", "= ready",
	"k t/d modify f", "= modify t/d/f @t",
}},
{"a file is listed again", .line = {
	"file f", "add f l", "= ~exists f", "= ready",
	"add f l", "= ~exists f @f", "= ready", "k f modify", "= modify f @f",
}},
{"what is missing is listed as soon as it is there", .line = {
	"add f lm", "= ready", "add f lm", "= ready",
	"live file f", "= create f @f", "= ~modify,close_write f @f",
}},
{"it goes down from what was watched by itself", .line = {
	"mkdir t", "mkdir t/d", "add t", "= ready",
	"k t create a", "add t r", "= create t/a @t", "= ready",
	"live file t/d/f",
	"= create t/d/f @t", "= modify t/d/f @t", "= close_write t/d/f @t",
}},
/*
 * Overlapping paths
 */
{"what another path has listed before is listed by the new one above", .line = {
	"mkdir t", "mkdir t/d", "file t/d/f", "add t/d l",
	"= ~exists t/d/", "= ~exists t/d/f", "= ready",
	"add t rl",
	"= ~exists t/ @t", "= ~exists t/d/ @t/d", "= ~exists t/d/f @t/d", "= ready",
}},
{"what two paths list together is told once", .line = {
	"mkdir t", "mkdir t/d", "file t/d/f", "add t/d l", "add t rl",
	"= ~exists t/ @t", "= ~exists t/d/ @t/d", "= ~exists t/d/f @t/d", "= ready",
}},
{"of two paths one is removed, and the other is whole", .line = {
	"mkdir t", "mkdir t/d", "mkdir t/d/e", "add t r", "add t/d r", "= ready",
	"k t/d create a", "k t/d/e create b", "k t create c",
	"= create t/d/a @t/d", "= create t/d/e/b @t/d", "= create t/c @t",
	"remove t/d",
	"live file t/d/e/x", "live rm t/d/e/x",
	"= create t/d/e/x @t", "= modify t/d/e/x @t", "= close_write t/d/e/x @t",
	"= delete t/d/e/x @t",
}},
{"the upper of two paths is removed, and the lower is whole", .line = {
	"mkdir t", "mkdir t/d", "mkdir t/d/e", "add t r", "add t/d r", "= ready",
	"remove t",
	"live file t/x", "live file t/d/e/x",
	"= create t/d/e/x @t/d", "= modify t/d/e/x @t/d", "= close_write t/d/e/x @t/d",
}},
{"while the lower path is armed, the upper one tells", .line = {
	"mkdir t", "mkdir t/d", "add t r", "= ready",
	"k t/d create a", "commit", "add t/d",
	"k t/d create b",
	"= create t/d/a @t", "= create t/d/b @t/d", "= ready",
}},
{"a path that was removed tells nothing more", .line = {
	"mkdir t", "mkdir u", "add t r", "add u r", "= ready",
	"k t create a", "remove t", "k t create b", "k u create c",
	"= create u/c @u",
	"watched 1",
}},
};

int main(void)
{
	scratch_enter();
	script_run_all(scripts, sizeof(scripts) / sizeof(*scripts));
	return done_testing();
}
