#include "api/cli/table.h"

#include <algorithm>

#include "api/cli/text.h"

namespace stepwell::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kFlexibleMin = 10;

}  // namespace

std::vector<size_t> Table::widths(const Screen& screen) const {
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = display_width(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
    total += width + (i == 0 ? 0 : kGap);
  }
  // The widest flexible column gives way first, so that narrow ones stay whole.
  while (total > screen.width) {
    size_t widest = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool can_shrink = columns_[i].is_flexible && widths[i] > kFlexibleMin;
      if (can_shrink && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    const size_t less = std::min(total - screen.width, std::max<size_t>(widths[widest] / 8, 1));
    const size_t step = std::min(less, widths[widest] - kFlexibleMin);
    widths[widest] -= step;
    total -= step;
  }
  return widths;
}

std::string Table::render(const Screen& screen) const {
  const std::vector<size_t> widths = this->widths(screen);
  std::string out;
  const auto write_row = [&](const auto& cell_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Cell cell = cell_of(i);
      const bool is_last = i + 1 == columns_.size();
      std::string text = columns_[i].is_right ? pad_left(cell.text, widths[i])
                         : is_last            ? fit(cell.text, widths[i])
                                              : pad(cell.text, widths[i]);
      if (i > 0) line.append(kGap, ' ');
      line += screen.paint(cell.colour, text);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  };
  write_row([&](size_t i) { return Cell{columns_[i].heading, Colour::kDim}; });
  for (const auto& row : rows_) write_row([&](size_t i) { return row[i]; });
  return out;
}

}  // namespace stepwell::cli
