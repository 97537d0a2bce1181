#include "stepwell/engine.h"

#include "api/embedded/engine_impl.h"
#include "api/embedded/requests.h"

namespace stepwell {
namespace {

RunId parse_run_id(std::string_view text) {
  std::optional<RunId> id = RunId::parse(text);
  if (!id) {
    throw EngineError(EngineError::Code::kInvalid,
                      "\"" + std::string(text) + "\" is no run id: it has 26 characters");
  }
  return *id;
}

}  // namespace

JournalOptions sqlite(std::string path, Durability durability) {
  if (path.empty()) {
    throw EngineError(EngineError::Code::kInvalid,
                      "the path of the journal is empty: name a file, or say in_memory()");
  }
  return {std::move(path), durability};
}

JournalOptions in_memory() {
  return {};
}

Engine::Engine(EngineOptions options)
    : impl_(std::make_unique<detail::EngineImpl>(std::move(options))) {}
Engine::~Engine() = default;

std::string_view Engine::add(FunctionOptions options,
                             std::shared_ptr<const detail::FunctionCode> code) {
  return impl_->add(std::move(options), std::move(code));
}

void Engine::start() {
  impl_->start();
}
void Engine::stop() {
  impl_->stop();
}
int Engine::run() {
  return impl_->run();
}

std::string Engine::send(const NewEvent& event) {
  return send(std::vector<NewEvent>{event}).front();
}

std::vector<std::string> Engine::send(const std::vector<NewEvent>& events) {
  core::AcceptEvents input;
  for (const NewEvent& event : events) input.events.push_back(detail::item_of(event));
  std::vector<std::string> ids;
  for (const EventId& id : impl_->ask(std::move(input)).event_ids) ids.push_back(id.to_string());
  return ids;
}

void Engine::cancel(std::string_view run_id) {
  impl_->ask(core::CancelRun{.id = parse_run_id(run_id)});
}

std::string Engine::rerun(std::string_view run_id) {
  return impl_->ask(core::RerunRun{.id = parse_run_id(run_id)}).run->to_string();
}

void Engine::send_signal(std::string_view signal, const RawJson& data) {
  detail::check_json("the data of a signal", data.text());
  impl_->ask(core::SendSignal{.signal = std::string(signal), .data = data.text()});
}

std::string Engine::invoke(std::string_view function_id, const RawJson& data) {
  detail::check_json("what a function is invoked with", data.text());
  core::InvokeDirectly input{.function = FunctionId{std::string(function_id)}};
  input.event.data = data.text();
  const std::optional<RunId> run = impl_->ask(std::move(input)).run;
  return run ? run->to_string() : "";
}

std::optional<RunInfo> Engine::find_run(std::string_view run_id) {
  RunId id = parse_run_id(run_id);
  Result<std::optional<RunRecord>> found = Error{};
  impl_->query([&](storage::JournalReader& reader) { found = reader.find_run(id); });
  if (!found) detail::raise(found.error());
  if (!*found) return std::nullopt;
  return detail::run_info(**found);
}

std::vector<RunInfo> Engine::runs_of(std::string_view event_id) {
  Result<std::vector<RunRecord>> runs = std::vector<RunRecord>();
  impl_->query([&](storage::JournalReader& reader) {
    auto event = reader.find_event(event_id);
    if (!event) {
      runs = event.error();
    } else if (*event) {
      runs = reader.list_runs({.of_event = (*event)->pos, .limit = 1000});
    }
  });
  if (!runs) detail::raise(runs.error());
  std::vector<RunInfo> infos;
  for (const RunRecord& run : *runs) infos.push_back(detail::run_info(run));
  return infos;
}

void Engine::add_topic(const std::string& channel, const std::string& name, std::string schema) {
  impl_->add_topic({channel, name, std::move(schema)});
}

RunInfo Engine::wait_until_ended(std::string_view run_id, std::chrono::milliseconds timeout) {
  return impl_->wait_for(parse_run_id(run_id), timeout);
}

std::unique_ptr<Engine::Subscription> Engine::subscribe(
    std::string_view channel, std::string_view topic, std::function<void(const Message&)> callback,
    SubscribeOptions options) {
  realtime::TopicName name{std::string(channel), realtime::kEveryTopic};
  if (!topic.empty()) name.topic = std::string(topic);
  return impl_->subscribe(std::move(name), std::move(callback), std::move(options));
}

Engine::Subscription::~Subscription() {
  if (engine_ != nullptr) engine_->unsubscribe(number_, *listener_);
}

}  // namespace stepwell
