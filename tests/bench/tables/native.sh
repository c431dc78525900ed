# Whether the native program is no straw man: against its parts, each measured alone.

prepare_parts_of_native() {
  [[ -e $scratch/unpacked ]] && return
  mkdir "$scratch/unpacked"
  bsdtar -xf "$corpora/programs.tgz" -C "$scratch/unpacked"
  find "$scratch/unpacked" -type f -print0 > "$scratch/unpacked.names"
}
# Taking apart, then hashes and types of the files that came out of it, with as many threads.
parts_of_native() {
  bsdtar -xOf "$corpora/programs.tgz" > /dev/null
  "$native" --files-from "$scratch/unpacked.names"
}

table_native() {
  printf '| | native program | its parts, one after the other | ratio | aim |\n| --- | --- | --- | --- | --- |\n'
  pair '2,000 programs in a tar.gz' native_programs parts_of_native '≤ 1.15'
  rm -rf -- "$scratch/unpacked"
}
