#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# The recipes of pathev(7), run as they are printed there.

load helper
load examples

# What a shell, a line and a terminal may stumble over; `$odd' is in all names.
odd=$'-rf a\n"b" \'c\' \\n $(d) *'

recipe() {	# recipe TEXT: the one that has TEXT in it
	example "$(page pathev.7)" "$1"
}

run_recipe() {	# run_recipe NAME TEXT: in the background
	begin "$1" pathev.7 "$2"
}

python_or_skip() {
	python3 -c 'import asyncio, sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null ||
		skip "no python3"
}

@test "recipes: wait for a download" {
	# shellcheck disable=SC2016
	stub load 'wc -l <"$1" >loaded'
	background writer bash -c 'for i in 1 2 3; do echo $i; sleep 0.2; done >data.csv'
	run_recipe x 'pathwait data.csv'
	finish x
	[ "$status" -eq 0 ]
	[ "$(cat loaded)" -eq 3 ]
}

@test "recipes: hand over one file at a time" {
	mkdir incoming done
	# shellcheck disable=SC2016
	stub enrich 'mv "$1" done/'
	echo 1 >incoming/1
	run_recipe x 'while f=$(pathwait'
	until_true [ -e done/1 ]
	(echo 2 && sleep 0.3 && echo 3) >"incoming/$odd"
	until_true [ -e "done/$odd" ]
	[ "$(wc -l <"done/$odd")" -eq 2 ]
	end_example x
}

@test "recipes: hand over a stream of files" {
	mkdir incoming done
	# shellcheck disable=SC2016
	stub enrich 'wc -l <"$1" >>lines; mv "$1" done/'
	printf '1\n2\n' >incoming/there
	run_recipe x 'xargs -0 -n1 enrich'
	until_true [ -e done/there ]
	(echo 1 && sleep 0.3 && echo 2 && echo 3) >"incoming/$odd"
	until_true [ -e "done/$odd" ]
	printf '1\n2\n3\n4\n' >other && mv other "incoming/$odd"$'\n'
	until_true [ -e "done/$odd"$'\n' ]
	end_example x
	[ "$(paste -s -d ' ' lines)" = "2 3 4" ]
}

# What both monitors are to say of the same changes.
monitored() {
	echo >in/new.tmp
	echo >in/1
	wait_line m.out '^changed in/1$'
	mv in/1 in/2
	rm in/2
	wait_line m.out '^deleted in/2$'
	echo >server.conf
	wait_line m.out '^changed server.conf$'
	echo >other && mv other server.conf
	wait_line m.out '^changed server.conf$' 2
	rm server.conf
	wait_line m.out '^deleted server.conf$'
	echo >"in/$odd"
	wait_line m.out '^changed in/-rf a'
	sed '/^exists/d; /^endExist/,$!d; /-rf/d; /^"b"/d; /\.tmp$/d; s/ None$//' "$BATS_TEST_TMPDIR/m.out" >told
	diff - told <<-'END'
		endExist
		created in/1
		changed in/1
		deleted in/1
		created in/2
		deleted in/2
		created server.conf
		changed server.conf
		created server.conf
		changed server.conf
		deleted server.conf
	END
	end_example m
}

@test "recipes: a monitor for a server, with sed" {
	mkdir in && : >in/0
	run_recipe m endExist/
	wait_line m.out '^endExist$'
	[ "$(sed '/^endExist/q' "$BATS_TEST_TMPDIR/m.out")" = $'exists in\nexists in/0\nendExist' ]
	monitored
	out m | grep -q -x -F 'created in/-rf a\n"b" '\''c'\'' \\n $(d) *'
}

@test "recipes: a monitor for a server, with asyncio" {
	python_or_skip
	mkdir in && : >in/0
	recipe 'import asyncio' >monitor.py
	background m timeout 60 python3 monitor.py
	wait_line m.out '^endExist None$'
	monitored
	[ "$(out m | grep -c 'tmp$')" -eq 0 ]
}

@test "recipes: a log shows renames from one tree to another" {
	mkdir src doc
	run_recipe x '%{from}'
	again "$BATS_TEST_TMPDIR/x.out" '^20[0-9-]* [0-9:.]* moved_to doc/b src/a$' \
		sh -c 'touch src/a; mv src/a doc/b'
	mv doc/b "src/$odd"
	wait_line x.out "moved_to src/-rf a\\\\n\"b\" 'c' \\\\\\\\n \$(d) \* doc/b\$"
	end_example x
}

@test "recipes: what a command touches" {
	stub systemctl 'cat /etc/passwd >/dev/null'
	run_recipe x 'systemctl reload app'
	finish x
	[ "$status" -eq 0 ]
	out x | grep -q ' /etc/passwd$'
}

# every SECONDS FILE COMMAND: the command, and again after so long, until there is FILE; it
# must be quiet between, and the first time may have been too early
every() {
	local n

	for n in 1 2 3; do
		"${@:3}"
		PATHEV_TEST_BOUND=$1 until_true [ -e "$2" ] && return
	done
	return 1
}

@test "recipes: rebuild after a time of quiet" {
	mkdir -p org/.git
	stub build 'cat; echo built >>builds'
	run_recipe x 'do build <'
	# ten changes, one build, and none in the three minutes after it
	every 8 builds sh -c 'for i in 1 2 3; do echo >org/$i; echo >org/.git/$i; echo >"org/$1"; sleep 0.1; done' sh "$odd"
	echo >org/4
	end_example x
	[ "$(cat builds)" = built ]
}

@test "recipes: check what has changed after a time of quiet" {
	mkdir src
	stub check 'cat; for i do printf "%s;" "$i"; done >checked.new; mv checked.new checked'
	run_recipe x 'eval "check'
	every 3 checked touch "src/$odd" src/1
	[ "$(tr -d '\n' <checked)" = "src/${odd//$'\n'/};src/1;" ] ||
		[ "$(tr -d '\n' <checked)" = "src/1;src/${odd//$'\n'/};" ]
	end_example x
}

@test "recipes: start a job when all is armed" {
	mkdir src
	# nothing is watched too late, so one change is enough
	background x bash -c "$(recipe 'mkfifo ready')
		: >src/a; echo \$! >pid; wait"
	until_true grep -s -q -x 'create src/a' log
	kill "$(cat pid)"
	finish x
}

#
# Mirror
#

# churn DIR SEED ROUNDS: random changes there, and one last of all
churn() {
	python3 - "$@" <<-'END'
		import os, random, sys

		top, rand = os.fsencode(sys.argv[1]), random.Random(int(sys.argv[2]))
		names = [b'a', b'b', b'c', b'-rf', b'a b', b'new\nline', b"it's", b'"q"', b'\xff\xfe',
		         b'$(x)', b'\\', b'*', b'@a', b' ', '\u00e9'.encode(), b'\x1b[0m']

		def entries():
		    yield top, True
		    for here, dirs, files in os.walk(top):
		        for name in dirs + files:
		            path = os.path.join(here, name)
		            yield path, name in dirs and not os.path.islink(path)

		def some(dirs=False):
		    return rand.choice([path for path, is_dir in entries() if is_dir or not dirs])

		def new():
		    return os.path.join(some(True), rand.choice(names))

		def remove(path):
		    if os.path.isdir(path) and not os.path.islink(path):
		        for name in os.listdir(path):
		            remove(os.path.join(path, name))
		        os.rmdir(path)
		    else:
		        os.unlink(path)

		def write(mode):
		    with open(new(), mode) as file:
		        file.write(b'%d\n' % i * rand.randrange(2000))

		def remove_some():
		    path = some()
		    if path != top:
		        remove(path)

		for i in range(int(sys.argv[3])):
		    try:
		        rand.choice([
		            lambda: os.mkdir(new()), lambda: os.mkdir(new()),
		            lambda: write('wb'), lambda: write('wb'), lambda: write('ab'),
		            lambda: os.symlink(rand.choice(names), new()),
		            lambda: os.rename(some(), new()), lambda: os.rename(some(), new()),
		            lambda: os.chmod(new(), 0o750), remove_some])()
		    except OSError:
		        pass
		with open(os.path.join(top, b'the-end'), 'w') as file:
		    file.write(sys.argv[2])
	END
}

ended_the_same() {
	cmp -s src/the-end copy/the-end
}

same_trees() {
	local t

	for t in src copy; do
		(cd $t && find . \( -type f -printf '%p %m %T@ %s\0' \) -o -printf '%p %y %l\0') |
			sort -z >"../$t.list"
	done
	diff -r --no-dereference src copy && cmp ../src.list ../copy.list
}

@test "recipes: a mirror equals its original, whatever happens there" {
	python_or_skip
	mkdir src copy
	echo stale >copy/old
	churn src 1 200
	recipe 'import base64' >mirror.py
	background m timeout 120 python3 mirror.py src copy
	for seed in 2 3 4; do
		churn src $seed 500
		until_true ended_the_same
		until_true same_trees >/dev/null
	done
	end_example m
	[ "$(err m)" = "" ]
}

@test "recipes: a mirror equals its original after events were lost" {
	python_or_skip
	mkdir src copy
	recipe 'import base64' >mirror.py
	background m timeout 120 python3 mirror.py src copy
	churn src 5 300
	until_true ended_the_same
	watcher=$(pgrep -P "$(pgrep -P "$pid")" -x pathwatch)
	kill -STOP "$watcher"
	churn src 6 500
	# shellcheck disable=SC2016
	bash -c 'for ((i = 0; i < 20000; i++)); do : >"src/$((i % 2))"; done'
	rm -r src/0
	churn src 7 500
	kill -CONT "$watcher"
	until_true ended_the_same
	until_true same_trees >/dev/null
	end_example m
	[ "$(err m)" = "" ]
}

#
# Brokers: the real ones, on a port of 127.0.0.1
#

# serve NAME COMMAND...: start a server, in which PORT stands for a free port; $port is it.  The
# process is the server itself, so that the end of the test ends it.
serve() {
	local name=$1 try

	shift
	for try in 1 2 3 4 5 6 7 8; do
		port=$((20000 + (RANDOM * 7 + try) % 12000))
		! true 2>/dev/null >/dev/tcp/127.0.0.1/"$port" || continue
		background "$name" "${@//PORT/$port}"
		if until_true serving; then
			! ended "$pid" || continue
			return 0
		fi
	done
	skip "no server could be started: $(err "$name")"
}

serving() {
	true 2>/dev/null >/dev/tcp/127.0.0.1/"$port" || ended "$pid"
}

# at_port COMMAND OPTION...: a command of that name that finds our server instead of another
at_port() {
	local real

	real=$(command -v "$1")
	stub "$1" "exec $real \"\$@\" ${*:2}"
}

# messages_of FILE: its lines are the records of pathwatch, and none is missing
messages_of() {
	python3 - "$1" <<-'END'
		import base64, json, os, sys

		seq = 0
		for line in open(sys.argv[1], encoding='utf-8'):
		    event = json.loads(line)
		    seq += 1
		    assert event['seq'] == seq, line
		    path = os.fsencode(event.get('path', '')) or base64.b64decode(event.get('path_b64', ''))
		    print(','.join(event['events']), ascii(path))
	END
}

# change_src: what messages_of is to show, but for the listing
change_src() {
	echo >"src/$odd"
	echo >src/$'\xff\x01 \\x41'
	echo >src/last
}

expected_changes() {
	cat <<-'END'
		create b'src/-rf a\n"b" \'c\' \\n $(d) *'
		modify b'src/-rf a\n"b" \'c\' \\n $(d) *'
		close_write b'src/-rf a\n"b" \'c\' \\n $(d) *'
		create b'src/\xff\x01 \\x41'
		modify b'src/\xff\x01 \\x41'
		close_write b'src/\xff\x01 \\x41'
		create b'src/last'
		modify b'src/last'
		close_write b'src/last'
	END
}

@test "recipes: messages for an MQTT broker" {
	PATH=$PATH:/usr/sbin
	command -v mosquitto >/dev/null && command -v mosquitto_sub >/dev/null || skip "no mosquitto"
	python_or_skip
	mkdir src
	printf '%s\n' 'listener HERE 127.0.0.1' 'allow_anonymous true' 'persistence false' >conf
	# shellcheck disable=SC2016
	serve broker sh -c 'sed s/HERE/$1/ conf >conf.$1 && exec mosquitto -c conf.$1' sh PORT
	background reader mosquitto_sub -h 127.0.0.1 -p "$port" -q 1 -t changes -t armed
	# the reader has subscribed when it is told what is sent
	asked() {
		mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t armed -m armed
		grep -q armed "$BATS_TEST_TMPDIR/reader.out"
	}
	until_true asked
	at_port mosquitto_pub -h 127.0.0.1 -p "$port"
	run_recipe x 'mosquitto_pub -h broker'
	wait_line reader.out '"ready"'
	change_src
	wait_line reader.out 'close_write.*src/last'
	end_example x
	grep -v '^armed$' "$BATS_TEST_TMPDIR/reader.out" >messages
	messages_of messages >told
	diff <(echo "exists b'src'"; echo "ready b''"; expected_changes) told
}

@test "recipes: messages for a Redis stream" {
	PATH=$PATH:/usr/sbin
	command -v redis-server >/dev/null && command -v redis-cli >/dev/null || skip "no redis"
	python_or_skip
	mkdir src
	serve redis redis-server --port PORT --bind 127.0.0.1 --save '' --appendonly no
	at_port redis-cli -p "$port" -h 127.0.0.1
	# behind the command in the recipe, before it elsewhere
	entries() {
		"$(command -v redis-server | sed 's/server$/cli/')" -p "$port" --raw XRANGE changes - + |
			grep '^{' >messages
		grep -q -e "$1" messages
	}
	run_recipe x 'redis-cli -h broker'
	until_true entries '"ready"'
	change_src
	until_true entries 'close_write.*src/last'
	end_example x
	messages_of messages >told
	diff <(echo "exists b'src'"; echo "ready b''"; expected_changes) told
}
