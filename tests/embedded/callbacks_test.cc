// What users' callbacks may do to an engine: throw, and end their own subscription.
#include <doctest/doctest.h>
#include <stepwell/stepwell.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace stepwell {
namespace {

using namespace std::chrono_literals;

struct Note {
  std::string text;
};
STEPWELL_FIELDS(Note, text);

constexpr EventType<Note> note_written{"note/written"};
const Topic<Note> kNotes{"notes", "new"};

// What was heard, across threads.
class Heard {
 public:
  void add(std::string text) {
    std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, 30s, [&] { return texts_.size() >= count; }));
    return texts_;
  }
  size_t count() {
    std::lock_guard lock(mutex_);
    return texts_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

// Publishes three messages in one commit; the first is no Note.
Task<void> publish_three(Context<Note> ctx) {
  co_await ctx.step.run("say", [&] {
    ctx.publish(Topic<int>{"notes", "new"}, 7);
    ctx.publish(kNotes, ctx.event.data);
    ctx.publish(kNotes, ctx.event.data);
  });
}

TEST_CASE("a message that does not fit the type of its subscriber is skipped with a warning") {
  Heard warnings;
  Heard notes;
  Engine engine(
      {.journal = in_memory(), .on_warning = [&](const std::string& line) { warnings.add(line); }});
  engine.function({.id = "publish"}, note_written, publish_three);
  engine.start();
  auto subscription = engine.subscribe(
      kNotes, std::function<void(const Note&)>([&](const Note& note) { notes.add(note.text); }));
  engine.send(note_written, {.text = "a"});
  CHECK(notes.wait_for(2) == std::vector<std::string>{"a", "a"});
  const std::vector<std::string> told = warnings.wait_for(1);
  CHECK(told.size() == 1);
  CHECK(told[0].find("a subscriber to \"notes\", topic \"new\": ") == 0);
}

TEST_CASE("what a callback throws, whatever it is, is a warning, and the next message comes") {
  Heard warnings;
  Heard messages;
  Engine engine({.journal = in_memory(), .on_warning = [&](const std::string& line) {
                   warnings.add(line);
                   throw std::runtime_error("the log is full");
                 }});
  engine.function({.id = "publish"}, note_written, publish_three);
  engine.start();
  auto subscription = engine.subscribe("notes", "", [&](const Message& message) {
    messages.add(message.data);
    if (message.data == "7") throw 7;
    throw std::runtime_error("no");
  });
  engine.send(note_written, {.text = "a"});
  CHECK(messages.wait_for(3).size() == 3);
  const std::vector<std::string> told = warnings.wait_for(3);
  CHECK(told[0].find("has thrown what is no std::exception") != std::string::npos);
  CHECK(told[1].find(": no") != std::string::npos);
}

TEST_CASE("what on_failure throws is a warning") {
  Heard warnings;
  Engine engine(
      {.journal = in_memory(), .on_warning = [&](const std::string& line) { warnings.add(line); }});
  engine.function({.id = "fail",
                   .on_failure =
                       [](const Failure& failure) {
                         throw std::runtime_error("nobody cares: " + failure.message);
                       }},
                  note_written, [](Context<Note>) -> Task<int> {
                    throw NonRetriableError("no way");
                    co_return 0;
                  });
  engine.start();
  engine.send(note_written, {.text = "a"});
  CHECK(warnings.wait_for(1)[0] == "on_failure: nobody cares: no way");
}

TEST_CASE("a callback that ends its own subscription is not called again") {
  Heard own;
  Heard others;
  Engine engine({.journal = in_memory()});
  engine.function({.id = "publish"}, note_written, publish_three);
  engine.start();
  std::unique_ptr<Engine::Subscription> subscription;
  subscription = engine.subscribe("notes", "", [&](const Message& message) {
    own.add(message.data);
    subscription.reset();
  });
  // Told behind the first one.
  auto other =
      engine.subscribe("notes", "", [&](const Message& message) { others.add(message.data); });
  engine.send(note_written, {.text = "a"});
  others.wait_for(3);
  CHECK(own.count() == 1);
}

TEST_CASE("what a callback holds goes with its subscription") {
  Engine engine({.journal = in_memory()});
  engine.start();
  auto held = std::make_shared<int>(1);
  auto subscription = engine.subscribe("notes", "", [held](const Message&) {});
  CHECK(held.use_count() == 2);
  subscription.reset();
  CHECK(held.use_count() == 1);
}

}  // namespace
}  // namespace stepwell
