#include "engine/flow/batch_book.h"

#include <doctest/doctest.h>

namespace stepwell::flow {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};
const Place kPlace{"f", "k"};
const Batching kConfig{.max_size = 3, .timeout = 5s};

struct Sender {
  BatchBook book;
  Position last = 0;

  BatchBook::Outcome add(const Place& place, Time now, size_t bytes = 10,
                         const std::vector<Position>& copies = {}) {
    const Position pos = ++last;
    return book.add(place, kConfig, {.pos = pos, .row = pos, .bytes = bytes, .has_user_id = true},
                    copies, now, 1000 + pos);
  }
};

}  // namespace

TEST_CASE("a batch is full at its size, and the next event opens another") {
  Sender s;
  const BatchBook::Outcome first = s.add(kPlace, kNow);
  CHECK(first.is_new);
  CHECK_FALSE(first.is_full);
  CHECK(first.batch->due == kNow + 5s);
  CHECK_FALSE(s.add(kPlace, kNow + 4s).is_full);
  const BatchBook::Outcome third = s.add(kPlace, kNow + 4s);
  CHECK(third.is_full);
  CHECK(third.batch->due == kNow + 5s);  // a timeout after its first event
  s.book.close(*third.batch);
  const BatchBook::Outcome fourth = s.add(kPlace, kNow + 4s);
  CHECK(fourth.is_new);
  CHECK(s.book.find(1001)->events == std::vector<Position>{1, 2, 3});
  CHECK(s.book.find(1001)->rows == std::vector<RowRange>{{1, 3}});
  CHECK(s.book.find(1004)->events == std::vector<Position>{4});
  s.book.remove(1001);
  CHECK(s.book.open_batch(kPlace, kNow + 4s)->no == 1004);
}

TEST_CASE("a batch knows the rows of its events among those of other keys") {
  Sender s;
  const Place other{"f", "other"};
  for (const Place& place : {kPlace, kPlace, other, kPlace}) s.add(place, kNow);
  s.add({"g", "k"}, kNow);  // has rows of its own
  s.add(other, kNow);
  s.add(other, kNow);
  CHECK(s.book.find(1001)->rows == std::vector<RowRange>{{1, 2}, {4, 4}});
  CHECK(s.book.find(1003)->rows == std::vector<RowRange>{{3, 3}, {6, 7}});
}

TEST_CASE("a batch that is due takes nothing more, whether or not it was looked at") {
  Sender s;
  s.add(kPlace, kNow);
  CHECK_FALSE(s.add(kPlace, kNow + 5s - 1ms).is_new);
  CHECK(s.add(kPlace, kNow + 5s).is_new);
}

TEST_CASE("keys and functions have batches of their own") {
  Sender s;
  s.add(kPlace, kNow);
  CHECK(s.add({"f", "other"}, kNow).is_new);
  CHECK(s.add({"g", "k"}, kNow).is_new);
  CHECK(s.book.size() == 3);
}

TEST_CASE("no batch is larger than its bytes") {
  Sender s;
  s.add(kPlace, kNow, kBatchBytesMax - 10);
  const BatchBook::Outcome exact = s.add(kPlace, kNow, 10);
  CHECK(exact.without == nullptr);
  CHECK(exact.is_full);
  s.book.close(*exact.batch);
  s.add(kPlace, kNow, kBatchBytesMax - 10);
  const BatchBook::Outcome over = s.add(kPlace, kNow, 11);
  REQUIRE(over.without != nullptr);
  CHECK(over.without->events == std::vector<Position>{3});
  CHECK(over.is_new);
  CHECK(over.batch->events == std::vector<Position>{4});
}

TEST_CASE("a batch that a smaller size made full starts without the next event") {
  Sender s;
  s.add(kPlace, kNow);
  s.add(kPlace, kNow);
  const Batching smaller{.max_size = 2, .timeout = 5s};
  const BatchBook::Outcome next =
      s.book.add(kPlace, smaller, {.pos = 9, .row = 9, .bytes = 1}, {}, kNow, 1009);
  REQUIRE(next.without != nullptr);
  CHECK(next.without->events.size() == 2);
  CHECK(next.batch->events == std::vector<Position>{9});
}

TEST_CASE("a copy of an event that is in a batch of the function is ignored") {
  Sender s;
  s.add(kPlace, kNow);
  CHECK(s.add(kPlace, kNow, 10, {1}).is_copy);
  CHECK(s.add({"f", "other"}, kNow, 10, {1}).is_copy);
  CHECK_FALSE(s.add({"g", "k"}, kNow, 10, {1}).is_copy);
  CHECK(s.book.find(1001)->events == std::vector<Position>{1});
  s.book.remove(1001);  // from here on the run itself is what a look-up finds
  CHECK_FALSE(s.add(kPlace, kNow, 10, {1}).is_copy);
}

TEST_CASE("what was kept of a batch is the batch") {
  BatchBook book;
  book.recover({.no = 1, .place = kPlace, .opened_at = kNow, .due = kNow + 5s});
  const InvokedBy invoker{7, StepKey::of("call")};
  book.recover_event(1, {.pos = 2, .row = 3, .bytes = 10, .has_user_id = true});
  book.recover_event(1, {.pos = 4, .row = 5, .bytes = 20, .invoker = invoker});
  const EventBatch* batch = book.open_batch(kPlace, kNow);
  REQUIRE(batch != nullptr);
  CHECK(batch->events == std::vector<Position>{2, 4});
  CHECK(batch->bytes == 30);
  CHECK(batch->rows == std::vector<RowRange>{{3, 5}});
  CHECK(batch->invokers == std::vector{invoker});
  CHECK(book.add(kPlace, kConfig, {.pos = 9, .row = 9}, {2}, kNow, 8).is_copy);
}

}  // namespace stepwell::flow
