/* SPDX-License-Identifier: MIT */
/*
 * loop.c - the one loop of the programs
 *
 * Signals; getting ready; the watcher's side; waiting; the end.
 */
#include "loop.h"

#include "cli.h"
#include "clock.h"
#include "out.h"
#include "pathev.h"
#include "progress.h"
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Unwritten output at which no more events are taken from the watcher. */
#define OUT_BOUND (256 * 1024)

/* So many events make a batch: then it is written, and signals and time are looked at. */
#define BATCH_EVENTS 1024

/*
 * When events come fast, waking up for each costs more than the work itself: after so many
 * of them within a nap's time, the rest of that time is slept, and events gather.
 */
#define NAP_EVENTS 16
#define NAP_NS PATHEV__NS_PER_MS

/* Records wait no longer than this for more of them, where these may take their time. */
#define LATE_NS (10 * PATHEV__NS_PER_MS)

enum { RUNNING, ENDING, OVER };

/* ---- signals ---- */

void loop_init(struct loop *l, const struct cli *cli, struct out *out, int usr1)
{
	sigset_t early;

	*l = (struct loop){ .cli = cli, .out = out, .deadline_ns = -1, .timer_ns = -1,
			    .signal_fd = -1, .input_fd = -1, .usr1 = usr1, .status = -1 };
	sigemptyset(&l->caught);
	/* a broken pipe is found by write(2), also that of --ready-fd, which ends nothing */
	sigemptyset(&early);
	sigaddset(&early, SIGPIPE);
	if (usr1)
		sigaddset(&early, SIGUSR1);
	sigprocmask(SIG_BLOCK, &early, &l->inherited);
}

/* A signal that was ignored when we started, as nohup(1) does, stays so. */
static void catch(sigset_t *set, int signo)
{
	struct sigaction old;

	if (sigaction(signo, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaddset(set, signo);
}

void loop_want_hup(struct loop *l)
{
	sigset_t hup;

	l->hup = 1;
	sigemptyset(&hup);
	catch(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
}

int loop_start(struct loop *l, struct pathev *pv, int64_t pair_ns)
{
	l->pv = pv;
	l->pair_ns = pair_ns > 0 ? pair_ns : 0;
	catch(&l->caught, SIGINT);
	catch(&l->caught, SIGTERM);
	catch(&l->caught, SIGHUP);
	if (l->usr1)
		sigaddset(&l->caught, SIGUSR1);
	if (l->winch)
		sigaddset(&l->caught, SIGWINCH);
	if (l->cli->command) {
		/* ignored, it would reap the command before we see how it ended */
		signal(SIGCHLD, SIG_DFL);
		sigaddset(&l->caught, SIGCHLD);
	}
	sigprocmask(SIG_BLOCK, &l->caught, NULL);
	l->signal_fd = signalfd(-1, &l->caught, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0) {
		cli_error(l->cli, "cannot wait for signals: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * A signal that asks to end.  The command is to end first: then all it did can be told.  From
 * the terminal it has the signal already.  Who asks twice does not want to wait for anything.
 */
static enum loop_what asked_to_end(struct loop *l, const struct signalfd_siginfo *info)
{
	int again = l->signo != 0;

	l->signo = (int)info->ssi_signo;
	if (again && l->state != RUNNING)
		return LOOP_FAILED;
	if (again || !l->child) {
		l->hurry = 1;
		return LOOP_SIGNAL;
	}
	if (info->ssi_code != SI_KERNEL)
		kill(l->child, l->signo);
	return LOOP_NOTHING;
}

/* SIGUSR1 is told when the events that came before it were. */
static void ask_report(struct loop *l)
{
	if (l->state != RUNNING)
		return;
	/* a failure shows again in pathev_next() */
	pathev_fill(l->pv);
	l->drained = 0;
	l->usr1_ns = pathev__clock_real_ns();
}

static enum loop_what take_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	if (read(l->signal_fd, &info, sizeof(info)) != sizeof(info))
		return LOOP_NOTHING;
	switch (info.ssi_signo) {
	case SIGCHLD:
		if (!l->child || !run_ended(l->child, &l->status))
			return LOOP_NOTHING;
		l->child = 0;
		return LOOP_CHILD;
	case SIGUSR1:
		ask_report(l);
		return LOOP_NOTHING;
	case SIGWINCH:
		return l->state == RUNNING ? LOOP_RESIZED : LOOP_NOTHING;
	case SIGHUP:
		if (l->hup)
			return l->state == RUNNING ? LOOP_HUP : LOOP_NOTHING;
		return asked_to_end(l, &info);
	default:
		return asked_to_end(l, &info);
	}
}

/* ---- getting ready ---- */

static void tell_ready(struct loop *l)
{
	int fd = l->cli->ready_fd;

	if (fd < 0)
		return;
	if (write(fd, "\n", 1) != 1)
		cli_warn(l->cli, "--ready-fd %d: %s", fd, strerror(errno));
	close(fd);
}

int loop_ready(struct loop *l, int stdout_fd)
{
	int status;

	progress_end(l->cli->progress);
	cli_note(l->cli, "ready");
	tell_ready(l);
	if (!l->cli->command)
		return 0;
	status = run_command(l->cli, stdout_fd, &l->inherited, &l->child);
	l->started = !status;
	return status;
}

/* ---- the watcher's side ---- */

/* The watcher failed, or nothing can be waited for. */
static int fail(const struct loop *l)
{
	cli_error(l->cli, "cannot watch any more: %s", strerror(errno));
	return -1;
}

static int stalled(const struct loop *l)
{
	return out_pending(l->out) >= OUT_BOUND;
}

/*
 * Is this event newer than the end?  Kernel events come in order; what was found by looking
 * stands among older ones, and our own records are not of the kernel.  After an overflow all is
 * told again, which begins late and is waited for.  Who sent a signal waits for none of that.
 */
static int too_late(const struct loop *l, const struct pathev_event *ev)
{
	if (l->state != ENDING || ev->time_ns <= l->last_ns)
		return 0;
	return l->hurry || !(l->mending || ev->synthesized ||
			     ev->what & (PATHEV_OWN | PATHEV_WRITTEN));
}

static int gone(struct loop *l)
{
	l->signo = SIGPIPE;
	return -1;
}

static int flush(struct loop *l)
{
	int ret;

	/* who sees records come needs no other sign of life, and not in the same place */
	if (l->cli->progress && l->cli->progress->doing && out_pending(l->out) &&
	    isatty(l->out->fd))
		progress_end(l->cli->progress);
	ret = out_flush(l->out);
	return ret == OUT_GONE ? gone(l) : ret;
}

/* Enough have come for a nap: when all are taken, the next ones are in the kernel, and gather. */
static int gathers(const struct loop *l)
{
	return l->nap_events >= NAP_EVENTS && l->state == RUNNING;
}

/* So much time has gone since this was so the last time. */
static int is_late(struct loop *l)
{
	int64_t now = pathev_now();

	if (now < l->late_ns)
		return 0;
	l->late_ns = now + LATE_NS;
	return 1;
}

/* The next event of this batch: 1; 0: there is none; -1: a message was given. */
static int take_event(struct loop *l, struct pathev_event *ev)
{
	int pending, got;

	if (l->drained || l->state == OVER || l->batch >= BATCH_EVENTS || stalled(l))
		return 0;
	pending = pathev_pending(l->pv);
	if (!pending && gathers(l)) {
		l->drained = 1;
		return 0;
	}
	/* what is done leaves before the kernel is asked, which mostly has no more; and in time
	 * before directories are looked at, as in a listing */
	if (pending < 2 && out_pending(l->out) && (!pending || is_late(l)) && flush(l))
		return -1;
	got = pathev_next(l->pv, ev);
	if (got < 0)
		return fail(l);
	if (got == 0) {
		l->drained = 1;
		return 0;
	}
	if (ev->what & PATHEV_OVERFLOW) {
		l->mending = 1;
		progress_again(l->cli->progress, pathev_now());
	} else if (ev->what & PATHEV_READY) {
		l->mending = 0;
		progress_end(l->cli->progress);
	}
	if (too_late(l, ev)) {
		l->state = OVER;
		return 0;
	}
	l->batch++;
	if (l->usr1_ns && ev->time_ns > l->usr1_ns) {
		l->usr1_due = 1;
		l->batch = BATCH_EVENTS;
	}
	if (l->nap_events++ == 0)
		l->nap_ns = pathev_now() + NAP_NS;
	return 1;
}

/* The watcher is readable: take events soon, or only move them from the kernel to memory. */
static int wake_watcher(struct loop *l)
{
	l->drained = 0;
	if (!stalled(l))
		return 0;
	/* it may stay readable with nothing to move, so do not ask at once again */
	l->napping = 1;
	l->nap_ns = pathev_now() + NAP_NS;
	return pathev_fill(l->pv) ? fail(l) : 0;
}

/* A batch is done.  If that was all there is: may more gather before the next look? */
static void consider_nap(struct loop *l, int64_t now)
{
	l->batch = 0;
	if (!l->drained || !l->nap_events)
		return;
	if (now >= l->nap_ns)
		l->nap_events = 0;
	else if (l->nap_events >= NAP_EVENTS && l->state == RUNNING)
		l->napping = 1;
}

static void end_nap(struct loop *l)
{
	l->napping = 0;
	l->nap_events = 0;
	l->drained = 0;
}

/* ---- waiting ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == -1 || b == -1)
		return a == -1 ? b : a;
	return a < b ? a : b;
}

/* When to look again, whatever poll(2) says; 0: at once, -1: there is no such time. */
static int64_t wake_time(const struct loop *l)
{
	int64_t wake;

	if (l->state == OVER)
		return -1;
	if (!l->drained && !stalled(l) && !l->napping)
		return 0;
	if (l->state == RUNNING)
		wake = earlier(l->deadline_ns, l->timer_ns);
	else
		wake = l->drained && !l->mending && !pathev_pending(l->pv) ? l->grace_ns : -1;
	return l->napping ? earlier(wake, l->nap_ns) : wake;
}

enum { WAIT_SIGNAL, WAIT_OUT, WAIT_WATCHER, WAIT_INPUT, WAIT_COUNT };

static int wait_until(struct loop *l, struct pollfd *pfd, int64_t wake)
{
	int64_t left = wake > 0 ? wake - pathev_now() : 0;
	int watcher = l->napping || l->state == OVER ? -1 : pathev_fd(l->pv);
	struct timespec ts = { 0 };

	pfd[WAIT_SIGNAL] = (struct pollfd){ .fd = l->signal_fd, .events = POLLIN };
	/* without events too: poll(2) tells when the reader has gone */
	pfd[WAIT_OUT] = (struct pollfd){ .fd = l->out->kind == OUT_PLAIN ? -1 : l->out->fd,
					 .events = out_pending(l->out) ? POLLOUT : 0 };
	pfd[WAIT_WATCHER] = (struct pollfd){ .fd = watcher, .events = POLLIN };
	pfd[WAIT_INPUT] = (struct pollfd){ .fd = l->state == RUNNING ? l->input_fd : -1,
					   .events = POLLIN };
	if (left > 0) {
		ts.tv_sec = left / PATHEV__NS_PER_S;
		ts.tv_nsec = (long)(left % PATHEV__NS_PER_S);
	}
	if (ppoll(pfd, WAIT_COUNT, wake == -1 ? NULL : &ts, NULL) >= 0)
		return 0;
	memset(pfd, 0, WAIT_COUNT * sizeof(*pfd));
	return errno == EINTR ? 0 : fail(l);
}

/* Wait, and act upon what came. */
static enum loop_what wait_and_act(struct loop *l)
{
	struct pollfd pfd[WAIT_COUNT];

	if (wait_until(l, pfd, wake_time(l)))
		return LOOP_FAILED;
	if (out_polled(l->out, pfd[WAIT_OUT].revents)) {
		gone(l);
		return LOOP_FAILED;
	}
	if (pfd[WAIT_WATCHER].revents && wake_watcher(l))
		return LOOP_FAILED;
	if (pfd[WAIT_SIGNAL].revents)
		return take_signal(l);
	return pfd[WAIT_INPUT].revents ? LOOP_INPUT : LOOP_NOTHING;
}

/* What time has brought. */
static enum loop_what look_at_clock(struct loop *l)
{
	int64_t now = pathev_now();

	if (l->usr1_ns && (l->drained || l->usr1_due)) {
		l->usr1_ns = l->usr1_due = 0;
		return LOOP_USR1;
	}
	consider_nap(l, now);
	if (l->napping && now >= l->nap_ns)
		end_nap(l);
	if (l->state == ENDING && l->drained && now >= l->grace_ns &&
	    ((!l->mending && !pathev_pending(l->pv)) || l->hurry))
		l->state = OVER;
	if (l->state == OVER)
		return out_pending(l->out) ? LOOP_NOTHING : LOOP_DRAINED;
	if (l->state == ENDING)
		return LOOP_NOTHING;
	if (l->timer_ns != -1 && now >= l->timer_ns) {
		l->timer_ns = -1;
		return LOOP_TIMER;
	}
	if (l->deadline_ns != -1 && now >= l->deadline_ns) {
		l->deadline_ns = -1;
		return LOOP_DEADLINE;
	}
	return LOOP_NOTHING;
}

enum loop_what loop_next(struct loop *l, struct pathev_event *ev)
{
	enum loop_what what;

	for (;;) {
		int got = take_event(l, ev);

		if (got)
			return got > 0 ? LOOP_EVENT : LOOP_FAILED;
		if (flush(l))
			return LOOP_FAILED;
		what = look_at_clock(l);
		if (what == LOOP_NOTHING)
			what = wait_and_act(l);
		if (what != LOOP_NOTHING)
			return what;
	}
}

void loop_wake(struct loop *l)
{
	end_nap(l);
}

/* ---- the end ---- */

void loop_end(struct loop *l)
{
	if (l->state != RUNNING)
		return;
	/* what the kernel has now is read now; a failure shows again in pathev_next() */
	pathev_fill(l->pv);
	l->last_ns = pathev__clock_real_ns();
	l->grace_ns = pathev_now() + 2 * l->pair_ns;
	l->state = ENDING;
	end_nap(l);
}

int loop_flush(struct loop *l)
{
	l->state = OVER;
	for (;;) {
		if (flush(l))
			return -1;
		if (!out_pending(l->out))
			return 0;
		if (wait_and_act(l) == LOOP_FAILED)
			return -1;
	}
}

int loop_exit(struct loop *l, int status)
{
	sigset_t set;

	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (!l->signo)
		return status;
	signal(l->signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, l->signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(l->signo);
	return 128 + l->signo;
}
