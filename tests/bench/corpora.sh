# What tools/bench.sh has worked on: files of this machine, archived in $corpora and read from the page cache.

names_of_programs() {
  find /usr/bin /usr/lib -type f -size -1100k -print0 |
    xargs -0 file -N --mime-type --print0 -- 2>/dev/null |
    grep -aE 'application/x-(pie-executable|executable|sharedlib)' | cut -d '' -f 1 | head -n 2000 || true
}

make_programs() {
  names_of_programs > "$scratch/programs"
  tar -czf "$corpora/programs.tgz" --hard-dereference -T "$scratch/programs" 2>/dev/null
}

# Five zip files of five tar.gz of 200 sources each, in a tar.gz.
make_nested() {
  local dir=$scratch/nested i
  mkdir "$dir"
  find /usr/include /usr/share/perl /usr/lib/python3 -type f -size +0 -size -40k | head -n 5000 > "$dir/all" || true
  split -d -a 2 -l 200 "$dir/all" "$dir/part."
  for part in "$dir"/part.*; do tar -czf "$dir/inner${part##*.}.tgz" -T "$part" 2>/dev/null; done
  for i in 0 1 2 3 4; do
    (cd "$dir" && find . -name 'inner*.tgz' | sort | sed -n "$((i * 5 + 1)),$((i * 5 + 5))p" | zip -q -0 "zip$i.zip" -@)
  done
  (cd "$dir" && tar -czf "$corpora/nested.tgz" zip?.zip)
  rm -rf -- "$dir"
}

list_texts() {
  find /usr/share /usr/include /usr/lib -type f -size +0 -size -60k -print0 |
    xargs -0 file -N --mime-type --print0 --print0 -- 2>/dev/null | tr '\0\n' '\n\0' |
    awk 'NR % 2 { name = $0; next } /^text/ { n = split(name, parts, "/"); if (!seen[parts[n]]++) print name }' |
    head -n 20000 | tr '\n' '\0' > "$corpora/texts" || true
}

make_corpora() {
  mkdir -p "$corpora"
  [[ -e $corpora/programs.tgz ]] || make_programs
  [[ -e $corpora/nested.tgz ]] || make_nested
  [[ -e $corpora/texts ]] || list_texts
}
