#include "api/sdk/call_answer.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <utility>

#include "api/sdk/op_codec.h"
#include "api/sdk/retry_after.h"
#include "schema/json.h"
#include "schema/json_grammar.h"

namespace stepwell::sdk {
namespace {

// Of what a proxy says, for people. What an SDK says is not shown: it may hold keys.
constexpr size_t kForeignBodyBytesMax = 8 * 1024;

core::Threw threw(const CallPlace& place, std::string name, std::string_view what,
                  std::string_view detail = "") {
  core::Threw threw;
  threw.error.name = std::move(name);
  threw.error.message = fmt::format("{} (app \"{}\", function \"{}\", run {}, {})", what, place.app,
                                    place.function, place.run, place.url);
  threw.error.stack = detail.substr(0, kForeignBodyBytesMax);
  return threw;
}

core::Threw no_answer(const HttpFailure& failure, const CallPlace& place) {
  using Kind = HttpFailure::Kind;
  switch (failure.kind) {
    case Kind::kInvalid:
    case Kind::kDenied:
    case Kind::kUnreachable:
      return threw(place, "Unable to reach SDK URL", failure.message);
    case Kind::kReset:
      return threw(place, "connection_reset", failure.message);
    case Kind::kMalformed:
      return threw(place, "invalid_response",
                   "the app's answer is no HTTP response: " + failure.message);
    case Kind::kTooLarge:
      return threw(place, "output_too_large", failure.message);
    case Kind::kTimeout:
      return threw(place, "request_timeout", failure.message);
    case Kind::kRedirects:
      return threw(place, "too_many_redirects", failure.message);
  }
  return threw(place, "Error", failure.message);
}

// The answer, out of its envelope if it was streamed.
class Answer {
 public:
  explicit Answer(HttpResponse& response)
      : response_(response), status_(response.status), body_(response.body) {}

  // The envelope of a streamed answer (201): white space while the app works, then one object. The
  // error says what is wrong with it.
  Result<void> unwrap() {
    const Result<JsonView> envelope = parse_json(body_);
    if (!envelope || !envelope->is_object()) {
      return Error{ErrorCode::kInvalid, "the streamed answer is incomplete or no JSON object"};
    }
    const auto status = envelope->find("status");
    if (!status || !status->as_int64()) {
      return Error{ErrorCode::kInvalid, "the streamed answer has no status"};
    }
    status_ = static_cast<int>(*status->as_int64());
    if (const auto headers = envelope->find("headers"); headers && headers->is_object()) {
      for (JsonMembers it = headers->members(); it.next();) {
        inner_.append_name(it.key());
        inner_.append_value(it.value().as_string().value_or(std::string(it.value().text())));
        inner_.end_field();
      }
    }
    const auto body = envelope->find("body");
    const auto text = body ? body->as_string() : std::nullopt;
    unwrapped_ = text ? *text : std::string(body ? body->text() : std::string_view());
    body_ = unwrapped_;
    return {};
  }

  int status() const { return status_; }
  std::string_view body() const { return body_; }
  std::optional<std::string_view> header(std::string_view name) const {
    if (const auto inner = inner_.find(name)) return inner;
    return response_.headers.find(name);
  }

 private:
  const HttpResponse& response_;
  int status_;
  std::string_view body_;
  std::string unwrapped_;
  server::Headers inner_;
};

OpHints hints_of(const Answer& answer, Time now) {
  OpHints hints;
  hints.no_retry = answer.header("x-inngest-no-retry") == "true";
  if (const auto field = answer.header("retry-after")) {
    hints.retry_after = parse_retry_after(*field, now);
  }
  return hints;
}

core::Threw not_from_sdk(const Answer& answer, const CallPlace& place) {
  if (answer.status() < 200 || answer.status() >= 300) {
    return threw(
        place, "Server returned a fatal error",
        fmt::format("Your server returned HTTP {} before the SDK responded.", answer.status()),
        answer.body());
  }
  if (answer.header("x-inngest-sdk-handled")) {
    return threw(place, "not_sdk",
                 "the app runs in cloud mode and hides what it answers to unsigned calls: set "
                 "INNGEST_DEV=1 in the app, or give both the same signing key",
                 answer.body());
  }
  return threw(place, "not_sdk", "The response did not come from an Inngest SDK", answer.body());
}

// What the function's code threw, as the SDK tells it.
core::Threw function_error(const Answer& answer, Time now) {
  const OpHints hints = hints_of(answer, now);
  core::Threw threw{.error = parse_error_info(answer.body()),
                    .retriable = !hints.no_retry,
                    .retry_after = hints.retry_after};
  if (threw.error.message.empty()) threw.error.message = "Function execution error";
  return threw;
}

// What is no JSON is text; JSON that is refused elsewhere is refused here, too.
Result<std::string> output_of(std::string_view body) {
  if (body.empty()) return std::string("null");
  const Result<JsonView> view = parse_json(body);
  if (view) return std::string(view->text());
  if (!is_json(body)) return json_quote(body);
  return Error{ErrorCode::kInvalid, "the function's output is refused: " + view.error().message};
}

int dialect_of(const Answer& answer) {
  const auto field = answer.header("x-inngest-req-version");
  if (!field) return 0;
  int version = 0;
  const auto parsed = std::from_chars(field->data(), field->data() + field->size(), version);
  return parsed.ec == std::errc() && version > 0 ? version : 0;
}

void read_ops(CallAnswer& read, const Answer& answer, const CallPlace& place, int dialect,
              Time now) {
  Result<ParsedOps> parsed = parse_ops(answer.body(), hints_of(answer, now));
  if (!parsed) {
    // Without the answer itself: it may hold the keys of other ops.
    read.outcome = threw(place, "invalid_response",
                         "error reading generator opcode response: " + parsed.error().message);
    return;
  }
  constexpr int kFirstCoalescing = 2;
  const bool coalesces = dialect >= kFirstCoalescing && !parsed->has_race;
  read.parallel = coalesces ? ParallelMode::kCoalesce : ParallelMode::kRace;
  if (parsed->output) {
    read.outcome =
        core::Returned{.output = std::move(*parsed->output), .ops = std::move(parsed->ops)};
  } else {
    read.outcome = core::Yielded{.ops = std::move(parsed->ops), .wants_call = parsed->wants_call};
  }
}

}  // namespace

CallAnswer read_answer(HttpOutcome outcome, const CallPlace& place, int dialect, Time now) {
  CallAnswer read;
  if (const auto* failure = std::get_if<HttpFailure>(&outcome)) {
    read.outcome = no_answer(*failure, place);
    return read;
  }
  Answer answer(std::get<HttpResponse>(outcome));
  constexpr int kStreamed = 201;
  if (answer.status() == kStreamed && answer.header("x-inngest-sdk")) {
    if (const Result<void> unwrapped = answer.unwrap(); !unwrapped) {
      read.outcome = threw(place, "invalid_response", unwrapped.error().message);
      return read;
    }
  }
  if (!answer.header("x-inngest-sdk")) {
    read.outcome = not_from_sdk(answer, place);
    return read;
  }
  read.dialect = dialect_of(answer);
  if (answer.status() == 206) {
    read_ops(read, answer, place, read.dialect != 0 ? read.dialect : dialect, now);
  } else if (answer.status() == 200) {
    Result<std::string> output = output_of(answer.body());
    if (output) {
      read.outcome = core::Returned{.output = std::move(*output), .ops = {}};
    } else {
      read.outcome = threw(place, "invalid_response", output.error().message);
    }
  } else if (answer.status() >= 400) {
    read.outcome = function_error(answer, now);
  } else {
    read.outcome =
        threw(place, "invalid_response",
              fmt::format("the SDK answered with the unexpected status {}", answer.status()));
  }
  return read;
}

}  // namespace stepwell::sdk
