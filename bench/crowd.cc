#include "bench/crowd.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace stepwell::bench {
namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr uint8_t kTextFrame = 0x81;

int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

// The size of the frame at the front of `bytes`, 0 if it is not complete; `payload` is its text.
size_t read_frame(std::string_view bytes, std::string_view& payload) {
  if (bytes.size() < 2) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  size_t head = 2;
  size_t size = byte(1);
  if (size >= 126) {
    const size_t count = size == 126 ? 2 : 8;
    head += count;
    if (bytes.size() < head) return 0;
    size = 0;
    for (size_t i = 2; i < head; ++i) size = size << 8 | byte(i);
  }
  if (bytes.size() < head + size) return 0;
  payload = bytes.substr(head, size);
  return head + size;
}

}  // namespace

std::string Crowd::stamp() {
  return fmt::format("{:020}", now_ns());
}

Crowd::Crowd(uint16_t port, const std::string& path, int count, bool reads)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  members_.reserve(static_cast<size_t>(count));  // epoll holds pointers to them
  for (int i = 0; i < count; ++i) connect(port, path, reads);
  if (reads) thread_ = std::thread([this] { read_all(); });
}

Crowd::~Crowd() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
  for (const Member& member : members_) ::close(member.socket);
  ::close(epoll_);
}

void Crowd::connect(uint16_t port, const std::string& path, bool reads) {
  Member member;
  member.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!reads) {
    const int bytes = 4096;
    ::setsockopt(member.socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(member.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("a subscriber cannot connect: is the limit of open files too low?");
  }
  const std::string request = "GET " + path +
                              " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  ::send(member.socket, request.data(), request.size(), MSG_NOSIGNAL);
  // The head of the answer ends with an empty line; a ping may follow.
  while (member.rest.find("\r\n\r\n") == std::string::npos) {
    char buffer[1024];
    const ssize_t got = ::recv(member.socket, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("a subscriber was not answered");
    member.rest.append(buffer, static_cast<size_t>(got));
  }
  if (!member.rest.starts_with("HTTP/1.1 101")) {
    throw std::runtime_error("a subscriber was refused: " + member.rest);
  }
  member.rest.erase(0, member.rest.find("\r\n\r\n") + 4);
  members_.push_back(std::move(member));
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &members_.back()}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, members_.back().socket, &event);
}

void Crowd::read_all() {
  epoll_event events[256];
  while (!is_over_) {
    const int ready = ::epoll_wait(epoll_, events, 256, 20);
    for (int i = 0; i < ready; ++i) read(*static_cast<Member*>(events[i].data.ptr));
  }
}

void Crowd::read(Member& member) {
  static thread_local char buffer[kReadBytes];
  const ssize_t got = ::recv(member.socket, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got <= 0) return;
  std::string_view bytes(buffer, static_cast<size_t>(got));
  if (!member.rest.empty()) {
    member.rest.append(bytes);
    bytes = member.rest;
  }
  uint64_t messages = 0;
  const int64_t now = now_ns();
  std::string_view payload;
  for (size_t size = read_frame(bytes, payload); size > 0; size = read_frame(bytes, payload)) {
    const bool is_text = static_cast<uint8_t>(bytes.front()) == kTextFrame;
    bytes.remove_prefix(size);
    if (!is_text) continue;
    ++messages;
    constexpr std::string_view kData = R"("data":")";
    const size_t data = payload.find(kData, kData.size());
    int64_t then = 0;
    if (data != std::string_view::npos) {
      const char* begin = payload.data() + data + kData.size();
      std::from_chars(begin, begin + 20, then);
    }
    if (then != 0) millis_.push_back(static_cast<double>(now - then) / 1e6);
  }
  member.rest = std::string(bytes);
  messages_ += messages;
}

bool Crowd::wait_for(uint64_t messages) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (messages_ < messages) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::vector<double> Crowd::take_millis() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
  return std::move(millis_);
}

}  // namespace stepwell::bench
