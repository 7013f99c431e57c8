# SPDX-License-Identifier: MIT
#
# table.awk - one report of what `gcov -t -b -c' prints of many objects: coverage.sh runs it
#
# A source may be part of several objects: a line was run, and a branch taken, if it was in one.

# "   COUNT:LINE:TEXT", where COUNT is - of a line without code, and ##### of one never run
/^ *[^ :]+: *[0-9]+:/ {
	split($0, field, ":")
	text = substr($0, length(field[1]) + length(field[2]) + 3)
	line = field[2] + 0
	branch = -1
	if (line == 0) {
		if (text ~ /^Source:/) {
			file = substr(text, 8)
			wanted = file ~ /^(lib|bin)\/[^\/]*$/
		}
		next
	}
	if (!wanted || field[1] ~ /-$/)
		next
	at = file ":" line
	if (!(at in source)) {
		source[at] = text
		lines[file]++
	}
	if (field[1] !~ /[#=]/ && !(at in ran)) {
		ran[at] = 1
		run[file]++
	}
	# of an assert() one branch is never to be taken
	if (text !~ /assert\(/)
		branch = 0
	next
}

/^branch / && wanted && branch >= 0 {
	arm = at ":" branch++
	if (!(arm in arms)) {
		arms[arm] = 1
		branches[file]++
	}
	if ($3 == "taken" && $4 > 0 && !(arm in took)) {
		took[arm] = 1
		taken[file]++
	}
}

function percent(part, whole)
{
	return whole ? 100 * part / whole : 100
}

function row(name, n, done, narms, took)
{
	return sprintf("%-20s %6d %6d %6.1f %9d %6d %6.1f", name, n, done, percent(done, n),
		       narms, took, percent(took, narms))
}

END {
	by_line = "sort -t: -k1,1 -k2,2n"
	for (at in source)
		if (!(at in ran))
			print at ":" source[at] | by_line
	close(by_line)
	printf "\n%-20s %6s %6s %6s %9s %6s %6s\n", "file", "lines", "run", "%", "branches",
	       "taken", "%"
	fflush()
	for (file in lines) {
		print row(file, lines[file], run[file], branches[file], taken[file]) | "sort"
		all += lines[file]
		all_run += run[file]
		all_branches += branches[file]
		all_taken += taken[file]
	}
	close("sort")
	print row("total", all, all_run, all_branches, all_taken)
	if (percent(all_run, all) < floor) {
		printf "coverage: fewer lines are run than the floor of %s %%\n", floor
		exit 1
	}
}
