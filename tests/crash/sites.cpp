#include "tests/crash/sites.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

namespace rebus {
namespace {

std::string ip_of(size_t site) { return "10.77.0." + std::to_string(site + 2); }
std::string link_of(size_t site) { return "site" + std::to_string(site); }

void must(const std::string& command) {
  Finished done = shell(command);
  EXPECT_EQ(done.exit_code, 0) << command << "\n" << done.err;
}

// Who is not root becomes it in a namespace of users.
bool leave_the_network() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) != 0) return false;
  if (user == 0) return true;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  return geteuid() == 0;
}

}  // namespace

std::unique_ptr<Sites> Sites::make(size_t count, std::string& problem) {
  if (!leave_the_network()) {
    problem = std::string("no network namespace: ") + std::strerror(errno);
    return nullptr;
  }
  Finished bridge = shell(
      "ip link set lo up && ip link add hub type bridge && ip addr add 10.77.0.1/24 dev hub && ip link set "
      "hub up");
  if (bridge.exit_code != 0) {
    problem = "no bridge of networks: " + bridge.err;
    return nullptr;
  }
  auto sites = std::make_unique<Sites>();
  for (size_t i = 0; i < count; i++) sites->add();
  return sites;
}

void Sites::add() {
  size_t site = holders_.size();
  holders_.push_back(std::make_unique<Process>(
      std::vector<std::string>{"unshare", "--net", "bash", "-c", "echo here; exec sleep infinity"}));
  EXPECT_TRUE(eventually([&] { return holders_.back()->line_count() == 1; })) << holders_.back()->err();
  std::string link = link_of(site);
  must("ip link add " + link + " type veth peer name wire netns " + std::to_string(holders_.back()->pid()) +
       " && ip link set " + link + " master hub up");
  std::string inside;
  for (const std::string& word : enter(site)) inside += word + " ";
  must(inside + "ip addr add " + ip_of(site) + "/24 dev wire && " + inside + "ip link set wire up && " +
       inside + "ip link set lo up");
}

std::vector<std::string> Sites::enter(size_t site) const {
  return {"nsenter", "--net=/proc/" + std::to_string(holders_[site]->pid()) + "/ns/net", "--"};
}

std::string Sites::change(size_t site, Cut how, bool is_cut) const {
  if (how == Cut::kBothWays) return "ip link set " + link_of(site) + (is_cut ? " down" : " up");
  std::string route = std::string("ip route ") + (is_cut ? "add" : "del") + " blackhole ";
  if (how == Cut::kAnswers) return route + ip_of(site);
  std::string inside;
  for (const std::string& word : enter(site)) inside += word + " ";
  return inside + route + "10.77.0.1";
}

void Sites::cut(size_t site, Cut how) { must(change(site, how, true)); }
void Sites::heal(size_t site, Cut how) { must(change(site, how, false)); }

}  // namespace rebus
