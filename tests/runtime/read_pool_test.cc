#include "engine/runtime/read_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>

#include "storage/memory/memory_journal.h"

namespace stepwell::runtime {
namespace {

std::vector<std::unique_ptr<storage::JournalReader>> readers(storage::Journal& journal, int count) {
  std::vector<std::unique_ptr<storage::JournalReader>> made;
  for (int i = 0; i < count; ++i) made.push_back(std::move(*journal.open_reader()));
  return made;
}

TEST_CASE("a full queue refuses, and what was queued runs before the pool ends") {
  storage::MemoryJournal journal;
  std::promise<void> is_busy;
  std::promise<void> go_on;
  std::atomic<int> ran{0};
  {
    ReadPool pool(readers(journal, 1), 2);
    REQUIRE(pool.submit([&](storage::JournalReader&) {
      is_busy.set_value();
      go_on.get_future().wait();
      ++ran;
    }));
    is_busy.get_future().wait();
    CHECK(pool.submit([&](storage::JournalReader&) { ++ran; }));
    CHECK(pool.submit([&](storage::JournalReader&) { ++ran; }));
    CHECK_FALSE(pool.submit([&](storage::JournalReader&) { ++ran; }));
    go_on.set_value();
  }
  CHECK(ran == 3);
}

TEST_CASE("each thread has a reader of its own") {
  storage::MemoryJournal journal;
  std::set<storage::JournalReader*> used;
  std::mutex mutex;
  std::promise<void> both[2];
  {
    ReadPool pool(readers(journal, 2), 10);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(pool.submit([&, i](storage::JournalReader& reader) {
        {
          std::lock_guard lock(mutex);
          used.insert(&reader);
        }
        both[i].set_value();  // neither goes on before the other is there
        both[1 - i].get_future().wait();
      }));
    }
  }
  CHECK(used.size() == 2);
}

}  // namespace
}  // namespace stepwell::runtime
