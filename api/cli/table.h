// Tables for terminals.
#pragma once

#include <string>
#include <vector>

#include "api/cli/screen.h"

namespace stepwell::cli {

struct Column {
  std::string heading;
  bool is_right = false;     // flush right
  bool is_flexible = false;  // gives way when the screen is narrow
};

struct Cell {
  std::string text;  // harmless
  Colour colour = Colour::kPlain;
};

// As wide as its content, and no wider than the screen as far as its flexible columns allow.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string render(const Screen& screen) const;

 private:
  std::vector<size_t> widths(const Screen& screen) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace stepwell::cli
