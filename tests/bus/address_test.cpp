#include "bus/address.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/scratch_folder.h"

namespace rebus::address_test {
namespace {

// A variable of the environment, as it was afterwards.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old, had_ = true;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

TEST(Address, KnowsIpc) {
  auto address = Address::parse("ipc:///run/user/1000/rebus/bus");
  ASSERT_TRUE(address.ok());
  EXPECT_FALSE(address->is_tcp());
  EXPECT_EQ(address->path(), "/run/user/1000/rebus/bus");
  EXPECT_EQ(address->str(), "ipc:///run/user/1000/rebus/bus");
  EXPECT_EQ(danger_of(*address), "");
  EXPECT_TRUE(check_allowed(*address, false).ok());
}

TEST(Address, KnowsTcp) {
  for (const char* text :
       {"tcp://127.0.0.1:5600", "tcp://127.1.2.3:*", "tcp://[::1]:1", "tcp://localhost:65535"}) {
    auto address = Address::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_TRUE(address->is_tcp());
    EXPECT_TRUE(address->is_loopback()) << text;
  }
  for (const char* text :
       {"tcp://10.0.0.1:5600", "tcp://*:5600", "tcp://[fe80::1%eth0]:5", "tcp://a-host.lan:5"}) {
    auto address = Address::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_FALSE(address->is_loopback()) << text;
  }
}

TEST(Address, RefusesWhatIsNone) {
  for (const std::string text : {"", "ipc://", "ipc://bus", "ipc://@abstract", "tcp://", "tcp://127.0.0.1",
                                 "tcp://:5600", "tcp://a:0", "tcp://a:65536", "tcp://a:5x", "tcp://a:",
                                 "tcp://a b:5", "tcp://a;b:5", "inproc://a", "/run/bus", "tcp:5"}) {
    auto address = Address::parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().code, Code::kInvalid);
  }
  EXPECT_TRUE(Address::parse("ipc:///" + std::string(106, 'a')).ok());
  EXPECT_FALSE(Address::parse("ipc:///" + std::string(107, 'a')).ok());
  EXPECT_FALSE(Address::parse(std::string("ipc:///a\0b", 10)).ok());
}

TEST(Address, TcpNeedsTheWordInsecure) {
  auto address = *Address::parse("tcp://127.0.0.1:5600");
  auto allowed = check_allowed(address, false);
  ASSERT_FALSE(allowed.ok());
  EXPECT_NE(allowed.error().message.find("--insecure-tcp"), std::string::npos);
  EXPECT_TRUE(check_allowed(address, true).ok());
}

TEST(Address, SaysWhatIsDangerous) {
  std::string near = danger_of(*Address::parse("tcp://127.0.0.1:5600"));
  std::string far = danger_of(*Address::parse("tcp://10.0.0.1:5600"));
  EXPECT_NE(near.find("INSECURE"), std::string::npos);
  EXPECT_NE(far.find("EVERYBODY"), std::string::npos);
  EXPECT_EQ(near.find("EVERYBODY"), std::string::npos);
}

TEST(UsualAddress, IsTheOneOfTheEnvironment) {
  Variable address("REBUS_BUSADDR", "tcp://10.0.0.1:5600");
  EXPECT_EQ(Address::usual()->str(), "tcp://10.0.0.1:5600");
}

TEST(UsualAddress, IsBelowTheRuntimeDirectory) {
  ScratchFolder folder;
  Variable address("REBUS_BUSADDR", nullptr), runtime("XDG_RUNTIME_DIR", folder.path().c_str());
  EXPECT_EQ(Address::usual()->str(), "ipc://" + folder.at("rebus/bus"));
  Variable none("XDG_RUNTIME_DIR", nullptr);
  EXPECT_EQ(Address::usual()->str(), "ipc:///tmp/rebus-" + std::to_string(getuid()) + "/bus");
}

TEST(UsualAddress, IsRefusedInADirectoryThatOthersCanEnter) {
  ScratchFolder folder;
  Variable address("REBUS_BUSADDR", nullptr), runtime("XDG_RUNTIME_DIR", folder.path().c_str());
  ASSERT_EQ(mkdir(folder.at("rebus").c_str(), 0700), 0);
  EXPECT_TRUE(Address::usual().ok());
  ASSERT_EQ(chmod(folder.at("rebus").c_str(), 0755), 0);
  auto refused = Address::usual();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
}

TEST(UsualAddress, IsRefusedBehindALink) {
  ScratchFolder folder;
  Variable address("REBUS_BUSADDR", nullptr), runtime("XDG_RUNTIME_DIR", folder.path().c_str());
  ASSERT_EQ(symlink("/tmp", folder.at("rebus").c_str()), 0);
  EXPECT_FALSE(Address::usual().ok());
}

}  // namespace
}  // namespace rebus::address_test
