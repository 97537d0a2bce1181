// Many WebSocket subscribers from one thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace stepwell::bench {

class Crowd {
 public:
  // Connects `count` subscribers to 127.0.0.1:port and waits until all are. Those that do not read
  // have small buffers.
  Crowd(uint16_t port, const std::string& path, int count, bool reads);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Waits until all together have got so many messages since they connected; false after a minute.
  bool wait_for(uint64_t messages) const;
  uint64_t messages() const { return messages_.load(); }

  // How long each message took whose data is a string that begins with the time of its publication,
  // as stamp() writes it. After the last of them has come.
  std::vector<double> take_millis();

  // The time, as 20 digits.
  static std::string stamp();

 private:
  struct Member {
    int socket = -1;
    std::string rest;  // a frame that has not come to its end
  };

  void connect(uint16_t port, const std::string& path, bool reads);
  void read_all();
  void read(Member& member);

  std::vector<Member> members_;
  std::vector<double> millis_;
  int epoll_ = -1;
  std::atomic<uint64_t> messages_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace stepwell::bench
