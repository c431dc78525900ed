#!/bin/bash
# Analyses files with everything there is, in one process, and prints one report.
#
#   tools/analyse.sh [-o html|json] [OPTION…] FILE…
#
#   -o html|json     a page for people (default), or docs/report.md's JSON
#   --database DIR   ClamAV's signatures (default: /var/lib/clamav, where freshclam puts them)
#   --rules PATH     YARA rules, a file or a folder, to match as well
#   --passwords LIST
#                    of archives, tried before infected, malware and the like; commas separate; @FILE: one per line
#   --machine DIR    what runs programs of the other architecture, made by tools/arm64_system.sh DIR (default:
#                    build/arm64, if it is there)
#   --no-run         run no sample
#   -h, --help
#
# Archives and mails are taken apart, and what is in them is analysed as well. PROGRAMS FOR LINUX ARE RUN, for at
# most 30 seconds each, in a sandbox without a network (docs/security.md), to see what they do. Folders: all files
# below them; - is standard input. Nothing is kept but the report, on standard output; what could not be done is
# said on standard error.
#
# Exit code: 0 clean, 1 something was found, 3 incomplete: not all was looked at, or nothing was that looks for malware.
# A file that cannot be read is named in the report, first. 2 usage, or not one of these files can be read; 75 the
# report could not be written; others as rebus_agent has them, without a report.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
readonly found_code=1 usage_code=2 incomplete_code=3 failed_code=75

say() { printf 'analyse.sh: %s\n' "$*" >&2; }

fail() {
  say "no report: $1"
  exit $failed_code
}

help() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

# Sets what was said, or its default, and files.
read_words() {
  format=html database=/var/lib/clamav rules='' passwords='' machine=$here/../build/arm64 runs=yes files=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --?*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}"; continue ;;
      -o?*) set -- -o "${1#-o}" "${@:2}"; continue ;;
      -h | --help) help; exit 0 ;;
      -o | --output) format=${2-}; shift "$(($# > 1 ? 2 : 1))" ;;
      --database) database=${2-}; shift "$(($# > 1 ? 2 : 1))" ;;
      --rules) rules=${2-}; shift "$(($# > 1 ? 2 : 1))" ;;
      --passwords) passwords=${2-}; shift "$(($# > 1 ? 2 : 1))" ;;
      --machine) machine=${2-}; shift "$(($# > 1 ? 2 : 1))" ;;
      --no-run) runs=no; shift ;;
      --) shift; files+=("$@"); break ;;
      -?*) say "no option $(printf '%q' "$1") (--help lists all; a file of that name: ./$(printf '%q' "$1"))"; exit $usage_code ;;
      *) files+=("$1"); shift ;;
    esac
  done
  [[ $format == html || $format == json ]] || { say "-o is html or json"; exit $usage_code; }
  [[ ${#files[@]} -gt 0 ]] || { say "which files? (--help)"; exit $usage_code; }
  local file
  for file in "${files[@]}"; do
    [[ $file == - || -r $file ]] && return
    say "cannot read $(printf '%q' "$file")"
  done
  exit $usage_code
}

find_agent() {
  local built=$here/../build/release/bin/rebus_agent
  if [[ -x $built ]]; then agent=$built; return; fi
  agent=$(command -v rebus_agent) || { say "there is no rebus_agent: build it (tools/quickstart.sh), or put it into \$PATH"; exit $usage_code; }
}

has_signatures() { compgen -G "$database/*.c[lv]d" >/dev/null || compgen -G "$database/*.[hmnl]d[bu]" >/dev/null || compgen -G "$database/*.hs[bu]" >/dev/null; }

# Sets tools: those that can work here.
choose_tools() {
  tools=(hasher --algorithms md5,sha1,sha256 --selector-prefix / unarchive)
  [[ -z $passwords ]] || tools+=(--passwords "$passwords")
  tools+=(email file_id signature)
  [[ -z $rules ]] || tools+=(yara --rules "$rules")
  if has_signatures; then
    tools+=(antivirus --database "$database")
  else
    say "no signatures of ClamAV in $(printf '%q' "$database"): nothing looks for malware (apt-get install clamav-freshclam; freshclam)"
  fi
  [[ $runs == no ]] || choose_tracers
}

choose_tracers() {
  local architecture
  if ! command -v strace >/dev/null || ! command -v bwrap >/dev/null; then
    say "programs are not run: apt-get install strace bubblewrap"
    return
  fi
  for architecture in x86_64 aarch64; do
    if [[ $architecture == "$(uname -m)" ]]; then
      tools+=("strace_$architecture" --run-samples)
    elif [[ $architecture == aarch64 && -e $machine/initrd ]] && command -v qemu-system-aarch64 >/dev/null; then
      tools+=("strace_$architecture" --run-samples --engine system --machine "$machine")
    else
      say "programs for $architecture are not run (--help: --machine)"
    fi
  done
}

# The last key of the JSON, one of the first lines of the page: no text of a file stands before or behind it.
verdict() {
  case $format in
    html) head -c 1024 -- "$1" | sed -n 's/^<meta name="verdict" content="\([a-z ]*\)">$/\1/p' ;;
    json) tail -c 64 -- "$1" | sed -n 's/.*,"verdict":"\([a-z ]*\)"}$/\1/p' ;;
  esac
}

main() {
  read_words "$@"
  find_agent
  choose_tools
  local report code=0
  report=$(mktemp) || fail "it is collected in a file of \$TMPDIR, else /tmp, which cannot be made"
  trap 'rm -f -- "$report"' EXIT
  "$agent" "${tools[@]}" report inject --recursive "${files[@]}" -- return --raw "^/report/$format" >"$report" || code=$?
  [[ $code -le 1 || $code -eq $incomplete_code ]] || exit "$code"
  [[ -s $report ]] || exit $((code <= 1 ? incomplete_code : code))
  cat -- "$report" || fail "standard output cannot be written"
  case $(verdict "$report") in  # what one tool could not open another may have: then the chain says 3, and all was seen
    found) exit $found_code ;;
    clean) exit 0 ;;
    *) exit $incomplete_code ;;
  esac
}

main "$@"
