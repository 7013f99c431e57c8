# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the programs say of themselves, the pages and the completions are one and the same.

load helper
load examples

programs='pathwait pathwatch pathstat'

setup() {
	helper_setup
	completion=$top_srcdir/bin/completion
}

# same A B: the files have the same lines, or say which differ
same() {
	sort -u -o "$1" "$1"
	sort -u -o "$2" "$2"
	[ -s "$1" ] && diff "$1" "$2"
}

#
# Options, one a line, as --null and -0
#

options_of_help() {
	"$1" --help | tr ' ,;:()[]' '\n' | grep -E -x -e '--[a-z][a-z-]+|-[A-Za-z0-9]'
}

options_of_page() {
	grep '^\.It Fl' "$(page "$1")" | grep -o 'Fl [A-Za-z0-9-]*' | sed 's/^Fl /-/'
}

# What it takes, by trying: no name that any of the programs or pages has may be left out.
options_taken() {
	local o p

	{
		for p in $programs; do
			options_of_help "$p"
			options_of_page "$p"
		done
		grep -h -o '{ "[a-z-]*", [a-z]*_argument' "$top_srcdir"/bin/*.c |
			sed 's/{ "\(.*\)".*/--\1/'
		printf -- '-%s\n' {A..Z} {a..z} {0..9}
	} | sort -u >candidates
	while read -r o; do
		case $o in
		# a value that is one too many for some, and else ends it at once
		--*) "$1" "$o=" --version </dev/null ;;
		# the second is refused where the first is a value
		*) "$1" "$o" --nosuch --nosuch </dev/null ;;
		esac >said 2>&1 || true
		grep -q -e "option '$o' \(could\|in\)" -e "unknown option '$o'" said ||
			printf '%s\n' "$o"
	done <candidates
}

options_of_fish() {
	sed -n 's/^complete -c .* -s \([^ ]\) .*/-\1/p' "$completion/$1.fish"
	sed -n 's/^complete -c .* -l \([^ ]*\) .*/--\1/p' "$completion/$1.fish"
}

# in_bash WORD...: what bash offers for the last word; `default' is readline's own names
in_bash() {
	# shellcheck disable=SC2016
	bash --norc -c '
		compopt() { [ "$*" != "-o default" ] || echo default; }
		. "$1" && shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_pathev "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}
	' bash "$completion/pathev.bash" "$@" | grep .
}

# in_fish LINE: what fish offers at its end
in_fish() {
	# shellcheck disable=SC2016
	HOME=$BATS_TEST_TMPDIR fish --no-config -c '
		source $argv[1]/(string match -r "^[a-z]+" -- $argv[2]).fish
		complete --do-complete=$argv[2]
	' "$completion" "$1" | cut -f 1
}

has_zsh() {
	command -v zsh >/dev/null && zsh -f -c 'zmodload zsh/zpty && zpty z true' 2>/dev/null
}

# in_zsh LINE: the same for zsh
in_zsh() {
	rm -f hits
	# shellcheck disable=SC2016
	timeout 60 zsh -f -c '
		zmodload zsh/zpty && zpty z zsh -f -i || exit
		zpty -w z "stty -echo cols 200; PS1= PS2=; exec 3>hits; fpath=(${(q)1} \$fpath)"
		zpty -w z "autoload -Uz compinit && compinit -u -D"
		zpty -w z "compadd() {
			local -a hits
			if (( \${@[(I)-[AOD]]} )); then builtin compadd \"\$@\"; return; fi
			builtin compadd -A hits \"\$@\"
			(( \$#hits )) && print -rl -u 3 -- \$hits
			builtin compadd \"\$@\"
		}"
		zpty -w z "show() { _main_complete; compstate[insert]= compstate[list]=; print -u 3 END; }"
		zpty -w z "bindkey -e; zle -C show list-choices show; bindkey ^I show; print begin"
		zpty -r -m z line "*begin*"
		zpty -w -n z "$2"$'\''\t'\''
		for ((i = 0; i < 500; i++)) { grep -q -x END hits && break; sleep 0.02 }
		zpty -d z
	' zsh "$completion" "$1"
	grep -q -x END hits && sed '/^END$/d' hits
}

compare_options() {
	local p=$1

	options_of_help "$p" >help
	options_taken "$p" >taken
	options_of_page "$p" >page
	in_bash "$p" - >bash
	options_of_fish "$p" >fish
	for i in taken page bash fish; do
		same help "$i" || { echo "$p: < is in --help only, > in $i only"; return 1; }
	done
}

@test "pathwait: takes the options that help, page and completions have" {
	compare_options pathwait
}

@test "pathwatch: takes the options that help, page and completions have" {
	compare_options pathwatch
}

@test "pathstat: takes the options that help, page and completions have" {
	compare_options pathstat
}

@test "docs: each --help fits a large screen, in groups" {
	local p

	for p in $programs; do
		"$p" --help >help
		[ "$(wc -l <help)" -le 50 ] || { echo "$p: $(wc -l <help) lines"; return 1; }
		run awk 'length > 80' help
		[ "$output" = "" ] || { echo "$p: $output"; return 1; }
		[ "$(grep -c '^[A-Z].*:$' help)" -ge 2 ]
	done
}

@test "docs: each page of a program has its exit status, examples, limits and relations" {
	local p s

	for p in $programs; do
		for s in 'EXIT STATUS' EXAMPLES CAVEATS 'SEE ALSO'; do
			grep -q -x ".Sh $s" "$(page "$p")" || { echo "$p: no $s"; return 1; }
		done
	done
}

@test "completions: zsh offers all options, and no others" {
	has_zsh || skip "no zsh, or no terminal for it"
	local p

	for p in $programs; do
		options_of_help "$p" >help
		in_zsh "$p -" >zsh
		same help zsh || { echo "$p: < is in --help only, > in zsh only"; return 1; }
	done
}

@test "completions: the one of zsh names all options, also where there is no zsh" {
	local p o

	for p in $programs; do
		for o in $(options_of_help "$p"); do
			grep -q -e "[]*({,')]${o}[]=+[,})]" "$completion/_pathev" ||
				{ echo "$p: _pathev has no $o"; return 1; }
		done
	done
}

@test "completions: fish offers all options, and no others" {
	command -v fish >/dev/null || skip "no fish"
	local p

	for p in $programs; do
		options_of_help "$p" >help
		{ in_fish "$p -" && in_fish "$p --"; } >fish
		same help fish || { echo "$p: < is in --help only, > in fish only"; return 1; }
	done
}

@test "completions: each is parsed by its shell" {
	local f ran=

	bash -n "$completion/pathev.bash"
	if command -v zsh >/dev/null; then
		zsh -f -n "$completion/_pathev"
		ran+=zsh
	fi
	if command -v fish >/dev/null; then
		for f in "$completion"/*.fish; do
			HOME=$BATS_TEST_TMPDIR fish --no-config -n "$f"
		done
		ran+=fish
	fi
	[ "$ran" = zshfish ] || skip "of bash, zsh and fish only bash $ran is here"
}

#
# Events, states and other words that options take
#

# The names a program tells when it is asked for one that it does not have.
events_of() {
	"$1" -e nosuch / 2>&1 | sed -n 's/.*the events are: //p' | tr ' ' '\n'
}

words_of() {	# words_of PROGRAM OPTION
	"$1" "$2" nosuch / 2>&1 | sed -n 's/.*it is one of //p' | sed 's/, /\n/g'
}

@test "docs: each event is in every help, in pathwatch(1) and in all completions" {
	local p e

	for p in $programs; do
		events_of "$p" >events
		[ "$(wc -l <events)" -ge 17 ]
		"$p" --help | tr ' ;:' '\n' >help
		in_bash "$p" --event = '' >bash
		for e in $(cat events); do
			grep -q -x -e "$e" help || { echo "$p --help: $e"; return 1; }
			grep -q -x -e "\.It Cm $e" "$(page pathwatch)" || { echo "page: $e"; return 1; }
			grep -q -w -e "$e" "$completion/$p.fish" || { echo "$p.fish: $e"; return 1; }
			grep -q -e "'$e:" "$completion/_pathev" || { echo "_pathev: $e"; return 1; }
		done
		same events bash
		# and none that it refuses
		sed -n '/--event LIST/,/takes one away/p' help >list
		for e in $(events_of pathwatch | grep -v -x -f events); do
			! grep -q -x -e "$e" list || { echo "$p --help: $e"; return 1; }
			! sed -n '/^function __.*_events/,/^end/p' "$completion/$p.fish" |
				grep -q -w -e "$e" || { echo "$p.fish: $e"; return 1; }
		done
	done
}

@test "docs: pathwatch(1) has no event that pathwatch has not" {
	sed -n '/^\.Ss Events/,/^\.Ss Formats/s/^\.It Cm \([a-z_]*\)$/\1/p' "$(page pathwatch)" >page
	events_of pathwatch >events
	same events page
}

@test "docs: the words that options take are in help, page and completions" {
	local p o w

	while read -r p o; do
		words_of "$p" "$o" >words
		[ "$(wc -l <words)" -ge 2 ]
		in_bash "$p" "$o" '' >bash
		same words bash
		for w in $(cat words); do
			"$p" --help | grep -q -w -e "$w" || { echo "$p --help: $w"; return 1; }
			grep -q -x -e "\.\(It \)\?Cm $w\( ,\)\?" "$(page "$p")" || { echo "$p.1: $w"; return 1; }
			grep -q -e "-l ${o#--} .*\b$w\b" "$completion/$p.fish" || { echo "$p.fish: $w"; return 1; }
			grep -q -e "$o=.*\b$w\b" "$completion/_pathev" || { echo "_pathev: $w"; return 1; }
		done
	done <<-'END'
		pathwait --until
		pathwait --backend
		pathwatch --backend
		pathstat --backend
		pathstat --by
	END
}

@test "completions: pathstat takes each key that bash offers for --sort" {
	local key

	in_bash pathstat --sort '' >keys
	[ "$(wc -l <keys)" -gt 10 ]
	for key in $(cat keys); do
		run bounded pathstat --sort "$key" nosuch
		[ "$status" -eq 1 ]
		[[ $output != *--sort* ]]
	done
}

@test "completions: bash completes lists of events behind each comma" {
	[ "$(in_bash pathwatch -e cr)" = create ]
	[ "$(in_bash pathwatch -e create,dele | sort | paste -s -d ' ')" = "create,delete create,delete_self" ]
	[ "$(in_bash pathwatch -r --event = all,-cl | sort | head -n 1)" = "all,-close" ]
	[ "$(in_bash pathwatch -re atT attr)" = default ]
	[ "$(in_bash pathwatch -re attr)" = attrib ]
}

@test "completions: bash offers files where files belong" {
	mkdir dir && touch dir/file
	[ "$(in_bash pathwait di)" = default ]
	[ "$(in_bash pathwatch -o di)" = default ]
	[ "$(in_bash pathstat --from-file = di)" = default ]
	[ "$(in_bash pathstat -- -)" = default ]
	[ "$(in_bash pathwatch @di)" = @dir/ ]
	[ "$(in_bash pathwatch @ di)" = @dir/ ]		# as bash cuts it
	[ "$(in_bash pathwatch --include di)" = "" ]
}

@test "completions: bash takes what follows --run for a command" {
	[ "$(in_bash pathwait x --run pathst | sort -u | grep -x pathstat)" = pathstat ]
	[ "$(in_bash pathwait x --run ls --r)" = default ]
	[ "$(in_bash pathwait -e --run --q | paste -s -d ' ')" = "--queue-limit --quiet" ]
}

@test "completions: zsh and fish complete lists of events, words, files and commands" {
	local ran=
	mkdir dir && touch dir/file

	if has_zsh; then
		ran+=zsh
		[ "$(in_zsh 'pathwatch -e create,-delete_')" = delete_self ]
		[ "$(in_zsh 'pathwait --until=w')" = written ]
		[ "$(in_zsh 'pathwait @di')" = dir ]
		[ "$(in_zsh 'pathstat -s tot')" = total ]
		[ "$(in_zsh 'pathwait -r x --run pathstat --rev')" = --reverse ]
	fi
	if command -v fish >/dev/null; then
		ran+=fish
		[ "$(in_fish 'pathwatch -e create,-delete_')" = create,-delete_self ]
		[ "$(in_fish 'pathwait --until=w')" = --until=written ]
		[ "$(in_fish 'pathwait @di')" = @dir/ ]
		[ "$(in_fish 'pathstat -s tot')" = total ]
		[ "$(in_fish 'pathwait -r x --run cat di')" = dir/ ]
	fi
	[ "$ran" = zshfish ] || skip "of zsh and fish only this is here: $ran"
}

#
# Pages
#

@test "docs: mandoc finds nothing wrong with the pages" {
	command -v mandoc >/dev/null || skip "no mandoc"
	# Whether the pages of others are installed here is no fault of ours.
	(cd "$top_srcdir/man" && mandoc -Tlint ./*.[0-9]) 2>/dev/null |
		grep -v -e 'referenced manual not found' >said || true
	cat said
	[ ! -s said ]
}

@test "docs: the pages refer to pages that there are" {
	local name section

	sed -n 's/^\.Xr \(path[a-z]*\) \([0-9]\).*/\1 \2/p' "$top_srcdir"/man/*.[0-9] | sort -u >refs
	[ "$(wc -l <refs)" -eq 5 ]
	while read -r name section; do
		[ -e "$top_srcdir/man/$name.$section" ]
	done <refs
}

@test "docs: pathwatch(1) has all directives, and each of its directives is one" {
	local d

	pathwatch --format '%{nosuch}' 2>&1 | sed -n 's/.*there are //p' | tr ' ' '\n' >there
	[ "$(wc -l <there)" -ge 13 ]
	sed -n 's/^\.It Li %{\([a-z]*\)}$/\1/p' "$(page pathwatch)" >page
	same there page
	sed -n 's/^\.It Li \(\\&\)\?\(%[^ ]*\)$/\2/p' "$(page pathwatch)" >all
	[ "$(wc -l <all)" -ge 24 ]
	while read -r d; do
		[ "$d" != '%{time:STRFTIME}' ] || d='%{time:%H:%M:%S.%3N}'
		# bad formats are refused before the path is
		run bounded pathwatch --timefmt %H --format "$d" nosuch
		[[ $output = "pathwatch: cannot watch 'nosuch'"* ]]
	done <all
}

@test "docs: pathwatch(1) has all escapes of formats" {
	local e

	for e in n t r a b e f v; do
		grep -q -e "^\.Li .*\\\\e$e" "$(page pathwatch)"
		run bounded pathwatch --format "\\$e" nosuch
		[[ $output = "pathwatch: cannot watch 'nosuch'"* ]]
	done
	run bounded pathwatch --format '\q' nosuch
	[[ $output = "pathwatch: --format "* ]]
}

@test "docs: pathwatch(1) has the fields that JSON has" {
	local f

	mkdir in && : >"$(printf 'in/\377')"
	bounded pathwatch --initial --json -r in --run sh -c 'mkdir in/d; mv in/d in/e' >json
	bounded pathwatch --initial --json -t 0 /proc/self/fdinfo >>json
	printf 'sync 1\nfrob\n' | bounded pathwatch --control --json >>json
	grep -o '[{,]"[a-z_0-9]*":' json | tr -d '{",:' | sort -u >fields
	cat fields
	[ "$(paste -s -d ' ' fields)" = \
		"command cookie error events from path path_b64 root seq synthesized time to token type" ]
	for f in $(cat fields); do
		sed -n '/^\.Ss JSON/,/^\.Ss CSV/p' "$(page pathwatch)" | grep -q -e "^\.It Li .*\b$f\b" ||
			{ echo "not in the page: $f"; return 1; }
	done
}

@test "docs: pathwatch(1) has the columns that CSV has" {
	local columns

	columns=$(sed -n 's/^#define PATHEV_CSV_HEADER "\(.*\)"/\1/p' "$top_srcdir/lib/pathev.h")
	grep -q -x -e "$columns" "$(page pathwatch)"
	touch file
	bounded pathwatch --csv --initial -t 0 file >csv
	[ "$(sed -n '1s/[^,]//gp' csv)" = "${columns//[^,]/}" ]
}

@test "docs: pathstat(1) has the fields that JSON and CSV have" {
	bounded pathstat --json --top 1 -i 10 . --run touch a b >json
	grep -o '[{,]"[a-z_0-9]*":' json | tr -d '{",:' | sort -u >fields
	cat json
	for f in time path total per_s events others; do
		grep -q -x -e "$f" fields
		sed -n '/^\.Ss JSON/,/^\.Ss CSV/p' "$(page pathstat)" | grep -q -e "^\.It Li .*\b$f\b"
	done
	bounded pathstat --csv -e create,delete . --run touch c >csv
	[ "$(head -n 1 csv)" = total,create,delete,path ]
}

# How each exit status comes about, and that the page knows it.
@test "docs: each exit status comes as its page says" {
	local p want cmd

	touch there
	while IFS='|' read -r p want cmd; do
		# shellcheck disable=SC2086
		status=0 && output=$(bounded $p $cmd 2>&1) || status=$?
		echo "$p $cmd: $status, not $want: $output"
		[ "$status" -eq "$want" ]
		grep -q -x -e "\.It \(.* , \)\?$want\( , .*\)\?" "$(page "$p")"
		echo "$p $want" >>seen
	done <<-'END'
		pathwait|0|there
		pathwait|1|--nosuch
		pathwait|2|-t 0 missing
		pathwait|3|missing --run false
		pathwait|126|missing --run ./there
		pathwait|127|missing --run ./missing
		pathwatch|0|--initial -t 0 there
		pathwatch|1|missing
		pathwatch|2|-t 0 there
		pathwatch|126|there --run ./there
		pathwatch|127|there --run ./missing
		pathstat|0|-t 0 there
		pathstat|1|missing
		pathstat|126|there --run ./there
		pathstat|127|there --run ./missing
	END
	for p in $programs; do
		sed -n "/^\.Sh EXIT STATUS/,/^\.Sh/s/^\.It \([0-9].*\)/\1/p" "$(page "$p")" |
			sed 's/ , /\n/g' | sed "s/^/$p /"
	done >listed
	same seen listed
	run bounded pathwatch . --run sh -c 'exit 42'
	[ "$status" -eq 42 ]
	run bounded pathstat . --run sh -c 'kill $$'
	[ "$status" -eq 143 ]
}

#
# The library's page
#

# The header without its comments, which use the names too.
code_of_header() {
	tr '\n' '\001' <"$top_srcdir/lib/pathev.h" | sed -E 's:/\*([^*]|\*+[^*/])*\*+/::g' |
		tr '\001' '\n'
}

@test "docs: pathev(3) has every function, constant and field of the header" {
	local n

	code_of_header >code
	grep -o 'pathev_[a-z_]*(' code | tr -d '(' | sort -u >functions
	[ "$(wc -l <functions)" -ge 20 ]
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCR/s/^\.F[no] \(pathev_[a-z_]*\).*/\1/p' "$(page pathev)" >page
	same functions page
	sed -n '/^\.Sh DESCR/,/^\.Sh RETURN/s/^\.Fn \(pathev_[a-z_]*\).*/\1/p' "$(page pathev)" >page
	same functions page
	sed -n 's/^\.Nm \(pathev_[a-z_]*\).*/\1/p' "$(page pathev)" | sort -u >page
	same functions page

	grep -o -w 'PATHEV_[A-Z_]*' code | grep -v -x PATHEV_H | sort -u >constants
	[ "$(wc -l <constants)" -ge 30 ]
	grep '^\.' "$(page pathev)" | grep -o -w 'PATHEV_[A-Z_]*' | sort -u >page
	same constants page

	awk '/^struct .*{$/, /^};/' code | tr '(' ' ' |
		sed -n 's/^\t.*[ *]\([a-z_]*\)\()(.*\|) *void.*\)\?;.*/\1/p' | sort -u >fields
	[ "$(wc -l <fields)" -ge 20 ]
	for n in $(cat fields) filter; do
		grep -q -x -e "\.It Fa $n" "$(page pathev)" || { echo "no field $n"; return 1; }
	done
	for n in $(sed -n 's/^\.It Fa //p' "$(page pathev)"); do
		grep -q -w -e "$n" code || { echo "the header has no $n"; return 1; }
	done
}

@test "docs: pathev(3) shows the structs as the header has them" {
	local s

	for s in pathev_event pathev_options; do
		code_of_header | awk "/^struct $s {/, /^};/" | tr -s ' \t\n' ' ' >header
		awk "/^struct $s {/, /^};/" "$(page pathev)" | tr -s ' \t\n' ' ' >page
		diff header page
	done
}

@test "docs: the example of pathev(3) compiles without a warning, and works" {
	example "$(page pathev)" '#include <pathev.h>' >example.c
	# shellcheck disable=SC2086
	${CC:-cc} -std=c99 -Wall -Wextra -Werror $CFLAGS -I"$top_srcdir/lib" -o example example.c \
		"$top_builddir/lib/libpathev.a" $LDFLAGS
	mkdir in
	background x ./example in
	wait_line x.out ready
	mkdir in/d && echo >in/d/f
	wait_line x.out 'close_write in/d/f'
	mv in/d in/e
	wait_line x.out 'moved_to in/e'
	out x
	[ "$(sed -n 2p "$BATS_TEST_TMPDIR/x.out")" = "create in/d" ]
	grep -q -x 'close_write in/d/f' "$BATS_TEST_TMPDIR/x.out"
}

#
# Examples
#

@test "docs: the examples are sound shell, and use options that there are" {
	local f p o n=0

	for p in $programs; do
		options_of_help "$p" >"options.$p"
	done
	for f in "$top_srcdir"/man/*.[17]; do
		# of another language, and in inotify.bats
		[ "${f##*/}" != inotifywait.1 ] || continue
		rm -rf blocks && mkdir blocks
		awk '/^\.Sh EXAMPLES/ { on = 1; next } /^\.Sh/ { on = 0 }
			on && /^\.Bd -literal/ { inside = 1; n++; next }
			/^\.Ed/ { inside = 0 }
			on && inside { gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\e/, "\\")
				print >("blocks/" n) }' "$f"
		for b in blocks/*; do
			# programs in Python are run by recipes.bats
			! grep -q '^import ' "$b" || continue
			bash -n "$b"
			n=$((n + 1))
			p=$(grep -o -w -e pathwait -e pathwatch -e pathstat "$b" | head -n 1)
			[ -n "$p" ]
			# what is behind --run, && or | is not ours
			sed -e 's/.*\(path[a-z]* \)/\1/' -e 's/--run .*/--run/' -e 's/ [|&].*//' "$b" |
				grep -e "^$p" | grep -o -e ' --\?[a-zA-Z0-9][a-z-]*' | tr -d ' ' >used || true
			for o in $(cat used); do
				grep -q -x -e "$o" "options.$p" || { echo "$f: $o"; cat "$b"; return 1; }
			done
		done
	done
	[ "$n" -ge 25 ]
}

@test "pathwait(1): waits for a download" {
	# shellcheck disable=SC2016
	stub load 'wc -l <"$1" >loaded'
	background writer bash -c 'for i in 1 2 3; do echo $i; sleep 0.2; done >data.csv'
	begin x pathwait 'pathwait data.csv --timeout 10m'
	finish x
	[ "$status" -eq 0 ]
	[ "$(cat loaded)" -eq 3 ]
}

@test "pathwait(1): hands each file of a directory on" {
	mkdir incoming done
	echo 1 >incoming/1
	# shellcheck disable=SC2016
	stub enrich 'mv "$1" done/ && echo "$1" >>enriched'
	begin x pathwait 'while f=$(pathwait --existing incoming)'
	until_true [ -e done/1 ]
	echo 2 >incoming/2
	until_true [ -e done/2 ]
	(echo 3 && sleep 0.3 && echo 4) >'incoming/a name'
	until_true [ -e 'done/a name' ]
	end_example x
	[ "$(cat enriched)" = "incoming/1
incoming/2
incoming/a name" ]
	[ "$(wc -l <'done/a name')" -eq 2 ]
}

@test "pathwait(1): waits for a server, a lock, the first, three files" {
	mkdir run incoming
	# shellcheck disable=SC2016
	stub server 'sleep 0.2; : >"$1"; sleep 0.1'
	begin x pathwait 'pathwait --until exists --timeout 5 run/socket'
	finish x
	[ "$status" -eq 0 ]
	[ -e run/socket ]

	touch lock
	begin x pathwait 'pathwait --until gone lock'
	rm lock
	finish x
	[ "$(out x)" = lock ]

	begin x pathwait 'case $(pathwait --any'
	touch failed
	finish x
	[ "$(out x)" = bad ]

	begin x pathwait 'pathwait -n 3 -0 incoming'
	n=0
	more() { n=$((n + 1)) && echo >"incoming/a file $n"; sleep 0.05; ended "$(pid_of x)"; }
	until_true more
	finish x
	[ "$(tar -tf batch.tar | grep -c '^incoming/a file [0-9]*$')" -eq 3 ]

	mkdir -p src/gen && printf '*.o\n' >.gitignore && printf '/gen\n' >src/.gitignore
	begin x pathwait '--ignore-file src'
	written() { echo >src/b.o && echo >src/gen/c && echo >src/a.c; sleep 0.05; ended "$(pid_of x)"; }
	until_true written
	finish x
	[ "$(out x)" = src/a.c ]

	echo >big.iso
	begin x pathwait 'big.iso && echo complete'
	finish x
	[ "$(out x)" = complete ]
}

@test "pathwatch(1): prints a line for each event, and a log" {
	mkdir src
	begin x pathwatch 'while read -r events path; do echo'
	again "$BATS_TEST_TMPDIR/x.out" '^src/a b: create$' sh -c 'rm -f "src/a b"; touch "src/a b"'
	end_example x

	begin x pathwatch '>>changes.log'
	again changes.log 'moved_to src/b src/a$' sh -c 'touch src/a; mv src/a src/b'
	end_example x
	grep -q -e '^[0-9-]* [0-9:]* moved_from src/a $' changes.log
}

@test "pathwatch(1): hands files on with any name" {
	mkdir incoming
	# shellcheck disable=SC2016
	stub enrich 'printf "%s;" "$1" >>enriched'
	begin x pathwatch 'xargs -0 -n1 enrich'
	name=$'a\nb "c"'
	# xargs(1) is handed records as they come
	again enriched "^b \"c\";" sh -c 'echo >"incoming/$1"' sh "$name"
	end_example x
	[[ $(cat enriched) = "incoming/$name;"* ]]
}

@test "pathwatch(1): lists first, and leaves out what is ignored" {
	mkdir -p src/.git && touch src/x.o src/x.c
	begin x pathwatch '--json --ignore .git/'
	wait_line x.out '"ready"'
	touch src/y.o src/.git/z src/y.c
	wait_line x.out '"close_write".*src/y.c'
	end_example x
	[ "$(out x | grep -c -e '\.o"' -e '\.git')" -eq 0 ]

	begin x pathwatch 'pathwatch -r --initial --timeout 0 --json src'
	finish x
	[ "$status" -eq 0 ]
	[ "$(out x | grep -c '"exists"')" -eq "$(find src | wc -l)" ]
}

@test "pathwatch(1): heeds each .gitignore of a tree" {
	mkdir -p src/gen .git && printf '*.o\n' >.gitignore && printf '/gen\n!keep.o\n' >src/.gitignore
	begin x pathwatch 'files=$(find'
	again "$BATS_TEST_TMPDIR/x.out" '^create ./src/keep.o$' sh -c 'rm -f src/keep.o; touch src/keep.o'
	touch a.o src/b.o src/gen/x .git/y
	mkdir gen
	wait_line x.out '^create ./gen$'
	end_example x
	[ "$(out x | grep -c -e '[ab]\.o$' -e /src/gen -e /.git/)" -eq 0 ]
}

@test "pathwatch(1): paths are added as they are needed" {
	mkdir src
	begin x pathwatch 'coproc pathwatch --control'
	wait_line x.out '^src/new is written$'
	end_example x
	[ "$(out x)" = 'src/new is written' ]
}

@test "pathwatch(1): begins a new file, and takes over what has changed in a list" {
	mkdir src etc
	echo src >list
	begin x pathwatch 'pathwatch -r --from-file list -o log'
	until_true [ -e log.1 -a -e log ]
	again log 'create etc/1$' sh -c 'rm -f etc/1; touch etc/1'
	end_example x
}

@test "pathwatch(1): a program for asyncio adds what it wants to hear of" {
	command -v python3 >/dev/null || skip "no python3"
	mkdir -p src/s 'a \b'
	awk '/^import asyncio/ { on = 1 } /^\.Ed/ { on = 0 }
		on { gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047"); gsub(/\\e/, "\\"); print }' \
		"$(page pathwatch)" >watch.py
	background x python3 watch.py src 'a \b' nowhere
	wait_line x.out '^added a .b$'
	wait_line x.out '^error nowhere$'
	touch src/s/1 'a \b/2'
	wait_line x.out '^create a .b/2$'
	[ "$(out x | head -n 4)" = 'added src
added a \b
error nowhere
create src/s/1' ]
	stop x
}

@test "pathwatch(1): shows what a command does, and starts when all is armed" {
	mkdir build src
	stub make 'echo >build/made'
	begin x pathwatch 'pathwatch -r build --run make'
	finish x
	[ "$status" -eq 0 ]
	out x | grep -q -x 'create build/made'

	begin x pathwatch '--ready-fd 3'
	until_true grep -q -s 'src/seen' log
	end_example x
}

@test "pathwatch(1): rebuilds once after several changes, checks and tests what has changed" {
	mkdir org src
	stub build 'echo built >>builds'
	# shellcheck disable=SC2016
	stub check 'echo "$1" >>checked'
	# shellcheck disable=SC2016
	stub runtests 'for p; do echo "$p"; done >>tested'
	begin build pathwatch '--cooldown 3m'
	begin check pathwatch 'xargs -0 -n1 check'
	begin tests pathwatch 'eval "runtests $paths"'
	again tested '^src/b c$' sh -c 'touch "src/b c" src/.hidden; echo >src/a; touch org/1 org/.#lock'
	again tested '^src/d$' sh -c 'mv src/a src/d'
	until_true grep -q -s -x src/d checked
	until_true [ -e builds ]
	end_example build
	end_example check
	end_example tests
	[ "$(cat builds)" = built ]
	[ "$(grep -c -x src/d checked)" -eq 1 ]
}

@test "pathwatch(1): tells of logs that are written all the time" {
	mkdir logs
	begin x pathwatch '--max-delay 4'
	again "$BATS_TEST_TMPDIR/x.out" '^modify logs/a$' sh -c 'echo >>logs/a'
	end_example x
}

@test "pathstat(1): shows what make touches" {
	stub make 'touch made'
	begin x pathstat 'pathstat -r . --run make'
	finish x
	[ "$status" -eq 0 ]
	out x | grep -q -e ' \./made$'
}

# The one-line examples of the options, as a shell reads them.
lines_of_page() {
	sed -n '/^\.Ss Counting/,/^\.Ss The table/s/^\.Dl //p' "$(page "$1")" |
		sed -e 's/\\&//g' -e 's/\\-/-/g' -e "s/\\\\(aq/'/g" -e 's/\\e/\\/g'
}

# run_line LINE: what it starts is told when it is armed, and to end after a change; its status
run_line() {
	local line=$1 t=$BATS_TEST_TMPDIR

	rm -rf src "$t/armed" "$t/passed" "$t/line.pid2" && mkdir -p src/doc src/.git && touch src/{a.c,b.o,doc/x,.git/y,.gitignore}
	mkfifo "$t/armed"
	# shellcheck disable=SC2016
	background line timeout 60 bash -c '
		pathstat() {
			command pathstat --ready-fd 9 "$@" & echo $! >../line.pid2; wait $!
		} <&0
		'"$line"'
		status=$?
		: >../passed; wait; exit $status' 9<>"$t/armed"
	case $line in
	mkfifo*) until_true [ -e "$t/passed" ] ;;
	*) read -r -t "$PATHEV_TEST_BOUND" _ <"$t/armed" ;;
	esac || return
	echo >>src/a.c && cat src/doc/x && touch -h current
	[[ $line == *--run* ]] || { until_true [ -s "$t/line.pid2" ] && kill "$(cat "$t/line.pid2")"; }
	finish line
}

@test "pathstat(1): each option has an example, and each of these works" {
	local o line

	# shellcheck disable=SC2016
	stub make 'echo >src/made'
	ln -s src current && echo src >list && echo '*.o' >.gitignore
	lines_of_page pathstat >lines
	[ "$(wc -l <lines)" -ge 28 ]
	for o in $(options_of_page pathstat); do
		case $o in
		--help | -h | --version | -V) continue ;;
		esac
		sed -n '/^\.Ss Counting/,/^\.Ss The table/p' "$(page pathstat)" | sed 's/\\-/-/g' |
			awk -v o="Fl ${o#-}" '
				/^\.It / && index($0 " ", o " ") { on = 1; next }
				on && /^\.It (Fl|Li)/ { on = 0 }
				on && /^\.Dl / { found = 1 }
				END { exit !found }' || { echo "no example of $o"; return 1; }
	done
	while IFS= read -r line; do
		echo "$line"
		run_line "$line"
		[ "$status" -eq 0 ]
		case $line in
		*'>'*) ;;
		*) [ -s "$BATS_TEST_TMPDIR/line.out" ] ;;
		esac
		case $line in
		*' -v '* | *--allow-missing*) ;;
		*) [ ! -s "$BATS_TEST_TMPDIR/line.err" ] ;;
		esac
	done <lines
	grep -q -x 'total,.*,path' counts.csv
	grep -q 'src/a.c$' counts
}
