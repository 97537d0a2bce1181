#include "engine/flow/debounce_book.h"

#include <doctest/doctest.h>

namespace stepwell::flow {
namespace {

using namespace std::chrono_literals;
using Effect = DebounceBook::Effect;

constexpr Time kNow{Duration(1'790'000'000'000)};
const Place kPlace{"f", "k"};
const Debounce kConfig{3s, "", std::nullopt};

DebounceArrival arrival(Position event, Time now) {
  return {.event = event, .ts = now, .now = now};
}

InvokedBy invoker(RunNo run) {
  return {run, StepKey::of("call")};
}

}  // namespace

TEST_CASE("a later event takes the place of the one that is there and moves the end") {
  DebounceBook book;
  const DebounceBook::Outcome opened = book.add(kPlace, kConfig, arrival(1, kNow), 100);
  REQUIRE(opened.effect == Effect::kOpened);
  CHECK(opened.window->due == kNow + 3s);
  const DebounceBook::Outcome replaced = book.add(kPlace, kConfig, arrival(2, kNow + 2s), 101);
  CHECK(replaced.effect == Effect::kReplaced);
  CHECK(replaced.window->no == 100);
  CHECK(replaced.window->event == 2);
  CHECK(replaced.window->due == kNow + 5s);
  // The same time: the one that came later.
  CHECK(book.add(kPlace, kConfig, arrival(3, kNow + 2s), 102).effect == Effect::kReplaced);
  CHECK(book.add({"f", "other"}, kConfig, arrival(4, kNow), 103).effect == Effect::kOpened);
  CHECK(book.add({"g", "k"}, kConfig, arrival(4, kNow), 104).effect == Effect::kOpened);
  CHECK(book.size() == 3);
}

TEST_CASE("an older event neither replaces nor extends") {
  DebounceBook book;
  book.add(kPlace, kConfig, arrival(1, kNow), 100);
  DebounceArrival old = arrival(2, kNow + 2s);
  old.ts = kNow - 1ms;
  old.invoker = invoker(7);
  const DebounceBook::Outcome outcome = book.add(kPlace, kConfig, old, 101);
  CHECK(outcome.effect == Effect::kOlder);
  CHECK(outcome.displaced == invoker(7));
  CHECK(book.find(100)->event == 1);
  CHECK(book.find(100)->due == kNow + 3s);
}

TEST_CASE("a window lasts no longer than its timeout") {
  DebounceBook book;
  const Debounce config{3s, "", 5s};
  for (int i = 0; i < 5; ++i) {
    book.add(kPlace, config, arrival(static_cast<Position>(i + 1), kNow + i * 1s), 100);
  }
  CHECK(book.find(100)->due == kNow + 5s);
  CHECK(book.open_window(kPlace, kNow + 5s - 1ms) != nullptr);
  CHECK(book.open_window(kPlace, kNow + 5s) == nullptr);
  // Due is over, whether or not somebody has looked: what comes now is of the next window.
  const DebounceBook::Outcome next = book.add(kPlace, config, arrival(9, kNow + 5s), 200);
  CHECK(next.effect == Effect::kOpened);
  CHECK(next.window->no == 200);
  book.remove(100);
  CHECK(book.open_window(kPlace, kNow + 6s)->no == 200);
  book.remove(200);
  CHECK(book.size() == 0);
}

TEST_CASE("what comes while a window's event is read is of the next window") {
  DebounceBook book;
  book.add(kPlace, kConfig, arrival(1, kNow), 100);
  book.close(*book.find(100));
  // The clock jumped back: a window that was closed stays so.
  CHECK(book.add(kPlace, kConfig, arrival(2, kNow + 1s), 101).effect == Effect::kOpened);
  CHECK(book.find(100)->event == 1);
}

TEST_CASE("who waits for an event that is replaced is named, once") {
  DebounceBook book;
  DebounceArrival first = arrival(1, kNow);
  first.invoker = invoker(7);
  CHECK_FALSE(book.add(kPlace, kConfig, first, 100).displaced);
  DebounceArrival second = arrival(2, kNow + 1s);
  second.invoker = invoker(8);
  CHECK(book.add(kPlace, kConfig, second, 101).displaced == invoker(7));
  CHECK(book.add(kPlace, kConfig, arrival(3, kNow + 1s), 102).displaced == invoker(8));
  CHECK_FALSE(book.add(kPlace, kConfig, arrival(4, kNow + 1s), 103).displaced);
}

TEST_CASE("a copy of an event that is or was in the window changes nothing") {
  DebounceBook book;
  DebounceArrival first = arrival(5, kNow);
  first.has_user_id = true;
  book.add(kPlace, kConfig, first, 100);
  DebounceArrival copy = arrival(6, kNow + 1s);
  copy.has_user_id = true;
  copy.copies = {5};
  CHECK(book.add(kPlace, kConfig, copy, 101).effect == Effect::kCopy);
  CHECK(book.add({"f", "other"}, kConfig, copy, 101).effect == Effect::kCopy);
  CHECK(book.add({"g", "k"}, kConfig, copy, 101).effect == Effect::kOpened);
  CHECK(book.find(100)->due == kNow + 3s);
  book.add(kPlace, kConfig, arrival(7, kNow + 1s), 102);
  CHECK(book.add(kPlace, kConfig, copy, 103).effect == Effect::kCopy);  // it was replaced
  copy.copies = {4};                                                    // before there was a window
  CHECK(book.add(kPlace, kConfig, copy, 104).effect == Effect::kReplaced);
  book.remove(100);
  copy.copies = {6};
  CHECK(book.add(kPlace, kConfig, copy, 105).effect == Effect::kOpened);
}

}  // namespace stepwell::flow
