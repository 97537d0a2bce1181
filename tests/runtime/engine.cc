#include "tests/runtime/engine.h"

#include <filesystem>
#include <utility>

#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::runtime::testing {

void ScriptedDriver::start(core::Call call) {
  calls.push_back(call);
  on_call();
  if (is_holding) {
    held.push_back(std::move(call));
  } else {
    answer(call);
  }
}

void ScriptedDriver::answer(const core::Call& call) {
  size_t& seen = memos_[call.run->no];
  seen = call.is_cold ? call.memo.size() : seen + call.memo.size();
  const std::vector<StepOp>& script = scripts.at(call.run->function.slug);
  core::Reply reply{.call = call.id, .run = call.run->no};
  if (seen == script.size()) {
    reply.outcome = core::Returned{"\"done\""};
  } else if (!call.pending.empty()) {
    reply.outcome = core::Yielded{};
  } else {
    ++bodies[script[seen].id];
    reply.outcome = core::Yielded{{script[seen]}};
  }
  on_reply(std::move(reply));
}

namespace {

// A journal that outlives the engine that uses it.
class BorrowedJournal : public storage::Journal {
 public:
  explicit BorrowedJournal(storage::Journal& journal) : journal_(journal) {}
  Result<storage::Ownership> acquire(storage::ShardId shard) override {
    return journal_.acquire(shard);
  }
  storage::CommitResult commit(const storage::Batch& batch) override {
    return journal_.commit(batch);
  }
  storage::CommitResult maintain(bool idle) override { return journal_.maintain(idle); }
  Result<std::unique_ptr<storage::JournalReader>> open_reader() override {
    return journal_.open_reader();
  }

 private:
  storage::Journal& journal_;
};

}  // namespace

std::unique_ptr<storage::Journal> MemoryDisk::open() {
  opened_.push_back(content_.intrude());
  last = opened_.back().get();
  return std::make_unique<BorrowedJournal>(*last);
}

SqliteDisk::SqliteDisk() {
  folder_ = (std::filesystem::temp_directory_path() / "stepwell-runtime-XXXXXX").string();
  CHECK_INVARIANT(mkdtemp(folder_.data()) != nullptr, "a temporary folder can be made");
}

SqliteDisk::~SqliteDisk() {
  std::filesystem::remove_all(folder_);
}

std::unique_ptr<storage::Journal> SqliteDisk::open() {
  auto opened = storage::open_sqlite_journal({.path = folder_ + "/journal.db"});
  REQUIRE_MESSAGE(opened.ok(), opened.error().message);
  return std::move(*opened);
}

Engine::Engine(std::unique_ptr<storage::Journal> journal, RuntimeOptions options)
    : runtime(std::make_unique<Runtime>(loop, std::move(journal), options)) {
  driver.on_reply = [this](core::Reply reply) { runtime->reply(std::move(reply)); };
  driver.on_call = [this] { loop.stop(); };
  runtime->set_driver(DriverKind::kNative, &driver);
  runtime->on_publish(
      [this](const core::PublishedMessage& message) { published.push_back(message.data); });
  runtime->on_run_ended([this](const core::RunEnded& ended) {
    ends.push_back(ended);
    loop.stop();
  });
  runtime->on_fatal([this](storage::CommitOutcome outcome, const std::string&) {
    fatal = outcome;
    loop.stop();
  });
}

Result<void> Engine::start() {
  std::optional<Result<void>> recovered;
  Result<void> taken = runtime->start([&](Result<void> result) {
    recovered = std::move(result);
    loop.stop();
  });
  if (!taken) return taken;
  run_until([&] { return recovered.has_value(); });
  return *recovered;
}

void Engine::serve() {
  Result<void> started = start();
  REQUIRE_MESSAGE(started.ok(), started.error().message);
  core::RegisterFunctions input{.app = "app"};
  for (const auto& [slug, script] : driver.scripts) {
    FunctionConfig config{.id = {slug}, .app = "app"};
    config.triggers = {{"go/" + slug, ""}};
    input.functions.push_back(std::move(config));
  }
  core::Answer answer = ask(std::move(input));
  REQUIRE_FALSE(answer.error.has_value());
}

core::Answer Engine::ask(core::Input input) {
  std::optional<core::Answer> answer;
  runtime->submit(std::move(input), [&](core::Answer given) {
    answer = std::move(given);
    loop.stop();
  });
  run_until([&] { return answer.has_value(); });
  return *answer;
}

core::Answer Engine::send(const std::string& name, const std::string& id) {
  return ask(event(name, id));
}

void Engine::stop() {
  bool is_stopped = false;
  loop.post([&] {
    runtime->stop([&] {
      is_stopped = true;
      loop.stop();
    });
  });
  run_until([&] { return is_stopped; });
}

void Engine::turn() {
  bool is_over = false;
  loop.post([&] {
    is_over = true;
    loop.stop();
  });
  run_until([&] { return is_over; });
}

core::AcceptEvents event(std::string name, std::string id, std::string data) {
  core::AcceptEvents input;
  input.events.push_back(
      {.event = {.name = std::move(name), .id = std::move(id), .data = std::move(data)}});
  return input;
}

StepOp step(std::string id, decltype(StepOp::body) body) {
  StepOp made;
  made.key = StepKey::of(id);
  made.id = std::move(id);
  made.body = std::move(body);
  return made;
}

StepOp body_of(std::string id, std::string data) {
  return step(std::move(id), StepReturned{.data = data, .publications = {{"news", "steps", data}}});
}

StepOp sleep_for(std::string id, Duration duration) {
  return step(std::move(id), Sleep{.until = {.after = duration}});
}

}  // namespace stepwell::runtime::testing
