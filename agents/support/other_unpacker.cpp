#include "agents/support/other_unpacker.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agents/support/child_program.h"
#include "descriptor/escape.h"
#include "descriptor/file_handle.h"
#include "descriptor/spool.h"

namespace rebus {
namespace {

using Answer = OtherUnpacker::Answer;
using How = Answer::How;

// Exit codes of the scripts.
constexpr int kPartly = 10, kEncrypted = 11, kNothing = 12, kNoRoom = 13, kNoMemory = 14;

// Headers and padding of a tar, beside what is in it.
constexpr uint64_t kMostHeaders = 256 << 20;

// Both take passwords from standard input, a line each, and end with what came out as a tar, which keeps
// names of any bytes. What a program restores of modes may keep even its owner out.
constexpr const char* kBegin = R"sh(
archive=/input/archive
out=/tmp/out
clear() { chmod -R u+rwX $out 2>/dev/null; rm -rf $out; mkdir $out; }
is_full() { [ $(stat -f -c %a /tmp) -lt 16 ]; }
give() {
  chmod -R u+rwX $out 2>/dev/null
  cd $out && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
    tar --null --verbatim-files-from --no-recursion --format=gnu -T - -cf - || exit 1
  exit $1
}
mkdir $out
)sh";

// 7-Zip asks on standard input for a password, if it needs one. Links are made as they are (-snld20): in here
// they lead nowhere. A member of a name that is there already is renamed. What it says is not kept in /tmp,
// which may be full.
constexpr const char* kSevenZipScript = R"sh(
is_encrypted=
while IFS= read -r password; do
  said=$({ printf '%s\n' "$password" | 7zz x -y -mmt4 -aou -bd -bso0 -bsp0 -snld20 -o$out $archive 2>&1
           echo "code $?"; } | grep -v '^$' | tail -c 4000)
  code=${said##*code }
  [ $code -eq 0 ] && give 0
  [ $code -eq 8 ] && exit 14
  case $said in *'No space left on device'*|*'File too large'*) exit 13;; esac
  { is_full || [ $code -eq 153 ]; } && exit 13
  case $said in
    *'Wrong password'*) is_encrypted=yes; clear;;
    *) break;;
  esac
done
[ $is_encrypted ] && exit 11
printf '%s\n' "$said" >&2
[ -n "$(ls -A $out)" ] && give 10
exit 12
)sh";

// The Unarchiver reads a password from a terminal only, which shows it to nobody: it is given one, and
// answered when it asks. What was said before that, it throws away.
constexpr const char* kUnarchiverScript = R"sh(
is_encrypted=
mkfifo /tmp/keys
while IFS= read -r password; do
  rm -f /tmp/code
  : >/tmp/said
  {
    script -q -e -f -c "unar -r -D -nr -k skip -o $out $archive" /tmp/said </tmp/keys >/dev/null 2>&1
    echo $? >/tmp/ended
    mv /tmp/ended /tmp/code
  } &
  exec 3>/tmp/keys
  while [ ! -e /tmp/code ]; do
    if tail -c 40 /tmp/said | grep -q 'Password (will not be shown): $'; then
      is_encrypted=yes
      printf '%s\n' "$password" >&3
      break
    fi
    sleep 0.01
  done
  wait
  exec 3>&-
  read -r code </tmp/code || exit 13
  [ $code -eq 0 ] && give 0
  is_full && exit 13
  [ $is_encrypted ] || break
  clear
done
[ $is_encrypted ] && exit 11
echo 'parts of it are damaged' >&2
[ -n "$(ls -A $out)" ] && give 10
exit 12
)sh";

struct Program {
  const char* name;
  const char* script;
  const char* advice;
};
constexpr Program kPrograms[] = {
    {"7zz", kSevenZipScript, "7-Zip may open it: install it (Debian: apt-get install 7zip)"},
    {"unar", kUnarchiverScript, "The Unarchiver may open it: install it (Debian: apt-get install unar)"},
};

// Where it stands, as a file with an offset of its own, or else copied.
Result<FileHandle> file_of(const Value& value) {
  int stored = value.source().file_descriptor();
  if (stored >= 0) {
    FileHandle again(open(("/proc/self/fd/" + std::to_string(stored)).c_str(), O_RDONLY | O_CLOEXEC));
    if (again.get() >= 0) return again;
  }
  FileHandle copy(memfd_create("archive", MFD_CLOEXEC));
  if (copy.get() < 0) return Error{Code::kUnavailable, std::strerror(errno)};
  auto copied =
      value.for_each_chunk([&](Bytes part) { return write_all(copy.get(), part, "copying an archive"); });
  if (!copied) return copied.error();
  return copy;
}

std::string lines_of(const std::vector<std::string>& passwords) {
  std::string lines;
  for (const std::string& password : passwords) {
    if (password.find_first_of(std::string_view("\0\n", 2)) == password.npos) lines += password + "\n";
  }
  return lines;
}

How how_of(const ChildEnd& end) {
  if (end.how == ChildEnd::How::kTime) return How::kNoTime;
  if (end.how == ChildEnd::How::kOutput) return How::kNoRoom;
  if (end.how == ChildEnd::How::kMemory) return How::kNoMemory;
  switch (end.exit_code) {
    case 0:
      return How::kWhole;
    case kPartly:
      return How::kPartly;
    case kEncrypted:
      return How::kEncrypted;
    case kNoRoom:
      return How::kNoRoom;
    case kNoMemory:
      return How::kNoMemory;
    default:
      return How::kNothing;
  }
}

std::string first_line(const std::string& text) { return escape(text.substr(0, text.find('\n'))); }

}  // namespace

std::optional<OtherUnpacker> OtherUnpacker::for_path(const std::string& path) {
  for (const char* sevens :
       {"/archive/7z", "/archive/arj", "/archive/cab", "/archive/jar", "/archive/lha", "/archive/zip"}) {
    if (path == sevens) return OtherUnpacker(Which::kSevenZip);
  }
  if (path == "/archive/rar") return OtherUnpacker(Which::kUnarchiver);
  return {};
}

bool OtherUnpacker::can_help(const std::string& message) const {
  if (which_ == Which::kUnarchiver) return true;
  for (const char* word : {"upported", "Unrecognized archive format", "Unknown codec"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

Result<Answer> OtherUnpacker::unpack(const Value& archive, const std::vector<std::string>& passwords,
                                     const Allowance& allowance, ValueWriter& writer) const {
  const Program& program = kPrograms[static_cast<size_t>(which_)];
  if (!is_installed(program.name)) return Answer{How::kMissing, {}, program.advice};
  if (archive.size() > kMostUnpackedElsewhere) return Answer{How::kNoRoom, {}, {}};
  auto file = file_of(archive);
  if (!file) return file.error();
  const uint64_t room = std::min(allowance.bytes, kMostUnpackedElsewhere);
  ChildProgram child{.words = {"sh", "-c", std::string(kBegin) + program.script},
                     .files = {{"archive", file->get()}},
                     .time = std::min<std::chrono::milliseconds>(allowance.time, kMostTimeElsewhere),
                     .most_output = room + kMostHeaders,
                     .most_scratch = std::max<uint64_t>(room, 1 << 20)};
  child.take_output = [&](std::string_view part) { return writer.append(as_bytes(part)); };
  auto end = run_child(child, lines_of(passwords));
  if (!end && end.error().code == Code::kUnavailable) return Answer{How::kMissing, {}, end.error().message};
  if (!end) return end.error();
  Answer answer{how_of(*end), {}, first_line(end->err)};
  if (answer.how != How::kWhole && answer.how != How::kPartly) return answer;
  auto tar = writer.seal();
  if (!tar) return tar.error();
  answer.tar = *std::move(tar);
  return answer;
}

}  // namespace rebus
