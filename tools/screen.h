// Screen: what the launcher writes: lines, what its children print, and below it a view that is repainted.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace rebus {

// Never blocks: what nobody reads waits here, and beyond a bound lines are dropped, and that is told. On a
// terminal the view stays below everything; elsewhere there is none.
class Screen {
 public:
  Screen();

  // Standard error is a terminal.
  bool has_view() const { return has_view_; }
  // Standard output is a terminal, too: what children print must go through print().
  bool shares_output() const { return has_view_ && shares_output_; }

  // A line to standard error. The caller escapes.
  void line(const std::string& text);
  // Whole lines to standard output, above the view.
  void print(std::string_view lines);
  // False while what was said is not written: then nothing should be read to be printed.
  bool has_room() const { return waiting_.size() < kRoom; }
  // Paints anew. Lines are cut to the terminal's width; those beyond its height are left out.
  void show(const std::vector<std::string>& view);

  bool has_to_write() const { return !waiting_.empty(); }
  // Call when standard error is writable.
  void write_some();
  // Takes the view away and writes what is left, for at most that time.
  void finish(std::chrono::milliseconds patience);

 private:
  static constexpr size_t kRoom = 64 << 10;
  static constexpr size_t kMost = 1 << 20;

  void add(std::string_view text);
  // To the place where the view begins.
  std::string back_to_view_start() const;
  std::string painted_view();

  const bool has_view_;
  const bool shares_output_;
  std::string waiting_;
  size_t dropped_ = 0;             // lines
  std::vector<std::string> view_;  // as last painted
  size_t painted_columns_ = 80;
  bool is_broken_ = false;  // nobody reads any more
};

}  // namespace rebus
