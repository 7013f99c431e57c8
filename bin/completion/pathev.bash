# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# pathev.bash - bash completion for pathwait, pathwatch and pathstat
#
# Needs nothing but bash.  With bash-completion, what follows --run is completed as the command
# line that it is.

# _pathev_options PROGRAM: all its options
_pathev_options() {
	local output='--format --timefmt --time-format -j --json -c --csv --raw --no-newline'

	echo '-e --event -r --recursive --max-depth -x --one-file-system -P --no-dereference
		--include --includei --exclude --excludei --ignore --ignore-file
		--from-file --fromfile -0 --null --run --ready-fd -t --timeout --strict
		--backend --queue-limit -q --quiet -v --verbose -h --help -V --version'
	case $1 in
	pathwait)
		echo "$output -u --until --any --existing --settle -n --count"
		;;
	pathwatch)
		echo "$output --initial --existing --settle --batch --max-delay --cooldown -n --count -o --outfile --control --allow-missing"
		;;
	pathstat)
		echo '--by -i --interval -s --sort --reverse -n --top -z --zero
			-j --json -c --csv --allow-missing'
		;;
	esac
}

# _pathev_waits PROGRAM WORD: does the option end in one that takes the next word as its value?
# Then $option is that one.
_pathev_waits() {
	local letters=$2 with_value

	option=
	case $2 in
	--event | --max-depth | --include | --includei | --exclude | --excludei | --ignore | \
		--ignore-file | --from-file | --fromfile | --ready-fd | --timeout | --backend | \
		--queue-limit | --format | --timefmt | --time-format | --until | --count | \
		--outfile | --settle | --max-delay | --cooldown | --by | --interval | --sort | --top)
		option=$2
		return
		;;
	--* | -) return 1 ;;
	-*) ;;
	*) return 1 ;;
	esac
	case $1 in
	pathwait) with_value=etnu ;;
	pathwatch) with_value=etno ;;
	*) with_value=etnis ;;
	esac
	# letters may share a dash; what follows the first that takes a value is that
	while letters=${letters#?} && [ -n "$letters" ]; do
		[[ $with_value = *"${letters:0:1}"* ]] || continue
		[ ${#letters} -eq 1 ] && option=-$letters
		break
	done
	[ -n "$option" ]
}

# _pathev_list WORDS: the part of $cur that follows its last comma
_pathev_list() {
	local before='' last=${cur##*,} minus=''

	[[ $cur != *,* ]] || before=${cur%,*},
	if [[ $last = -* ]]; then
		minus=-
		last=${last#-}
	fi
	compopt -o nospace
	mapfile -t COMPREPLY < <(compgen -P "$before$minus" -W "$1" -- "$last")
}

# _pathev_value PROGRAM OPTION: what an option takes
_pathev_value() {
	local events='access modify attrib close_write close_nowrite open moved_from moved_to
		create delete delete_self move_self unmount'
	local words=

	case $2 in
	-e | --event)
		[ "$1" = pathstat ] || events+=' exists written'
		[ "$1" != pathwatch ] || events+=' overflow ready error added removed sync'
		_pathev_list "$events close move changes all"
		return
		;;
	-u | --until) words='written exists gone changed' ;;
	-s | --sort) words="total path $events close move" ;;
	--by) words='path dir root ext' ;;
	--backend) words='auto inotify' ;;
	-o | --outfile | --ignore-file | --from-file | --fromfile)
		compopt -o default
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

# _pathev_command N: the command line that begins with word N
_pathev_command() {
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [ "$COMP_CWORD" -eq "$1" ] && [[ $cur != */* ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		compopt -o default
	fi
}

_pathev() {
	local program=${1##*/} cur=${COMP_WORDS[COMP_CWORD]} option='' word i

	COMPREPLY=()
	# bash cuts @PATH in two, but what it replaces is all of it
	[ "$COMP_CWORD" -lt 2 ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" != @ ] || cur=@$cur
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ -n "$option" ]; then
			# its value, or before that the = of --option=value
			[ "$word" = = ] || option=
			continue
		fi
		case $word in
		--run)
			_pathev_command $((i + 1))
			return
			;;
		--)
			compopt -o default
			return
			;;
		esac
		_pathev_waits "$program" "$word"
	done
	if [ -n "$option" ]; then
		[ "$cur" != = ] || cur=
		_pathev_value "$program" "$option"
	elif [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pathev_options "$program")" -- "$cur")
	elif [[ $cur = @* ]]; then
		# readline looks for names without the @, so a directory gets its slash here
		compopt -o nospace
		mapfile -t COMPREPLY < <(compgen -P @ -f -- "${cur#@}")
		for i in "${!COMPREPLY[@]}"; do
			[ ! -d "${COMPREPLY[i]#@}" ] || COMPREPLY[i]+=/
		done
	else
		compopt -o default
	fi
}

complete -F _pathev pathwait pathwatch pathstat
