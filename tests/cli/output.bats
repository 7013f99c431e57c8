#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What pathwatch prints is read back by those it is made for, with names of every byte.

load helper

# A file for every byte that a name may hold, and some names that are dangerous elsewhere.
# The directory is made of them while pathwatch is told to run this.
make_names() {
	cat >"$BATS_TEST_TMPDIR/make-names" <<-'END'
		#!/bin/bash
		for ((i = 1; i < 256; i++)); do
			[ "$i" -ne 47 ] || continue
			printf -v byte "\\x$(printf %02x "$i")"
			: >"d/a${byte}b"
			[ "$i" -eq 46 ] || : >"d/$byte"
		done
		for name in '$(touch pwned)' '`touch pwned`' ';touch pwned;' "';touch pwned;'" -n '~' 'a=b' \
			'2' '{a,b}' $'\\\n' $'$\'\\n\'' $'\n\n' '!!' $'\u2028\u202e' $'\xc3\xbc' $'\xf0\x9f\x92\xa9' \
			$'\xed\xa0\x80' $'\xc0\xaf' '"",""' $'"\r\n' ' ' 'a b'; do
			: >"d/$name"
		done
		printf -v long '%0255d' 0
		: >"d/$long"
	END
	chmod +x "$BATS_TEST_TMPDIR/make-names"
	mkdir d
}

# names OPTION...: what it prints of all these names being created, in the file got
names() {
	make_names
	LC_ALL=C.UTF-8 bounded pathwatch -e create "$@" d --run "$BATS_TEST_TMPDIR/make-names" >got
	find d -mindepth 1 -print0 | sort -z >want
	[ "$(tr -dc '\0' <want | wc -c)" -gt 500 ]
	[ ! -e pwned ]
}

need() {
	command -v "$1" >/dev/null || skip "needs $1"
}

@test "pathwatch: --json is JSON for every name, and carries it" {
	need python3
	names --json
	python3 - <<-'END'
		import base64, json
		def once(pairs):
		    assert len(dict(pairs)) == len(pairs), pairs
		    return dict(pairs)
		got = []
		for n, line in enumerate(open("got", "rb")):
		    r = json.loads(line.decode("utf-8", "strict"), object_pairs_hook=once)
		    assert r["seq"] == n + 1 and r["events"] == ["create"] and r["root"] == "d"
		    assert ("path" in r) != ("path_b64" in r)
		    p = r["path"].encode() if "path" in r else base64.b64decode(r["path_b64"], validate=True)
		    if "path_b64" in r:
		        try: p.decode("utf-8", "strict")
		        except UnicodeDecodeError: pass
		        else: raise AssertionError(p)
		    got.append(p)
		assert sorted(got) == open("want", "rb").read().split(b"\0")[:-1]
	END
}

@test "pathwatch: --json is JSON for jq" {
	need jq
	names --json
	jq -r 'if .path then .path else (.path_b64 | @base64d) end | length' got >lengths
	[ "$(wc -l <lengths)" -eq "$(tr -dc '\0' <want | wc -c)" ]
	jq -j 'select(.path) | .path, "\u0000"' got | sort -z >some
	# what is not UTF-8 jq cannot print
	[ "$(tr -dc '\0' <some | wc -c)" -gt 250 ]
	[ -z "$(LC_ALL=C comm -z -23 some want | tr '\0' '\n')" ]
}

@test "pathwatch: --batch --json is JSON for every name" {
	need python3
	names --batch --settle 1h --json
	python3 - <<-'END'
		import base64, json
		batches = [json.loads(l.decode("utf-8", "strict")) for l in open("got", "rb")]
		assert len(batches) == 1 and list(batches[0]) == ["seq", "time", "batch"]
		got = [r["path"].encode() if "path" in r else base64.b64decode(r["path_b64"])
		       for r in batches[0]["batch"]]
		assert sorted(got) == open("want", "rb").read().split(b"\0")[:-1]
	END
}

@test "pathwatch: --csv is read back by a reader of CSV" {
	need python3
	names --csv
	python3 - <<-'END'
		import csv
		rows = list(csv.reader(open("got", newline="", encoding="utf-8", errors="surrogateescape"),
		                       strict=True))
		assert len({len(r) for r in rows}) == 1 and len(rows[0]) >= 11
		assert all(r[2] == "create" and r[4] == "d" for r in rows)
		assert [r[0] for r in rows] == [str(n + 1) for n in range(len(rows))]
		got = sorted(r[3].encode("utf-8", "surrogateescape") for r in rows)
		assert got == open("want", "rb").read().split(b"\0")[:-1]
	END
}

@test "pathwatch: -0 carries every name" {
	names -0 --format '%{path}'
	sort -z got | cmp - want
}

@test "pathwatch: --batch -0 carries every name, and ends with an empty one" {
	names -0 --batch --settle 1h
	[ "$(tail -c 2 got | od -An -tx1 | tr -d ' ')" = 0000 ]
	head -c -1 got | sort -z | cmp - want
}

@test "pathwatch: text is one line for every name, harmless, and can be read back" {
	need python3
	names
	python3 - <<-'END'
		import re
		letters = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}
		def undo(m): return letters.get(m[1]) or bytes([int(m[1][1:], 16)])
		got = []
		for line in open("got", "rb").read().split(b"\n")[:-1]:
		    assert line.startswith(b"create ")
		    assert all(c.isprintable() for c in line.decode("utf-8", "strict")), line
		    got.append(re.sub(rb"\\(x[0-9a-f]{2}|[ntr\\])", undo, line[7:]))
		assert sorted(got) == open("want", "rb").read().split(b"\0")[:-1]
	END
}

# evaluates SHELL: what the words of the file got stand for
evaluates() {
	"$1" -c 'while IFS= read -r word; do eval "set -- $word"; printf "%s\0" "$1"; done' <got |
		LC_ALL=C sort -z >evaluated
	[ ! -e pwned ]
}

@test "pathwatch: %{path:sh} is one word for the shell, whatever the name" {
	names --format '%{path:sh}'
	[ "$(wc -l <got)" -eq "$(tr -dc '\0' <want | wc -c)" ]
	for shell in bash zsh; do
		command -v "$shell" >/dev/null || continue
		evaluates "$shell"
		cmp evaluated want
	done
	# these may not know $'\n', of POSIX.1-2024; then no name with a newline is right, but all others
	for shell in sh dash; do
		command -v "$shell" >/dev/null || continue
		evaluates "$shell"
		[ "$(tr -dc '\0' <evaluated | wc -c)" -eq "$(tr -dc '\0' <want | wc -c)" ]
		LC_ALL=C comm -z -13 evaluated want | tr '\n\0' '#\n' >missed
		! grep -v '#' missed || false
	done
}

@test "pathwatch: %{path:sh} with --raw is right in every shell" {
	names --raw --no-newline --format '%{path:sh} '
	for shell in sh dash bash zsh; do
		command -v "$shell" >/dev/null || continue
		# shellcheck disable=SC2016
		"$shell" -c 'eval "set -- $(cat got)"; printf "%s\0" "$@"' | LC_ALL=C sort -z | cmp - want
		[ ! -e pwned ]
	done
}

@test "pathwatch: a line of --batch is the words for the shell" {
	names --batch --settle 1h
	[ "$(wc -l <got)" -eq 1 ]
	# shellcheck disable=SC2016
	bash -c 'read -r line <got; eval "set -- $line"; printf "%s\0" "$@"' | LC_ALL=C sort -z | cmp - want
	[ ! -e pwned ]
}

@test "pathwatch: an event can be read at once, while nothing more comes" {
	mkdir d
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 5<>"$BATS_TEST_TMPDIR/pipe"
	printf '#!/bin/sh\nexec pathwatch "$@" >"%s"\n' "$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/to-pipe"
	chmod +x "$BATS_TEST_TMPDIR/to-pipe"
	start w "$BATS_TEST_TMPDIR/to-pipe" -e create d
	for ((i = 0; i < 5; i++)); do
		touch "d/$i"
		IFS= read -r -t "$PATHEV_TEST_BOUND" -u 5 line
		[ "$line" = "create d/$i" ]
	done
	stop w
}

is_traced() {
	grep -q -E '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"
}

@test "pathwatch: 10 000 events that wait are written with few calls" {
	need strace
	mkdir d
	start w pathwatch -e create d
	background tracer strace -qq -e trace=write -e signal=none -o trace -p "$pid"
	until_true is_traced "$(pid_of w)" || skip "may not trace"
	kill -STOP "$(pid_of w)"
	(cd d && seq 10000 | xargs touch)
	kill -CONT "$(pid_of w)"
	wait_line w.out '^create' 10000
	stop w
	finish tracer
	[ "$(grep -c '^write(' trace)" -le 100 ]
}

@test "pathwatch: our own records are counted in seq, whatever -e says" {
	need python3
	mkdir d
	touch d/f
	bounded pathwatch -j -e delete --initial d --run rm d/f >got
	python3 - <<-'END'
		import json
		rows = [json.loads(l) for l in open("got")]
		assert [(r["seq"], r["events"]) for r in rows] == \
		    [(1, ["exists"]), (2, ["exists"]), (3, ["ready"]), (4, ["delete"])], rows
		assert "path" not in rows[2]
	END
}

@test "pathwatch: overflow does not reach who expects paths, but is told on stderr" {
	mkdir d
	long=$(printf '%0200d' 0)
	run bash -c 'mkfifo go; timeout 30 pathwatch --format "%{path}" --queue-limit 20K -e close_write,delete d \
		--run bash -c "for ((i = 0; i < 6000; i++)); do : >d/\$1\$((i % 2)); done; echo >go" - "$1" 2>messages |
		{ read -r _ <go; cat; } >got' - "$long"
	[ "$(grep -c -v '^d/' got)" -eq 0 ]
	grep -q '^pathwatch: overflow: ' messages
}
