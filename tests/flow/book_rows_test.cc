#include "engine/flow/book_rows.h"

#include <doctest/doctest.h>

namespace stepwell::flow {
namespace {

constexpr Time kNow{Duration(1'790'000'000'000)};
const Place kPlace{"f", "k"};
const InvokedBy kInvoker{7, StepKey::of("call")};

}  // namespace

TEST_CASE("a debounce comes back from its row") {
  DebounceWindow window{.no = 1, .place = kPlace, .first_event = 2, .event = 3, .ts = kNow};
  window.opened_at = kNow - Duration(5);
  window.due = kNow + Duration(9);
  window.events = 4;
  for (const bool is_full : {false, true}) {
    window.has_user_id = is_full;
    if (is_full) window.invoker = kInvoker;
    const auto back = debounce_of(kPlace, 1, window.due, row_of(window));
    REQUIRE(back);
    CHECK(back->no == 1);
    CHECK(back->place == kPlace);
    CHECK(back->first_event == 2);
    CHECK(back->event == 3);
    CHECK(back->ts == kNow);
    CHECK(back->opened_at == window.opened_at);
    CHECK(back->due == window.due);
    CHECK(back->events == 4);
    CHECK(back->has_user_id == is_full);
    CHECK(back->invoker == window.invoker);
  }
}

TEST_CASE("a batch and its events come back from their rows") {
  EventBatch batch{.no = 1, .place = kPlace, .opened_at = kNow};
  const auto back = batch_of(kPlace, 1, kNow + Duration(9), row_of(batch));
  REQUIRE(back);
  CHECK(back->opened_at == kNow);
  CHECK(back->due == kNow + Duration(9));
  const BatchedEvent event{
      .pos = 2, .row = 3, .bytes = 40, .has_user_id = true, .invoker = kInvoker};
  const auto row = batched_event_of(3, row_of(BatchedEventRow{1, event}));
  REQUIRE(row);
  CHECK(row->batch == 1);
  CHECK(row->event.pos == 2);
  CHECK(row->event.row == 3);
  CHECK(row->event.bytes == 40);
  CHECK(row->event.has_user_id);
  CHECK(row->event.invoker == kInvoker);
}

TEST_CASE("starts come back from their row") {
  const RateEntry entry{5, kNow, 12};
  CHECK(rate_of(5, kNow, row_of(entry)) == entry);
}

TEST_CASE("a row that says too little is not understood") {
  for (const char* data : {"", "{}", "[]", "{\"e\":1}", R"({"b":1,"e":2,"n":3,"r":4,"s":"x"})"}) {
    CHECK_MESSAGE(!debounce_of(kPlace, 1, kNow, data), data);
    CHECK_MESSAGE(!batch_of(kPlace, 1, kNow, data), data);
    CHECK_MESSAGE(!batched_event_of(1, data), data);
  }
  CHECK_FALSE(rate_of(1, kNow, "{}"));
}

}  // namespace stepwell::flow
