// Where realtime messages go: a channel names the stream, a topic the kind of message in it. An
// application writes a struct for each channel, with a member for each of its topics:
//
//   struct PostChannel {
//     explicit PostChannel(std::string_view id) : name("post:" + std::string(id)) {}
//     std::string name;
//     Topic<PostUpdated> updated{name, "updated"};
//   };
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace stepwell {

// A topic of a channel; its messages are of type T.
template <class T>
class Topic {
 public:
  // Copies both names.
  Topic(std::string_view channel, std::string_view name) : channel_(channel), name_(name) {}

  // The names, as subscribers give them.
  const std::string& channel() const { return channel_; }
  const std::string& name() const { return name_; }

 private:
  std::string channel_;
  std::string name_;
};

namespace detail {

// Whether a topic of T takes a D: what becomes a T by itself, but for fractions that would be cut.
template <class T, class D>
inline constexpr bool is_payload_of_v =
    std::is_convertible_v<D, const T&> &&
    !(std::is_integral_v<T> && std::is_floating_point_v<std::remove_cvref_t<D>>);

}  // namespace detail
}  // namespace stepwell
