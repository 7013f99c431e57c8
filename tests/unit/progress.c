/* SPDX-License-Identifier: MIT */
/* progress.c - the line on a terminal while watches are set up, at times that the test says */
#include "../../bin/progress.h"

#include "clock.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS PATHEV__NS_PER_MS

static int screen;	/* what is drawn can be read here */

static int tty;		/* by what it is written to */

/* What was drawn up to the mark. */
static const char *up_to_mark(void)
{
	static char text[4096];
	size_t len = 0;

	while (len < sizeof(text) - 1 && read(screen, text + len, 1) == 1 && text[len] != '|')
		len++;
	text[len] = '\0';
	return text;
}

/* What was drawn since the last call. */
static const char *drawn(void)
{
	dprintf(tty, "|");
	return up_to_mark();
}

static void test_times(void)
{
	struct progress p;

	progress_begin(&p, "pathwatch", tty, 1000 * MS);
	progress_tell(&p, 16, 1000 * MS);
	progress_tell(&p, 5000, 1499 * MS);
	is_str(drawn(), "", "what takes less than half a second is done in silence");
	progress_tell(&p, 5016, 1500 * MS);
	is_str(drawn(), "\rpathwatch: setting up watches: 5016\033[K", "then comes a count");
	progress_tell(&p, 5032, 1500 * MS);
	progress_tell(&p, 5999, 1599 * MS);
	is_str(drawn(), "", "which stands for a tenth of a second");
	progress_tell(&p, 6000, 1600 * MS);
	is_str(drawn(), "\rpathwatch: setting up watches: 6000\033[K", "and moves then");
	progress_wipe(&p);
	is_str(drawn(), "\r\033[K", "it makes way for a message");
	progress_wipe(&p);
	is_str(drawn(), "", "once");
	progress_tell(&p, 6016, 1650 * MS);
	is_str(drawn(), "", "and does not come back before its time");
	progress_tell(&p, 7000, 1700 * MS);
	is_str(drawn(), "\rpathwatch: setting up watches: 7000\033[K", "but then");
	progress_end(&p);
	is_str(drawn(), "\r\033[K", "at the end nothing is left");
	progress_tell(&p, 8000, 9000 * MS);
	progress_wipe(&p);
	progress_end(&p);
	is_str(drawn(), "", "and nothing comes any more");
	progress_again(&p, 9000 * MS);
	progress_tell(&p, 8008, 9499 * MS);
	is_str(drawn(), "", "until all is looked at again, which is silent as well if it is soon done");
	progress_tell(&p, 8016, 9500 * MS);
	is_str(drawn(), "\rpathwatch: looking again: 16\033[K", "and has a count of its own");
	progress_end(&p);
	is_str(drawn(), "\r\033[K", "that goes");
}

static void test_silence(void)
{
	struct progress p;

	progress_begin(&p, "pathwatch", tty, 0);
	progress_tell(&p, 16, 499 * MS);
	progress_end(&p);
	is_str(drawn(), "", "what was not shown is not wiped");
	progress_again(NULL, 0);
	progress_wipe(NULL);
	progress_end(NULL);
	is_str(drawn(), "", "nor by nobody");
}

static void test_width(void)
{
	static const struct {
		unsigned short columns;
		const char *line;
	} table[] = {
		{ 80, "pathwait: setting up watches: 123456" },
		{ 37, "pathwait: setting up watches: 123456" },
		{ 36, "pathwait: setting up watches: 12345" },
		{ 10, "pathwait:" },
		{ 1, "" },
		{ 0, "pathwait: setting up watches: 123456" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct winsize ws = { .ws_row = 24, .ws_col = table[i].columns };
		struct progress p;
		char want[128];

		ok(!ioctl(tty, TIOCSWINSZ, &ws), "a terminal of %u columns", ws.ws_col);
		snprintf(want, sizeof(want), "\r%s\033[K\r\033[K", table[i].line);
		progress_begin(&p, "pathwait", tty, 0);
		progress_tell(&p, 123456, 500 * MS);
		progress_end(&p);
		is_str(drawn(), want, "is not written to its last one, nor over it");
	}
}

/* Draw in the foreground, and go on in the background. */
static void leave_foreground(void)
{
	struct progress p;

	progress_begin(&p, "pathwatch", tty, 0);
	progress_tell(&p, 1, 500 * MS);
	if (setpgid(0, 0))
		dprintf(tty, "setpgid: %s", strerror(errno));
	progress_tell(&p, 2, 600 * MS);
	progress_end(&p);
	dprintf(tty, "|");
	_exit(0);
}

static void test_background(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		/* the terminal becomes that of a session, and we its foreground */
		if (setsid() < 0 || ioctl(tty, TIOCSCTTY, 0))
			dprintf(tty, "no controlling terminal|");
		else if (fork() == 0)
			leave_foreground();
		for (;;)
			pause();
	}
	is_str(up_to_mark(), "\rpathwatch: setting up watches: 1\033[K",
	       "in the background, nothing is drawn or wiped");
	kill(leader, SIGKILL);
	waitpid(leader, NULL, 0);
}

/* A pseudo terminal, with nothing else in it. */
static int open_terminal(void)
{
	screen = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (screen < 0 || grantpt(screen) || unlockpt(screen))
		return -1;
	tty = open(ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return tty < 0 ? -1 : 0;
}

int main(void)
{
	alarm(30);
	if (open_terminal()) {
		skip("no pseudo terminals");
		return done_testing();
	}
	test_times();
	test_silence();
	test_width();
	test_background();
	close(tty);
	close(screen);
	return done_testing();
}
