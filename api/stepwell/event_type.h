// Events with a type: what a name promises about the data.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "stepwell/duration.h"
#include "stepwell/fields.h"

namespace stepwell {

// The name of an event and the type of its data, as a constant:
//   inline constexpr EventType<LikePost> post_like{"post/like"};
template <class T>
struct EventType {
  std::string_view name;  // text that lives as long as the program
};

// An event as functions see it.
template <class T>
struct TypedEvent {
  std::string name;
  std::string id;  // the sender's id, or the engine's when the sender gave none
  T data{};
  RawJson user;                                           // a JSON object
  std::string version;                                    // empty: none
  std::chrono::sys_time<std::chrono::milliseconds> ts{};  // when it happened, says its sender
};

// An event with data of any shape.
template <class T>
void decode(const Decoder& decoder, TypedEvent<T>& event) {
  static constexpr std::string_view kNames[] = {"name", "id", "data", "user", "v", "ts"};
  std::optional<Decoder> found[std::size(kNames)];
  decoder.members(kNames, found);
  if (found[0]) decode(*found[0], event.name);
  if (found[1]) decode(*found[1], event.id);
  detail::decode_member("event", "data", found[2], event.data, detail::MissingMember::kIsError);
  if (found[3]) decode(*found[3], event.user);
  if (found[4]) decode(*found[4], event.version);
  if (found[5]) event.ts = decltype(event.ts)(std::chrono::milliseconds(found[5]->as_int64()));
}

// An event to send:  NewEvent(post_like, like).with_id("like-1")
class NewEvent {
 public:
  // `data` must become a JSON object.
  template <class T>
  NewEvent(const EventType<T>& type, const std::type_identity_t<T>& data)
      : NewEvent(type.name, RawJson(to_json_text(data))) {}
  // An event whose name or shape is known only at run time.
  NewEvent(std::string_view name, const RawJson& data) : name_(name), data_(data.text()) {}

  // Copies with the same id start no second run of a function for 24 hours.
  NewEvent&& with_id(std::string_view id) && { return std::move(set_id(id)); }
  // A time in the future: the runs that it triggers start then.
  template <class Duration>
  NewEvent&& with_ts(std::chrono::time_point<std::chrono::system_clock, Duration> ts) && {
    ts_ = decltype(ts_)(detail::floor_milliseconds(ts.time_since_epoch()));
    return std::move(*this);
  }
  // Who it is about: a JSON object.
  NewEvent&& with_user(const RawJson& user) && {
    user_ = user.text();
    return std::move(*this);
  }

  // What was given. The id may be empty, the time zero, both texts are JSON.
  const std::string& name() const { return name_; }
  const std::string& id() const { return id_; }
  const std::string& data() const { return data_; }
  const std::string& user() const { return user_; }
  std::chrono::sys_time<std::chrono::milliseconds> ts() const { return ts_; }

 private:
  NewEvent& set_id(std::string_view id) {
    id_ = id;
    return *this;
  }

  std::string name_;
  std::string id_;
  std::string data_;
  std::string user_ = "{}";
  std::chrono::sys_time<std::chrono::milliseconds> ts_{};
};

// The type of inngest/function.failed: what a function for failures is given.
struct FunctionFailed {
  struct Failure {
    std::string name;
    std::string message;
    std::optional<std::string> stack;
  };
  std::string function_id;
  std::string run_id;
  Failure error;
  RawJson event;  // the event that had triggered the run
};
STEPWELL_FIELDS(FunctionFailed::Failure, name, message, stack);
STEPWELL_FIELDS(FunctionFailed, function_id, run_id, error, event);

inline constexpr EventType<FunctionFailed> function_failed{"inngest/function.failed"};

}  // namespace stepwell
