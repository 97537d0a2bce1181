#include "tests/simulation/body.h"

#include <fmt/core.h>

#include "schema/json.h"
#include "tests/simulation/process.h"

namespace stepwell::sim {

void BodyRunner::start(BodyCall call, const Later& later, Done done) {
  const Statement& statement = *call.statement;
  const int execution = host_.executions_[statement.id]++;
  host_.ledger_.body_started(
      {call.run, call.op.key, call.op.id, call.attempt, false, "", call.call});
  if (execution < statement.kills) return host_.die("killed by \"" + statement.id + "\"");
  // Behind HTTP, a step that sends events is a body that sends them.
  const std::vector<Event>& events =
      statement.kind == Statement::Kind::kSend ? statement.events : statement.emits;
  for (const Event& event : events) {
    Event sent = event;
    if (sent.id.empty()) sent.id = fmt::format("{}-from-{}", call.run.to_string(), statement.id);
    host_.send_at(host_.world_.elapsed() + statement.takes / 2, sent);
  }
  Duration takes = statement.takes;
  if (host_.strikes(host_.options_.faults.slow_bodies)) takes += kSlowBody;
  const uint64_t jitter = static_cast<uint64_t>(host_.options_.delay_max.count()) + 1;
  later(takes + Duration(host_.delays_.below(jitter)), [this, call = std::move(call),
                                                        done = std::move(done)] {
    StepOp op = ended(*call.statement, call.op, call.attempt);
    const auto* returned = std::get_if<StepReturned>(&op.body);
    host_.ledger_.body_finished({call.run, call.op.key, call.op.id, call.attempt,
                                 returned != nullptr, returned ? returned->data : "", call.call});
    done(std::move(op));
  });
}

StepOp BodyRunner::ended(const Statement& statement, StepOp op, int attempt) {
  std::vector<Publication> publications;
  for (const std::string& channel : statement.channels) {
    publications.push_back({channel, "said", json_quote(statement.id)});
  }
  if (attempt < statement.count) {
    op.body = StepThrew{.error = {.message = fmt::format("attempt {} fails", attempt)},
                        .retriable = statement.is_retriable,
                        .retry_after = statement.retry_after,
                        .publications = std::move(publications)};
    return op;
  }
  // No two executions return the same, so that it shows which one was recorded.
  JsonWriter data;
  data.begin_object().key("step").string(statement.id).key("execution");
  data.integer(++host_.last_nonce_).end_object();
  op.body = StepReturned{data.take(), std::move(publications)};
  return op;
}

}  // namespace stepwell::sim
