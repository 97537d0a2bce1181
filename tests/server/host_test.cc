#include "api/server/host.h"

#include <doctest/doctest.h>

#include <future>

#include "api/server/http_server.h"
#include "storage/memory/memory_journal.h"
#include "tests/server/http_client.h"

namespace stepwell::server {
namespace {

HostOptions options_with(std::unique_ptr<storage::Journal> journal) {
  HostOptions options;
  options.service.port = 0;
  options.journal = std::move(journal);
  return options;
}

}  // namespace

TEST_CASE("a host serves, stops, and what it took is there at the next start") {
  auto memory = std::make_unique<storage::MemoryJournal>();
  storage::MemoryJournal& journal = *memory;
  std::string id;
  {
    auto host = Host::start(options_with(std::move(memory)));
    REQUIRE(host.ok());
    REQUIRE((*host)->wait_until_serving().ok());
    const Reply reply = post_to((*host)->port(), "/e/any", R"({"name":"a"})");
    REQUIRE(reply.status == 200);
    id = reply.body.substr(9, 26);
    memory = journal.intrude();
    (*host)->stop();
    CHECK((*host)->runtime().state() == runtime::RuntimeState::kStopped);
    CHECK_THROWS(HttpClient((*host)->port()));
    (*host)->stop();
  }
  auto again = Host::start(options_with(std::move(memory)));
  REQUIRE(again.ok());
  REQUIRE((*again)->wait_until_serving().ok());
  CHECK(fetch((*again)->port(), "/v1/events/" + id).status == 200);
}

TEST_CASE("options that are wrong, and a port that is taken, are errors") {
  HostOptions without_keys = options_with(std::make_unique<storage::MemoryJournal>());
  without_keys.service.mode = Mode::kServe;
  CHECK(Host::start(std::move(without_keys)).error().code == ErrorCode::kInvalid);

  // Nobody asks for keys in dev mode: whoever reached the address could do anything.
  for (const char* address : {"0.0.0.0", "::", "192.168.0.7", "::ffff:127.0.0.1"}) {
    HostOptions open = options_with(std::make_unique<storage::MemoryJournal>());
    open.service.addresses = {"127.0.0.1", address};
    const Result<std::unique_ptr<Host>> host = Host::start(std::move(open));
    REQUIRE(!host.ok());
    CHECK(host.error().code == ErrorCode::kInvalid);
    CHECK(host.error().message.find(std::string("to listen on ") + address) != std::string::npos);
  }
  CHECK(validate({.mode = Mode::kDev, .addresses = {"127.0.0.2", "::1"}}).ok());
  CHECK(validate({.mode = Mode::kServe,
                  .event_keys = {"event"},
                  .signing_keys = {"00ff"},
                  .addresses = {"0.0.0.0"}})
            .ok());

  auto first = Host::start(options_with(std::make_unique<storage::MemoryJournal>()));
  REQUIRE(first.ok());
  HostOptions same_port = options_with(std::make_unique<storage::MemoryJournal>());
  same_port.service.port = (*first)->port();
  const auto second = Host::start(std::move(same_port));
  REQUIRE(!second.ok());
  CHECK(second.error().message.find("already in use") != std::string::npos);
  CHECK(second.error().code == ErrorCode::kConflict);
  CHECK(check_port_is_free("127.0.0.1", (*first)->port()).error().code == ErrorCode::kConflict);
  CHECK(check_port_is_free("127.0.0.1", 0).ok());
  CHECK(check_port_is_free("localhost", 1).error().code == ErrorCode::kInvalid);
}

TEST_CASE("a journal that cannot be trusted any more ends all answers, and is reported") {
  auto memory = std::make_unique<storage::MemoryJournal>();
  storage::MemoryJournal& journal = *memory;
  std::promise<storage::CommitOutcome> failure;
  HostOptions options = options_with(std::move(memory));
  options.on_fatal = [&](storage::CommitOutcome outcome, const std::string&) {
    failure.set_value(outcome);
  };
  auto host = Host::start(std::move(options));
  REQUIRE(host.ok());
  REQUIRE((*host)->wait_until_serving().ok());
  journal.inject(storage::CommitFault::kUnknownApplied);
  HttpClient client((*host)->port());
  client.post("/e/any", R"({"name":"a"})");
  CHECK(client.is_closed());  // neither yes nor no
  CHECK(failure.get_future().get() == storage::CommitOutcome::kUnknown);
  CHECK(fetch((*host)->port(), "/health").status == 503);
  HttpClient later((*host)->port());
  later.post("/e/any", R"({"name":"a"})");
  CHECK(later.is_closed());
}

TEST_CASE("while the disk is full both healths say so") {
  auto memory = std::make_unique<storage::MemoryJournal>();
  storage::MemoryJournal& journal = *memory;
  HostOptions options = options_with(std::move(memory));
  options.runtime.retry_pause = std::chrono::seconds(30);
  auto host = Host::start(std::move(options));
  REQUIRE(host.ok());
  REQUIRE((*host)->wait_until_serving().ok());
  CHECK(fetch((*host)->port(), "/v2/health").status == 200);
  journal.inject(storage::CommitFault::kNoSpace);
  CHECK(post_to((*host)->port(), "/e/any", R"({"name":"a"})").status == 503);
  CHECK(fetch((*host)->port(), "/health").status == 503);
  const Reply second = fetch((*host)->port(), "/v2/health");
  CHECK(second.status == 503);
  CHECK(second.body.find("the disk is full") != std::string::npos);
}

TEST_CASE("a full disk is a 503 that asks the sender to try again") {
  auto memory = std::make_unique<storage::MemoryJournal>();
  storage::MemoryJournal& journal = *memory;
  HostOptions options = options_with(std::move(memory));
  std::promise<bool> told_full;
  std::promise<bool> told_room;
  options.on_space = [&](bool is_out) { (is_out ? told_full : told_room).set_value(is_out); };
  options.runtime.retry_pause = std::chrono::milliseconds(5);
  auto host = Host::start(std::move(options));
  REQUIRE(host.ok());
  REQUIRE((*host)->wait_until_serving().ok());
  journal.inject(storage::CommitFault::kNoSpace);
  const Reply refused = post_to((*host)->port(), "/e/any", R"({"name":"a"})");
  CHECK(refused.status == 503);
  CHECK(!refused.header("retry-after").empty());
  CHECK(told_full.get_future().get());  // once each: a promise takes no second value
  CHECK(!told_room.get_future().get());
}

}  // namespace stepwell::server
