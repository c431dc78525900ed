// The pages that rebus_agent prints about itself and its agents.
#pragma once

#include <span>
#include <string>

#include "bus/agent.h"

namespace rebus {

// Width of the pages, in columns.
inline constexpr size_t kPageWidth = 80;

// `rebus_agent --help`
std::string main_page(std::span<const AgentSpec* const> agents);
// `rebus_agent AGENT --help`
std::string agent_page(const AgentSpec& spec);
// `--list-agents`
std::string agent_list(std::span<const AgentSpec* const> agents);
// `--list-bus-options`
std::string bus_page();

// A term and what it means, side by side if the term is short.
std::string help_entry(const std::string& term, const std::string& meaning);
// One entry for each option.
std::string help_options(std::span<const OptionSpec> specs);

// Words of `text` in lines of `width` columns, each after `indent` spaces; paragraphs (empty lines) and lines
// that are indented already stay as they are.
std::string wrap(const std::string& text, size_t indent, size_t width = kPageWidth);

}  // namespace rebus
