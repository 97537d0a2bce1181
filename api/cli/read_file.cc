#include "api/cli/read_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace stepwell::cli {
namespace {

Error read_error(const std::string& name, int code) {
  if (code == EISDIR) return {ErrorCode::kIo, name + " is a directory"};
  if (code == ENOENT) return {ErrorCode::kNotFound, name + " does not exist"};
  return {ErrorCode::kIo, name + " cannot be read: " + std::strerror(code)};
}

Result<std::string> read_all(std::FILE* file, const std::string& name) {
  std::string text;
  char buffer[64 * 1024];
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
    text.append(buffer, count);
  }
  if (std::ferror(file) != 0) return read_error(name, errno);
  return text;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) return read_error(path, errno);
  return read_all(file.get(), path);
}

Result<std::string> read_standard_input() {
  return read_all(stdin, "standard input");
}

}  // namespace stepwell::cli
