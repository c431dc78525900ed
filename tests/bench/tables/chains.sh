# The main job against what people would write or run instead. All print "LABEL = SHA-256".

native=$PWD/build/release/tests/native_chain

main_job() { rebus_agent "$@" -- return --short signature/sha256; }
memory() { main_job hasher --algorithms sha256 --selector-prefix "$1" unarchive file_id inject "$2"; }
programs_in_memory() { memory /binary "$corpora/programs.tgz"; }
nested_in_memory() { memory / "$corpora/nested.tgz" | grep -vE '\.(tgz|zip) = '; }  # archives have hashes, too
texts_in_memory() {
  main_job hasher --algorithms sha256 --selector-prefix / file_id inject --files-from "$corpora/texts"
}
programs_on_disk() {
  main_job --storage rocksdb --path "$scratch/store" \
    hasher --algorithms sha256 unarchive file_id inject "$corpora/programs.tgz"
}
finish_programs_on_disk() { rm -rf -- "$scratch/store"; }

prepare_programs_by_processes() { start_bus rocksdb 'hasher --algorithms sha256' unarchive file_id; }
programs_by_processes() { main_job --bus zmq --until-idle inject "$corpora/programs.tgz"; }
finish_programs_by_processes() { stop_bus; }

native_programs() { "$native" "$corpora/programs.tgz"; }
native_nested() { "$native" "$corpora/nested.tgz"; }
native_texts() { "$native" --files-from "$corpora/texts"; }
python_programs() { /usr/bin/python3 tests/bench/python_chain.py "$corpora/programs.tgz"; }

shell_programs() {
  mkdir "$scratch/out"
  bsdtar -xf "$corpora/programs.tgz" -C "$scratch/out"
  (cd "$scratch/out" && find . -type f -print0 | xargs -0 -P 2 -n 100 file -b > /dev/null &&
    find . -type f -print0 | xargs -0 -P 2 -n 100 sha256sum | sed 's,^\([0-9a-f]*\)  \./\(.*\),programs.tgz:\2 = \1,')
}
finish_shell_programs() { rm -rf -- "$scratch/out"; }

table_chains() {
  head_of_pairs
  pair '2,000 programs in a tar.gz; native program, 2 threads' programs_in_memory native_programs '≤ 0.95'
  pair '5,000 small sources in tar.gz in zip in tar.gz; the same' nested_in_memory native_nested '≤ 1.15'
  pair '20,000 small texts as files; the same' texts_in_memory native_texts '≤ 1.10'
  pair 'the programs, RocksDB, durable; the same' programs_on_disk native_programs '≤ 1.4'
  pair 'the programs, separate processes over ipc, RocksDB, durable; the same' programs_by_processes native_programs '≤ 1.6'
  pair 'the programs; 30 lines of Python' programs_in_memory python_programs '≤ 0.6'
  pair 'the programs; bsdtar, file, sha256sum, two at a time' programs_in_memory shell_programs
}
