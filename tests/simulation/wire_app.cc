#include "tests/simulation/wire_app.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "api/sdk/call_body.h"
#include "api/sdk/run_routes.h"
#include "api/sdk/signature.h"
#include "api/server/record_json.h"
#include "schema/jcs.h"
#include "tests/simulation/interpreter.h"

namespace stepwell::sim {
namespace {

// Code that throws outside of steps does so when it is called as a whole, not on its way to a step.
constexpr int kPastThrows = 1'000'000;
constexpr Duration kLateCheckpointMax = std::chrono::minutes(30);

bool has_race(const Body& body) {
  return std::any_of(body.begin(), body.end(), [](const Statement& statement) {
    return statement.kind == Statement::Kind::kRace ||
           std::any_of(statement.branches.begin(), statement.branches.end(), has_race);
  });
}

std::string_view field(const sdk::Exchange& request, std::string_view name) {
  for (const auto& [known, value] : request.headers) {
    if (server::equals_ignoring_case(known, name)) return value;
  }
  return "";
}

}  // namespace

const server::SigningKey& wire_signing_key() {
  static const server::SigningKey key =
      server::SigningKey::parse("signkey-test-8ee2262a15e8d3c42d6a840db7af3de2").value();
  return key;
}

WireApp::WireApp(Host& host) : host_(host), bodies_(host) {
  for (const AppFunction& function : host.functions_) {
    functions_.emplace(server::uuid_of(function.config.id.slug), &function);
  }
}

bool WireApp::is_genuine(const sdk::Exchange& request) {
  const std::string_view signature = field(request, sdk::kSignatureField);
  if (!host_.options_.wire.is_signed) return signature.empty();
  // As of the time that it names: the clock may have jumped meanwhile.
  constexpr std::string_view kTime = "t=";
  int64_t seconds = 0;
  if (!signature.starts_with(kTime)) return false;
  std::from_chars(signature.data() + kTime.size(), signature.data() + signature.size(), seconds);
  const Time signed_at{std::chrono::seconds(seconds)};
  if (!sdk::verify_signature({wire_signing_key()}, signature, request.body, signed_at)) {
    return false;
  }
  // SDKs bring the body into the canonical form before they check. Now and then, as it takes long.
  constexpr uint64_t kCanonicalEach = 16;
  if (signatures_++ % kCanonicalEach != 0) return true;
  const Result<std::string> canonical = canonicalize_json(request.body);
  return canonical && *canonical == request.body;
}

void WireApp::call(const sdk::Exchange& request, Answer answer) {
  Result<WireCall> call = read_wire_call(request.body);
  if (!call) return host_.ledger_.fail("wire", "a call is wrong: " + call.error().message);
  if (!is_genuine(request)) return host_.ledger_.fail("wire", "a call's signature is wrong");
  const auto function = functions_.find(call->function);
  if (function == functions_.end()) {
    return host_.ledger_.fail("wire", "a call of an unknown function");
  }
  auto work = std::make_shared<Work>();
  work->call = std::move(*call);
  work->function = function->second;
  work->answer = std::move(answer);
  work->checkpoints = work->function->checkpoints && !work->call.target && !work->call.plans_only &&
                      work->call.attempt == 0;
  work->call.target ? run_target(work) : run_function(work);
}

void WireApp::run_function(const SharedWork& work) {
  const WireCall& call = work->call;
  Progress progress = interpret({.program = work->function->program,
                                 .memo = call.memo,
                                 .pending = {},
                                 .attempt = call.attempt,
                                 .tells_seen = false,
                                 .is_behind_http = true});
  if (progress.threw) return answer(work, thrown_answer(*progress.threw));
  if (progress.returned) return answer(work, output_answer(*progress.returned, work->has_told));
  const RunNo run = host_.ledger_.history().run_by_id.at(call.run);
  for (const StepOp& op : progress.ops) host_.ledger_.op_sent({run, op.key, op.seen, false});
  // A body that is all that the code waits for runs at once.
  if (!call.plans_only && progress.ops.size() == 1) {
    const auto body = progress.bodies.find(progress.ops[0].key);
    if (body != progress.bodies.end()) {
      return run_body(work, *body->second, std::move(progress.ops[0]), 0);
    }
  }
  answer(work, ops_answer(progress.ops, has_race(work->function->program)));
}

void WireApp::run_target(const SharedWork& work) {
  const WireCall& call = work->call;
  Progress progress = interpret({.program = work->function->program,
                                 .memo = call.memo,
                                 .pending = {},
                                 .attempt = kPastThrows,
                                 .tells_seen = false,
                                 .is_behind_http = true});
  const auto body = progress.bodies.find(*call.target);
  if (body == progress.bodies.end()) return answer(work, not_found_answer(*call.target));
  const auto op = std::find_if(progress.ops.begin(), progress.ops.end(),
                               [&](const StepOp& met) { return met.key == *call.target; });
  run_body(work, *body->second, *op, call.attempt);
}

void WireApp::run_body(const SharedWork& work, const Statement& statement, StepOp op, int attempt) {
  bodies_.start(
      {.run = work->call.run,
       .statement = &statement,
       .op = std::move(op),
       .attempt = attempt,
       .call = sdk::parse_call_name(work->call.name).value_or(core::CallId{})},
      [this](Duration delay, std::function<void()> thing) {
        host_.world_.after(delay, std::move(thing));
      },
      [this, work](const StepOp& ended) { body_ended(work, ended); });
}

void WireApp::body_ended(const SharedWork& work, const StepOp& op) {
  if (work->checkpoints && std::holds_alternative<StepReturned>(op.body)) return tell(work, op);
  answer(work, ops_answer({op}, false));
}

// The step is recorded while the call goes on. Who is told that the call is over stops.
void WireApp::tell(const SharedWork& work, const StepOp& op) {
  const std::string body = checkpoint_body(work->call, op);
  const RunId run = work->call.run;
  host_.checkpoint(run, body, [this, work, op](const core::Answer& told) {
    if (told.error) {
      const core::Threw stale{.error = {.name = "StaleDispatchError", .message = "it is over"},
                              .retriable = false};
      return answer(work, thrown_answer(stale));
    }
    work->has_told = true;
    work->call.memo.push_back({.key = op.key, .data = std::get<StepReturned>(op.body).data});
    run_function(work);
  });
  const WireRates& rates = host_.options_.wire.rates;
  const auto ignore = [](const core::Answer&) {};
  if (host_.strikes(rates.checkpoint_twice)) host_.checkpoint(run, body, ignore);
  if (!host_.strikes(rates.checkpoint_late)) return;
  const Duration delay(host_.fates_.below(static_cast<uint64_t>(kLateCheckpointMax.count())));
  host_.world_.after(delay, [this, run, body, ignore] { host_.checkpoint(run, body, ignore); });
}

void WireApp::answer(const SharedWork& work, const WireAnswer& answer) const {
  work->answer(host_.options_.wire.streams ? streamed(answer) : answer);
}

}  // namespace stepwell::sim
